"""levels.py BUILD_DIR RNNC: one object for several levels of x86-64 (--targets), on CPUs of each by qemu-user and on this one: outputs as
the host's own object gives, the level that is chosen, what the object shows, what is refused. The last line is `N passed, M failed`."""
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from targets import HERE, MODELS, Case, Results, c_program, shell, split, undefined

LEVELS = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
CPUS = [("core2duo", -1), ("Nehalem", 0), ("Haswell", 1), ("max", 1)]      # what qemu 7 has no AVX-512 for


def host_level():
    with open("/proc/cpuinfo") as f:
        flags = next(line for line in f if line.startswith("flags")).split()
    v3, v4 = {"avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "abm"}, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    return 2 if v3 | v4 <= set(flags) else 1 if v3 <= set(flags) else 0


def refused(rnnc, code, text, *options):
    done = subprocess.run([rnnc, *options, os.path.join(MODELS, "gates.rnn"), "-o", "refused.o"], capture_output=True, text=True)
    if done.returncode != code or text not in done.stderr or os.path.exists("refused.o"):
        raise RuntimeError(f"{options}: {done.returncode} {done.stderr}")


def is_level(said, level):
    if said != f"{level}\n":
        raise RuntimeError(f"level {said}, not {level}")


def shows(path, want):
    visible = {line.split()[-1] for line in shell("nm", "--defined-only", "--extern-only", path).splitlines()}
    if visible != want or undefined(path):
        raise RuntimeError(f"shows {visible}, needs {undefined(path)}")
    for line in shell("size", "-A", path).splitlines():
        if line.split()[:1] in ([".data"], [".bss"]) and int(line.split()[1]):
            raise RuntimeError("something writable: " + line)


def main():
    rnnc, results = os.path.abspath(sys.argv[2]), Results()
    if platform.machine() != "x86_64":
        print("skipped: this is no x86-64\n0 passed, 0 failed")
        return 0
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    cases = [Case(rnnc, file, folder) for file in sorted(os.listdir(MODELS))]
    for c in cases:
        results.check(c.name, lambda: shell(rnnc, "-c", "--inference", "--targets", ",".join(LEVELS), c.path, "-o", c.name + ".o"))
        entries = {"_model", "_step_entry", "_level"} | ({"_many_entry"} if "many_entry" in open(c.name + ".h").read() else set())
        results.check(f"what {c.name} shows", lambda: shows(c.name + ".o", {c.name + e for e in entries}))
    with open("program.h", "w") as f:
        f.write(c_program(cases))
    flags = ["-static", "-O1", "-Wall", "-Wextra", "-Werror", "-I."]
    results.check("machine.c", lambda: shell("cc", "-std=gnu99", *flags, os.path.join(HERE, "machine.c"), *[c.name + ".o" for c in cases], "-o", "program"))
    results.check("levels.c", lambda: shell("cc", "-std=c99", "-pedantic", *flags, os.path.join(HERE, "levels.c"), "gates.o", "-o", "levels"))
    with open("level.c", "w") as f:
        f.write('#include "gates.h"\n#include <stdio.h>\nint main(void) { return printf("%d\\n", (int)gates_level()) < 0; }\n')
    results.check("level.c", lambda: shell("cc", "-std=c99", *flags, "level.c", "gates.o", "-o", "level"))
    runs = [("this CPU", [], host_level())]
    if shutil.which("qemu-x86_64"):
        runs += [(cpu, ["qemu-x86_64", "-cpu", cpu], level) for cpu, level in CPUS]
    else:
        print("skipped: there is no qemu-x86_64")
    for cpu, runner, level in runs:
        results.check(f"level on {cpu}", lambda: is_level(shell(*runner, "./level"), level))
        if level < 0:       # nothing else may run
            continue
        results.check(f"levels.c on {cpu}", lambda: is_level(shell(*runner, "./levels"), level))
        found = results.check(f"program on {cpu}", lambda: split(shell(*runner, "./program")))
        for c in cases if found else []:
            results.check(f"{c.name} on {cpu}", lambda: c.compare(found.get(c.name, [])))
    # any order, with repetitions; with debug info, without optimisation, in f64, under another name
    for options in (["--targets=x86-64-v4,x86-64,x86-64-v4"], ["--targets=x86-64-v3", "-g"], ["--targets=x86-64-v2,x86-64-v3", "-O0"],
                    ["--targets=x86-64-v2,x86-64-v3", "--precision=f64"], ["--targets=x86-64-v2,x86-64-v3", "-O3", "-g1"]):
        for c in cases:
            results.check(f"{c.name} {options}", lambda: shell(rnnc, "-c", "--inference", *options, c.path, "-o", "other.o"))
    results.check("prefix", lambda: shell(rnnc, "-c", "--inference", "--prefix=gates", "--targets=x86-64,x86-64-v4", os.path.join(MODELS, "gates.rnn"), "-o", "gates.o"))
    results.check("two levels", lambda: shell("cc", "-std=c99", *flags, os.path.join(HERE, "levels.c"), "gates.o", "-o", "levels") + shell("./levels"))
    inference = ["-c", "--inference"]
    for code, text, options in ((2, "not 'x86-64-v5'", [*inference, "--targets=x86-64-v2,x86-64-v5"]), (2, "not ''", [*inference, "--targets="]),
                                (2, "not 'aarch64'", [*inference, "--targets=aarch64"]), (2, "-c --inference", ["-c", "--targets=x86-64-v2"]),
                                (2, "--target", [*inference, "--targets=x86-64-v2", "--target=aarch64"])):
        results.check(f"refused: {options}", lambda: refused(rnnc, code, text, *options))
    os.chdir("/")
    shutil.rmtree(folder)
    print(f"{results.passed} passed, {results.failed} failed")
    return results.failed > 0


if __name__ == "__main__":
    sys.exit(main())
