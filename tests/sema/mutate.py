"""mutate.py: breaks the sources of this folder, and of lang/, in small ways; checking must end with a system or with errors, never
with a crash.

  python3 mutate.py PATH/TO/sema_test [COUNT] [SEED]

A source that crashes is kept as crash_SEED_N.rnn in the current folder; the last line says how many there were."""
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = re.compile(r"[A-Za-z_]\w*|[0-9.]+(?:e-?[0-9]+)?|\"[^\"\n]*\"|\n|[ ]+|==|!=|<=|>=|.")


def sources():
    out = []
    for folder in (HERE, os.path.join(HERE, "../../lang")):
        for name in sorted(os.listdir(folder)):
            if name.endswith(".rnn") and name != "prelude.rnn":
                out.append(TOKEN.findall(re.sub(r"#.*", "", open(os.path.join(folder, name)).read())))
    return out


def mutate(rng, corpus):
    tokens = list(rng.choice(corpus))
    words = [t for t in tokens if not t.isspace()] + ["0", "1", "-", "t", "T", "s", "S", "[t]", "[t-1]", "[T]", "[s]", "[s-1]", "[S]", "[t, s]", "[0, s]", "(x[t])", "'", "@", "reverse", "stack", "sum", "=", "~"]
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        at = rng.randrange(len(tokens)) if tokens else 0
        kind = rng.randrange(12)
        names = [i for i, t in enumerate(tokens) if re.match(r"[A-Za-z]", t)]
        numbers = [i for i, t in enumerate(tokens) if re.match(r"[0-9]", t)]
        if kind in (7, 8) and names:
            tokens[rng.choice(names)] = tokens[rng.choice(names)]
        elif kind in (9, 10) and numbers:
            tokens[rng.choice(numbers)] = rng.choice(("0", "1", "2", "3", "4", "7", "100", "0.5", "99999999", "1e30"))
        elif kind == 11:
            lines = "".join(tokens).split("\n")
            del lines[rng.randrange(len(lines))]
            tokens = TOKEN.findall("\n".join(lines))
        elif kind == 0:
            del tokens[at:at + rng.choice((1, 1, 2, 4))]
        elif kind == 1:
            tokens[at:at] = [rng.choice(words)]
        elif kind == 2:
            tokens[at:at + 1] = [rng.choice(words)]
        elif kind == 3:
            tokens[at:at] = tokens[at:at + rng.choice((3, 10, 30))]
        elif kind == 4 and tokens:
            to = rng.randrange(len(tokens))
            tokens[at], tokens[to] = tokens[to], tokens[at]
        elif kind == 5:
            lines = "".join(tokens).split("\n")
            i, k = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i], lines[k] = lines[k], lines[i]
            tokens = TOKEN.findall("\n".join(lines))
        else:
            other = "".join(rng.choice(corpus)).split("\n")
            lines = "".join(tokens).split("\n")
            lines.insert(rng.randrange(len(lines)), rng.choice(other))
            tokens = TOKEN.findall("\n".join(lines))
    return "".join(tokens)


def main():
    program = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rng, corpus, crashes, systems = random.Random(seed), sources(), 0, 0
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "mutant.rnn")
        for i in range(count):
            text = mutate(rng, corpus)
            with open(path, "w") as f:
                f.write(text)
            try:
                r = subprocess.run([program, "--lang", os.path.join(HERE, "../../lang"), "--quiet", path], capture_output=True, text=True, timeout=60)
                bad = r.returncode not in (0, 1) or "no message says why" in r.stderr
                systems += r.returncode == 0
                why = r.stderr.strip()[-1500:]
            except subprocess.TimeoutExpired:
                bad, why = True, "took more than a minute"
            if bad:
                crashes += 1
                keep = f"crash_{seed}_{i}.rnn"
                with open(keep, "w") as f:
                    f.write(text)
                print(f"{keep}: {why}")
    print(f"{count - crashes} passed ({systems} of them systems), {crashes} failed")
    return crashes > 0


if __name__ == "__main__":
    sys.exit(main())
