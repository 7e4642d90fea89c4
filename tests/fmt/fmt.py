"""fmt.py RNNC SYNTAX_TEST: rnnc fmt over every source of the tree and of the pages, and over the same sources with blanks added, taken away,
and comments put in: what comes out is the same tree and the same comments in the same order, and formatting it again changes nothing.
lang/ and examples/ are in this form."""
import glob
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check, finish  # noqa: E402

rnnc, syntax_test = map(os.path.abspath, sys.argv[1:3])
root = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
rng = random.Random(int(os.environ.get("RANDOM_SEED", "1")))


def run(*words, text=None):
    return subprocess.run(words, input=text, capture_output=True)


def comments(text):
    return [c.rstrip() for c in re.findall(rb'"(?:[^"\\\n]|\\.)*"|(#[^\n]*)', text) if c]


def tree(path):
    return run(syntax_test, "DUMP", path).stdout


def formatted(what, text, path):
    """the text formatted, or None where it is no source without errors"""
    with open(path, "wb") as f:
        f.write(text)
    before = run(syntax_test, "ERRORS", path)
    if before.returncode:
        return None
    dump, r = tree(path), run(rnnc, "fmt", path)
    if not check(f"{what}: exit code", r.returncode == 0, r.stderr):
        return None
    with open(path, "rb") as f:
        out = f.read()
    good = check(f"{what}: the same tree", tree(path) == dump, out.decode(errors="replace"))
    good &= check(f"{what}: its comments", comments(out) == comments(text), out.decode(errors="replace"))
    again = run(rnnc, "fmt", "-", text=out)
    good &= check(f"{what}: again", again.stdout == out, again.stdout.decode(errors="replace") + again.stderr.decode())
    good &= check(f"{what}: no blanks behind, no two blank lines", not re.search(rb"[ \t]$|\n\n\n|\A\n|\n\n\Z", out, re.M), out)
    return out if good else None


def changed(text):
    """The same tokens, most likely: blanks added and taken away, comments at line ends."""
    out = []
    for line in text.split(b"\n"):
        if b'"' in line or b"#" in line:
            out.append(line)
            continue
        parts = re.split(rb"([ \t]+|[-+*/@=~,:()\[\]{}])", line)
        made = b""
        for p in parts:
            if p.strip() == b"" and p:
                made += b" " * rng.choice((1, 1, 2, 5)) if rng.random() < 0.9 else b"\t"
            elif re.fullmatch(rb"[-+*/@=~,:()\[\]{}]", p) and b"==" not in line and b"<=" not in line and b">=" not in line and b"!=" not in line:
                made += rng.choice((b"", b"", b" ", b"  ")) + p + rng.choice((b"", b"", b" "))
            else:
                made += p
        if rng.random() < 0.1:
            made += rng.choice((b"# a", b"   # b", b" #c  "))
        out.append(made)
        out += [b""] * rng.choice((0, 0, 0, 0, 1, 3))
        if rng.random() < 0.05:
            out.append(b" " * rng.randrange(8) + b"# alone")
    return b"\n".join(out)


def examples(page):
    with open(page, "rb") as f:
        return re.findall(rb"^```rnn(?:-\w+)?[^\n]*\n(.*?)^```", f.read(), re.M | re.S)


BY_HAND = [  # source, what comes out
    ("", ""),
    ("\n\n# only a comment  \n\n\n", "# only a comment\n"),
    ("a[ t ]=b[t -1]*-2 ; c[t]=a[t]^-1# x", "a[t] = b[t-1] * -2; c[t] = a[t]^-1  # x\n"),
    ("model m\n{ input x[t]:real[3]\ntarget y[t]\n\n\n\n  h[t]=x[2*t-1] }", "model m {\n  input  x[t] : real[3]\n  target y[t]\n\n  h[t] = x[2 * t - 1]\n}\n"),
    ("model m # why\n{\n\na = 1\n\n}\nmodel n { b = 2; c=3 }\n", "model m {  # why\n  a = 1\n}\nmodel n { b = 2; c = 3 }\n"),
    ("train { batch=2 epochs=3,seed = 1 }", "train { batch = 2   epochs = 3, seed = 1 }\n"),
    ("train {\nbatch = 2,\nepochs=3 seed=1\n}", "train {\n  batch = 2,\n  epochs = 3   seed = 1\n}\n"),
    ("param a  = zeros\nparam long = ones\n", "param a    = zeros\nparam long = ones\n"),
    ("param a = zeros\nparam long = ones\n", "param a = zeros\nparam long = ones\n"),
    ("y = f(a,\nb)\nz = g(\na,\nb\n)\n", "y = f(a,\n      b)\nz = g(\n  a,\n  b\n)\n"),
    ("y = a +\nb\nz =\nb\n", "y = a +\n    b\nz =\n  b\n"),
    ("a = 1   # one\nbb = 22 # two\n        # more\n", "a = 1    # one\nbb = 22  # two\n         # more\n"),
    ("d.c[ 0 ]=W '@x[ T ]' \nreset  h  when(a)\nclip = reverse gru( 4 )(x[t])\n", "d.c[0] = W' @ x[T]'\nreset h when (a)\nclip = reverse gru(4)(x[t])\n"),
    ("cell c( n,k = n+1 ){\r\n\tinput x[t]\r\n  noise model m:real[n+1]~normal( 0,1 )\r\n}\r\n", "cell c(n, k = n + 1) {\n  input x[t]\n  noise model m : real[n + 1] ~ normal(0, 1)\n}\n"),
    ("not_so = not(a)and-b<c\n", "not_so = not (a) and -b < c\n"),
]

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "source.rnn")
    for text, want in BY_HAND:
        r = run(rnnc, "fmt", "-", text=text.encode())
        check(f"{text!r}", r.stdout.decode() == want and r.returncode == 0, f"{r.stdout.decode()!r}\nwanted\n{want!r}\n{r.stderr.decode()}")
        formatted(f"{text!r}", text.encode(), path)
    sources = []
    for pattern in ("lang/*.rnn", "examples/*/*.rnn", "tests/*/*.rnn", "tests/oracle/*/*.rnn", "tests/embed/models/*.rnn"):
        for name in sorted(glob.glob(os.path.join(root, pattern))):
            with open(name, "rb") as f:
                sources.append((os.path.relpath(name, root), f.read()))
    for page in sorted(glob.glob(os.path.join(root, "docs", "*.md"))) + [os.path.join(root, "README.md")]:
        sources += [(f"{os.path.basename(page)}, example {i}", text) for i, text in enumerate(examples(page))]
    check("there are sources", len(sources) > 200, len(sources))
    done = tried = 0
    for name, text in sources:
        tried += 1
        done += formatted(name, text, path) is not None
        if name.startswith(("lang/", "examples/")):
            r = run(rnnc, "fmt", "--check", os.path.join(root, name))
            check(f"{name} is in this form", r.returncode == 0, run(rnnc, "fmt", "--diff", os.path.join(root, name)).stdout.decode())
        formatted(f"{name}, changed", changed(text), path)
    check("most of them are without errors", done > tried / 2, f"{done} of {tried}")

    # files and exit codes
    good, bad = os.path.join(folder, "good.rnn"), os.path.join(folder, "bad.rnn")
    with open(good, "w") as f:
        f.write("a=1\n")
    with open(bad, "w") as f:
        f.write("a = (1\n")
    os.chmod(good, 0o640)
    r = run(rnnc, "fmt", "--check", good)
    check("--check", r.returncode == 1 and b"not formatted" in r.stderr and open(good).read() == "a=1\n", r)
    r = run(rnnc, "fmt", "--diff", good)
    check("--diff", r.returncode == 1 and b"-a=1\n+a = 1\n" in r.stdout and open(good).read() == "a=1\n", r)
    r = run(rnnc, "fmt", bad, good)
    check("a file with errors is left alone, the others are not", r.returncode == 1 and b"error[E0107]" in r.stderr and open(bad).read() == "a = (1\n" and open(good).read() == "a = 1\n", r)
    check("permissions stay", os.stat(good).st_mode & 0o777 == 0o640, oct(os.stat(good).st_mode))
    check("nothing else is left behind", sorted(os.listdir(folder)) == ["bad.rnn", "good.rnn", "source.rnn"], os.listdir(folder))
    check("--check of a good one", run(rnnc, "fmt", "--check", good).returncode == 0)
    r = run(rnnc, "fmt", os.path.join(folder, "none.rnn"))
    check("no such file", r.returncode == 3 and b"error[E0603]" in r.stderr, r)
    check("no file", run(rnnc, "fmt").returncode == 2)

finish()
