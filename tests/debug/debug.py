"""debug.py RNNC: debug info. The commands of docs/debugging.md, a line `$ COMMAND` each, print the lines behind them, in this order, as
parts of their own lines; numbers with a point may differ in the fourth digit. Then the line tables themselves, of objects and executables.
The last line is `N passed, M failed`."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check, finish  # noqa: E402

RNNC = os.path.abspath(sys.argv[1])
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+e-?\d+")


def is_in(want, line):
    """want is part of the line, its numbers are nearly the same."""
    shape = re.escape(" ".join(NUMBER.sub("\0", want).split())).replace(re.escape("\0"), "(" + NUMBER.pattern + ")")
    found = re.search(shape, " ".join(line.split()))
    numbers = [float(n) for n in NUMBER.findall(want)]
    return bool(found) and all(abs(a - float(b)) < 6e-4 for a, b in zip(numbers, found.groups()))


def run(command, folder):
    environment = dict(os.environ, PATH=os.path.dirname(RNNC) + ":" + os.environ["PATH"], DEBUGINFOD_URLS="", LC_ALL="C")
    return subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL)


def perf_works(folder):
    return shutil.which("perf") and run("perf record -q -o try.data true && perf report -i try.data --stdio", folder).returncode == 0


def gdb_works(folder):
    return shutil.which("gdb") and "exited normally" in run("gdb -batch -ex run --args true", folder).stdout


def page(folder):
    with open(os.path.join(ROOT, "docs", "debugging.md")) as f:
        text = f.read()
    for kind, name in (("rnn", "filter.rnn"), ("c", "program.c")):
        with open(os.path.join(folder, name), "w") as f:
            f.write(re.search(rf"^```{kind}\n(.*?)^```", text, re.M | re.S).group(1))
    tools = {"gdb": gdb_works(folder), "perf": perf_works(folder)}
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        lines = block.split("\n")
        starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, starts[1:] + [len(lines)]):
            command, want = lines[start][2:], [line for line in lines[start + 1:end] if line.strip()]
            tool = command.split()[0]
            if not tools.get(tool, True):
                print(f"skipped: {tool} is not installed or not permitted: {command}")
                continue
            done = run(command, folder)
            check(command, done.returncode == 0, done.stdout + done.stderr)
            said = iter((done.stdout + done.stderr).split("\n"))
            missing = next((w for w in want if not any(is_in(w, line) for line in said)), None)
            check(f"{command}: prints {missing}", missing is None, done.stdout + done.stderr)


def lines_of(path, folder):
    """(file, line) of a line table, where there is a reader of it."""
    reader = shutil.which("llvm-dwarfdump-19")
    done = run(f"{reader} --debug-line {path}" if reader else f"readelf --debug-dump=decodedline {path}", folder)
    if not reader:
        return {(m.group(1), int(m.group(2))) for m in re.finditer(r"^(\S+\.rnn)\s+(\d+)\s", done.stdout, re.M)}
    found, files = set(), {}
    for line in done.stdout.split("\n"):
        name = re.match(r"file_names\[\s*(\d+)\]:", line)
        if line.startswith("debug_line["):
            files = {}
        if name:
            number = int(name.group(1))
        if line.strip().startswith("name:"):
            files[number] = os.path.basename(line.split('"')[1])
        row = re.match(r"0x[0-9a-f]+\s+(\d+)\s+\d+\s+(\d+)", line)
        if row and int(row.group(1)):
            found.add((files.get(int(row.group(2))), int(row.group(1))))
    return found


def line_with(path, text):
    with open(path) as f:
        return next(i for i, line in enumerate(f, 1) if text in line.split("#")[0])


def tables(folder):
    lstm = os.path.join(ROOT, "lang", "lstm.rnn")
    cell = {("lstm.rnn", line_with(lstm, text)) for text in ("c[t] =", "h[t] =")}
    for options in ("-O0 -g", "-O2 -g", "-O3 -g1", "-O2 -g --precision f64"):
        done = run(f"rnnc -c --inference {options} filter.rnn -o t.o", folder)
        check(f"rnnc {options}", done.returncode == 0, done.stderr)
        found = lines_of("t.o", folder)
        want = {("filter.rnn", 5), ("filter.rnn", 7)} | cell
        check(f"lines with {options}", want <= found, str(found))
        check(f"no line behind the file with {options}", all(n <= 9 for f, n in found if f == "filter.rnn"), str(found))
        variables = run("llvm-dwarfdump-19 --debug-info t.o || readelf --debug-dump=info t.o", folder).stdout
        check(f"variables with {options}", ('"h"' in variables or ": h\n" in variables) == ("-g1" not in options), variables)
        plain = run(f"rnnc -c --inference {options.replace('-g1', '').replace('-g', '')} filter.rnn -o plain.o && nm plain.o | wc -l && nm t.o | wc -l",
                    folder)
        check("no debug info without -g", "debug_line" not in run("readelf -S plain.o", folder).stdout, plain.stderr)
    for target in ("aarch64", "cortex-m4f", "wasm32"):
        check(f"-g for {target}", run(f"rnnc -c --inference -g --target={target} filter.rnn -o t.o", folder).returncode == 0)
    done = run("rnnc -c --inference -g - -o t.o < filter.rnn", folder)
    check("-g of standard input", done.returncode == 0, done.stderr)
    check("-g3 is refused", run("rnnc -c -g3 filter.rnn -o t.o", folder).returncode == 2)


def models(folder):
    """What -g adds to every model of the tests and examples, in every program, is well-formed, and changes no output."""
    for at in ("tests/embed/models", "examples"):
        for where, _, files in sorted(os.walk(os.path.join(ROOT, at))):
            for file in sorted(f for f in files if f.endswith(".rnn")):
                for options in ("-O0 -g", "-O2 -g"):
                    done = run(f"rnnc --emit=llvm {options} {os.path.join(os.path.abspath(where), file)} > out.ll", folder)
                    check(f"{file} with {options}", done.returncode == 0, done.stderr)
    for command in ("rnnc run filter.rnn init -o w.safetensors", "python3 -c \"import numpy as n; n.savez('x.npz', x=n.random.default_rng(1)"
                    ".normal(size=(3, 7, 2)).astype('f'))\"", "rnnc run filter.rnn forward -d x.npz -w w.safetensors -o a.npz",
                    "rnnc run filter.rnn forward -g -d x.npz -w w.safetensors -o b.npz",
                    "python3 -c \"import numpy as n; a, b = n.load('a.npz'), n.load('b.npz'); assert all((a[k] == b[k]).all() for k in a)\""):
        done = run(command, folder)
        check(command, done.returncode == 0, done.stderr)


with tempfile.TemporaryDirectory() as folder:
    page(folder)
    tables(folder)
    models(folder)
finish()
