"""peer_onnxruntime.py: ONNX Runtime on the CPU, its buffers bound once. Whole sequences, or one step a call with the state carried."""
import numpy as np
import onnxruntime
import child
import onnx_model


def session(j, T):
    model, carried = onnx_model.build(j, T)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = j.threads, 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]), carried


def bind(s, arrays_in, arrays_out):
    io = s.io_binding()
    for name, a in arrays_in.items():
        io.bind_input(name, "cpu", 0, np.float32, a.shape, a.ctypes.data)
    for name, a in arrays_out.items():
        io.bind_output(name, "cpu", 0, np.float32, a.shape, a.ctypes.data)
    return io


def forward(j):
    s, carried = session(j, j.T)
    y = np.zeros((j.T, 1, j.B, j.H), np.float32)
    zeros, last = ({n: np.zeros((1, j.B, j.H), np.float32) for n in carried} for _ in "io")
    io = bind(s, {"x": j.x, **{f"{n}0": a for n, a in zeros.items()}}, {"y": y, **last})
    s.run_with_iobinding(io)
    child.serve(lambda: s.run_with_iobinding(io), child.states(y))


def step(j):
    """Two sets of states that change places, so that nothing is copied but x."""
    s, carried = session(j, 1)
    x, y = np.zeros((1, 1, j.I), np.float32), np.zeros((1, 1, 1, j.H), np.float32)
    ends = [{n: np.zeros((1, 1, j.H), np.float32) for n in carried} for _ in "ab"]
    ios = [bind(s, {"x": x, **{f"{n}0": a for n, a in ends[k].items()}}, {"y": y, **ends[1 - k]}) for k in (0, 1)]

    def run(keep=None):
        for t in range(j.T):
            x[:] = j.x[t]
            s.run_with_iobinding(ios[t % 2])
            if keep is not None:
                keep.append(y.copy())
    seen = []
    run(seen)
    child.serve(run, child.states(np.array(seen)), j.T)


j = child.job()
step(j) if j.mode == "step" else forward(j)
