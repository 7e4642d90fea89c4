"""peer_openvino.py: OpenVINO on the CPU, in float32, one request whose inputs are set once. Whole sequences."""
import numpy as np
import openvino
import child
import onnx_model

j = child.job()
model, carried = onnx_model.build(j, j.T)
compiled = openvino.Core().compile_model(openvino.Core().read_model(model), "CPU", {
    "INFERENCE_NUM_THREADS": j.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
request = compiled.create_infer_request()
request.set_tensor("x", openvino.Tensor(j.x, shared_memory=True))
for name in carried:
    request.set_tensor(f"{name}0", openvino.Tensor(np.zeros((1, j.B, j.H), np.float32)))
request.infer()
child.serve(request.infer, child.states(request.get_tensor("y").data.copy()))
