"""many.py RNNC [CPU]: one streaming step of n sequences at once against n single steps (many.c), pinned to a processor: the table in
docs/performance.md. The outputs must have the same bits."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = (2, 3, 4, 8, 16)


def measured(rnnc, cell, units, folder, cpu):
    """n -> microseconds of n single steps, of one of n"""
    path, name = os.path.join(folder, f"{cell}_{units}"), f"{cell}_{units}"
    with open(path + ".rnn", "w") as f:
        f.write(f"model {name} {{\n  input x[t] : real[64]\n  output h[t]\n  h[t] = {cell}({units})(x[t])\n}}\n")
    subprocess.run([rnnc, "-c", "--inference", path + ".rnn", "-o", path + ".o"], check=True)
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-I" + folder, f'-DMODEL="{name}.h"', "-DN=" + name, "-DI=64", f"-DH={units}",
                    f"-DCOUNT={name.upper()}_PARAM_COUNT", os.path.join(HERE, "many.c"), path + ".o", "-o", path], check=True)
    lines = subprocess.run(["taskset", "-c", cpu, path], check=True, capture_output=True, text=True).stdout
    if "DIFFERENT" in lines:
        raise SystemExit(f"{cell} {units}: other outputs\n{lines}")
    return {int(n): (float(alone), float(together)) for n, alone, together, _ in map(str.split, lines.splitlines())}


def main():
    rnnc, cpu = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "0"
    print("| I, H | n = 1, µs | " + " | ".join(f"n = {n}, µs a sequence (ratio)" for n in SIZES) + " |\n|" + " --- |" * (len(SIZES) + 2))
    with tempfile.TemporaryDirectory() as folder:
        for cell in ("lstm", "gru"):
            for units in (64, 128, 256):
                got = measured(rnnc, cell, units, folder, cpu)
                cells = [f"{got[n][1] / n:.3g} (**{got[n][0] / got[n][1]:.2f}**)" for n in SIZES]
                print(f"| {cell} 64, {units} | {got[1][0]:.3g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
