"""targets.py BUILD_DIR RNNC [TARGET ..]: objects for other machines, run, against the host's.

The streaming step of every model in tests/embed/models is compiled for each machine and for this one, and run over the same random
weights and inputs; outputs agree to 1e-5. Machines with Linux run under qemu-user, linked by their gcc; Cortex-M on boards that qemu
has, without any operating system or library but libgcc; wasm in node.
What is not installed is skipped, and said so. The last line is `N passed, M failed`."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "embed"))
from step import Model, STEPS   # noqa: E402

MODELS = os.path.join(HERE, "..", "embed", "models")
TOLERANCE = 1e-5
TOGETHER = 5     # sequences of a step of many
NM = shutil.which("llvm-nm-19") or "nm"     # of any machine's objects
DOCUMENT = os.path.join(HERE, "..", "..", "docs", "targets.md")     # names what libgcc gives a machine without an FPU

BARE = ["arm-none-eabi-gcc", "-ffreestanding", "-nostdlib", "-fno-tree-loop-distribute-patterns", "-DBARE", "-mthumb", "-T",
        os.path.join(HERE, "bare.ld"), "-Wl,--no-warn-execstack", "-Wl,--no-warn-rwx-segments"]
MVE = ["-Wl,--defsym=CODE=0x01000000"]      # this board has half a megabyte at 0


def board(name):
    return ["qemu-system-arm", "-M", name, "-display", "none", "-monitor", "none", "-serial", "none", "-chardev", "stdio,id=c",
            "-semihosting-config", "enable=on,target=native,chardev=c", "-kernel"]


# name of --target, the compiler and its flags, what runs the program; soft: libgcc's helpers may be needed
MACHINES = [
    ("x86-64-v2", ["cc", "-static"], ["qemu-x86_64", "-cpu", "Nehalem"], False),
    ("x86-64-v3", ["cc", "-static"], ["qemu-x86_64", "-cpu", "max"], False),
    ("aarch64", ["aarch64-linux-gnu-gcc", "-static"], ["qemu-aarch64"], False),
    ("rv64gc", ["riscv64-linux-gnu-gcc", "-static"], ["qemu-riscv64"], False),
    ("cortex-m0+", BARE + ["-mcpu=cortex-m0plus"], board("mps2-an385"), True),
    ("cortex-m3", BARE + ["-mcpu=cortex-m3"], board("mps2-an385"), True),
    ("cortex-m4f", BARE + ["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"], board("mps2-an386"), False),
    ("cortex-m7", BARE + ["-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"], board("mps2-an500"), False),
    ("cortex-m33", BARE + MVE + ["-mcpu=cortex-m33", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"], board("mps3-an547"), False),
    ("cortex-m55", BARE + MVE + ["-mcpu=cortex-m55", "-mfloat-abi=hard"], board("mps3-an547"), False),
]


def shell(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(" ".join(command)[:300] + f"\nexit status {done.returncode}\n" + done.stdout[-400:] + done.stderr[-800:])
    return done.stdout


def words(array):
    return np.ascontiguousarray(array).reshape(-1).view(np.uint32)


class Case:
    """A model with weights and inputs; `want`: the host's outputs, one row of numbers."""

    def __init__(self, rnnc, file, folder):
        self.path = os.path.join(MODELS, file)
        self.model = m = Model(rnnc, self.path, "f32", folder)
        self.name = m.name
        m.random(np.random.default_rng(5))
        self.inputs = [[m.given(port, 0, t, 0) for port in m.step["inputs"]] for t in range(STEPS)]      # a list of arrays a step
        state = m.new_state()
        rows = [m.run(state, 0, t, 0) for t in range(STEPS)]
        self.want = np.concatenate([r[p["name"]] for r in rows for p in m.step["outputs"]]).astype(np.float64)
        together = [np.tile(rows[0][p["name"]], TOGETHER) for p in m.step["outputs"]]
        self.want_many = np.concatenate([self.want, *together]).astype(np.float64)

    def object(self, rnnc, target, folder):
        path = os.path.join(folder, self.name + ".o")
        shell(rnnc, "-c", "--inference", "--target", target, self.path, "-o", path)
        return path

    def compare(self, lines):
        got = np.array([int(w, 16) for w in lines], dtype=np.uint32).view(np.float32).astype(np.float64)
        want = self.want_many if got.size == self.want_many.size else self.want
        if got.size != want.size:
            raise RuntimeError(f"{got.size} numbers instead of {want.size}")
        off = np.abs(got - want) / (1 + np.abs(want))
        if not off.max(initial=0) <= TOLERANCE:
            worst = int(np.nanargmax(off))
            raise RuntimeError(f"number {worst}: {got[worst]} instead of the host's {want[worst]}")
        return off.max(initial=0)


def c_table(name, array):
    return f"static const uint32_t {name}[] __attribute__((aligned(64))) = {{{','.join(hex(w) for w in words(array)) or '0'}}};\n"


def c_program(cases):
    """One program for all models: prints `NAME`, then every output as eight hexadecimal digits a line; where the object takes several
    sequences at once, also those of the first step of some."""
    text = ""
    for c in cases:
        m, n = c.model, c.name
        text += f'#include "{n}.h"\n' + c_table(n + "_weights_", m.block)
        for t, row in enumerate(c.inputs):
            for k, value in enumerate(row):
                text += c_table(f"{n}_in_{t}_{k}", value)
        for k, port in enumerate(m.step["outputs"]):
            text += f"static float {n}_out_{k}[{port['count']}];\n"
        text += f"static struct {n}_state {n}_memory;\nstatic void run_{n}(void)\n{{\n  void *out[{len(m.step['outputs']) or 1}];\n"
        text += f"  const void *in[{len(m.step['inputs']) or 1}];\n  say(\"{n}\\n\");\n  in[0] = 0;\n  out[0] = 0;\n  {n}_reset(&{n}_memory);\n"
        for k in range(len(m.step["outputs"])):
            text += f"  out[{k}] = {n}_out_{k};\n"
        for t, row in enumerate(c.inputs):
            for k in range(len(row)):
                text += f"  in[{k}] = {n}_in_{t}_{k};\n"
            text += f"  {n}_step_entry({n}_weights_, &{n}_memory, in, out);\n"
            for k, port in enumerate(m.step["outputs"]):
                text += f"  numbers({n}_out_{k}, {port['count']});\n"
        count = [port["count"] for port in m.step["outputs"]]
        text += f"#ifdef {n.upper()}_MANY_STACK_BYTES\n  {{\n    static struct {n}_state all[{TOGETHER}];\n"
        for k, value in enumerate(c.inputs[0]):
            text += "    " + c_table(f"many_in_{k}", np.tile(value, TOGETHER)) + f"    in[{k}] = many_in_{k};\n"
        for k in range(len(count)):
            text += f"    static float many_out_{k}[{TOGETHER * count[k]}];\n    out[{k}] = many_out_{k};\n"
        text += f"    {n}_many_entry({n}_weights_, all, {TOGETHER}, in, out);\n"
        text += "".join(f"    numbers(many_out_{k}, {TOGETHER * count[k]});\n" for k in range(len(count))) + "  }\n#endif\n}\n"
    return text + "void run_all(void)\n{\n" + "".join(f"  run_{c.name}();\n" for c in cases) + "}\n"


def split(text):
    """The lines of each model."""
    found, lines = {}, None
    for line in text.split():
        if len(line) == 8 and all(c in "0123456789abcdef" for c in line):
            lines.append(line)
        else:
            lines = found.setdefault(line, [])
    return found


class Results:
    passed = failed = 0

    def check(self, what, run):
        try:
            value = run()
            self.passed += 1
            return value
        except Exception as error:
            self.failed += 1
            print(f"FAILED: {what}: {str(error)[:1500]}")


def undefined(path):
    return {line.split()[-1] for line in shell(NM, "-u", path).splitlines() if line.strip()}


def only_helpers(path, soft):
    documented = set(re.findall(r"__aeabi_\w+", open(DOCUMENT).read())) if soft else set()
    extra = undefined(path) - documented
    if extra:
        raise RuntimeError("the object needs " + " ".join(sorted(extra)))


def missing(commands):
    return [c for c in commands if not shutil.which(c)]


def native_machine(results, rnnc, cases, machine, folder):
    target, compiler, runner, soft = machine
    lacks = missing([compiler[0], runner[0]])
    if lacks:
        print(f"skipped: {target}: there is no {' and no '.join(lacks)}")
        return
    folder = os.path.join(folder, target)
    os.mkdir(folder)
    objects = {}
    for c in cases:
        objects[c.name] = results.check(f"{c.name} for {target}", lambda: c.object(rnnc, target, folder))
        if objects[c.name]:
            results.check(f"symbols of {c.name} for {target}", lambda: only_helpers(objects[c.name], soft))
    mine = [c for c in cases if objects[c.name]]
    program = os.path.join(folder, "program")
    with open(program + ".h", "w") as f:
        f.write(c_program(mine))

    def build_and_run():
        shell(*compiler, "-std=gnu99", "-O1", "-Wall", "-Wextra", "-Werror", "-I", folder, os.path.join(HERE, "machine.c"),
              *[objects[c.name] for c in mine], *(["-lgcc"] if "-DBARE" in compiler else []), "-o", program)
        return split(shell(*runner, program))
    found = results.check(f"the program for {target}", build_and_run)
    worst = 0
    for c in mine if found is not None else []:
        worst = max(worst, results.check(f"{c.name} on {target}", lambda: c.compare(found.get(c.name, []))) or 0)
    print(f"{target}: largest difference {worst:.1e}")


def wasm(results, rnnc, cases, folder):
    linker = next((l for l in ("wasm-ld-19", "wasm-ld") if shutil.which(l)), None)
    node = next((n for n in ("node", "nodejs") if shutil.which(n)), None)
    if not linker or not node:
        print(f"skipped: wasm32: there is no {'node' if linker else 'wasm-ld (package lld-19)'}")
        return
    folder = os.path.join(folder, "wasm32")
    os.mkdir(folder)
    worst = 0
    for c in cases:
        def run():
            path = c.object(rnnc, "wasm32", folder)
            module = path[:-2] + ".wasm"
            if undefined(path) - {"__stack_pointer", "__indirect_function_table"}:
                raise RuntimeError("the object needs " + " ".join(undefined(path)))
            shell(linker, "--no-entry", "--export=" + c.name + "_step_entry", "--export=__heap_base", path, "-o", module)
            with open(path[:-2] + ".json", "w") as f:
                json.dump({"entry": c.name + "_step_entry", "state": c.model.step["state_bytes"], "weights": words(c.model.block).tolist(),
                           "inputs": [[words(v).tolist() for v in row] for row in c.inputs],
                           "outputs": [p["count"] for p in c.model.step["outputs"]]}, f)
            return c.compare(shell(node, os.path.join(HERE, "wasm.mjs"), module, f.name).split())
        worst = max(worst, results.check(f"{c.name} on wasm32", run) or 0)
    print(f"wasm32: largest difference {worst:.1e}")


def main():
    rnnc, only = os.path.abspath(sys.argv[2]), sys.argv[3:]
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for file in sorted(os.listdir(MODELS)):
            cases.append(results.check(f"{file} on this machine", lambda: Case(rnnc, file, folder)))
        cases = [c for c in cases if c]
        for machine in MACHINES:
            if not only or machine[0] in only:
                native_machine(results, rnnc, cases, machine, folder)
        if not only or "wasm32" in only:
            wasm(results, rnnc, cases, folder)
    print(f"{results.passed} passed, {results.failed} failed")
    return results.failed > 0


if __name__ == "__main__":
    sys.exit(main())
