"""diag.py RNNC: every code has a page in docs/diagnostics.md, its wrong example gives that very code and no other, the mended one none;
`rnnc explain` prints the pages; JSON and short forms; check --fix; -W. A source *.rnn beside this file is checked with the flags of its
first line, and says what its .err holds."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check, finish  # noqa: E402

rnnc = os.path.abspath(sys.argv[1])
here = os.path.dirname(os.path.abspath(__file__))
root = os.path.abspath(os.path.join(here, "..", ".."))


def read(name):
    with open(os.path.join(root, name), encoding="utf-8") as f:
        return f.read()


def run(*words, text=None, cwd=None):
    return subprocess.run([rnnc, *words], input=text, capture_output=True, cwd=cwd)


def said(r):
    return re.findall(r"(?:error|warning)\[(\w+)\]", r.stderr.decode(errors="replace"))


def table():
    rows = re.findall(r'^CODE\((E\d{4}), (\w+), "(.*)"\)$', read("compiler/support/codes.def"), re.M)
    rows += re.findall(r'^LINT\((W\d{4}), (\w+), "[\w-]+", \w+, "(.*)"\)$', read("compiler/support/lints.def"), re.M)
    return [(number, title, number[0] + "_" + name) for number, name, title in rows]


def pages(folder):
    page, rows = read("docs/diagnostics.md"), table()
    sections = re.split(r"^## ", page, flags=re.M)[1:]
    headings = [s.split("\n", 1)[0] for s in sections]
    check("a page for each code, in their order, with its title", headings == [f"{n}: {t}" for n, t, _ in rows],
          set(headings) ^ {f"{n}: {t}" for n, t, _ in rows})
    sources = "".join(read(os.path.relpath(f, root)) for f in glob.glob(os.path.join(root, "compiler", "**", "*.[cly]"), recursive=True))
    for number, title, name in rows:
        check(f"{number} is given somewhere", re.search(rf"\b{name}\b", sources))
    source = os.path.join(folder, "mended.rnn")
    for section in sections:
        code = section[:5]
        examples = re.findall(r"^```rnn-(wrong|mended)([^\n]*)\n(.*?)^```", section, re.M | re.S)
        commands = re.findall(r"^```sh-wrong\n(.*?)^```", section, re.M | re.S)
        kinds = [k for k, _, _ in examples]
        check(f"{code}: a wrong example and its repair", kinds == ["wrong", "mended"] or commands, kinds)
        for kind, words, text in examples:
            with open(source, "w", encoding="utf-8") as f:
                f.write(text)
            flags = words.split() or ["check"] + (["-Wpedantic"] if code[0] == "W" else [])
            r = run(*flags, source)
            wanted = {code} if kind == "wrong" else set()
            check(f"{code}: its {kind} example", set(said(r)) == wanted and (kind == "wrong" or not r.stderr), r.stderr.decode(errors="replace"))
            check(f"{code}: exit code of its {kind} example", r.returncode == (1 if kind == "wrong" and code[0] == "E" else 0), r.returncode)
        for words in commands:
            r = run(*words.split()[1:], cwd=folder)
            check(f"{code}: its command", set(said(r)) == {code}, r.stderr)
        r = run("explain", code)
        out = r.stdout.decode()
        check(f"explain {code}", r.returncode == 0 and out.startswith(section.split("\n", 1)[0] + "\n"), out)
        for _, _, text in examples:
            for line in text.rstrip("\n").split("\n"):
                check(f"explain {code} shows its examples", f"    {line}\n" in out, out)
        check(f"explain {code} has no marks left", "```" not in out and "\n\n\n" not in out, out)
    check("explain by a warning's name", run("explain", "-Wunused-input").returncode in (0, 2) and run("explain", "unused-input").stdout == run("explain", "w0106").stdout)
    r = run("explain", "unused-inputs")
    check("explain of an unknown code", r.returncode == 2 and b"did you mean 'unused-input'" in r.stderr, r.stderr)
    check("explain of an unknown number", run("explain", "E9999").returncode == 2)
    listed = run("explain").stdout.decode()
    check("explain lists all", all(f"{n}  {t}" in listed for n, t, _ in rows), listed)


WRONG = """model m {
  input x[t] : float[3]       # été
  h[t] = tahn(x[t])&&(x[t] ** 2)
  ouput y[t]
  y[t] = h[t] + maen[t](x[t])
}
"""


def forms(folder):
    def put(text):
        path = os.path.join(folder, "forms.rnn")
        with open(path, "wb") as f:
            f.write(text)
        return path

    sources = [WRONG.encode(), b"h[t] = \xff\xfe\x01 + 'a\nx[t] = \"no end\n", b"", b"h[t] = (((1\n", "ä[t] = é + σ\n".encode()]
    sources += [t.encode() for t in re.findall(r"^```rnn-wrong[^\n]*\n(.*?)^```", read("docs/diagnostics.md"), re.M | re.S)]
    for i, text in enumerate(sources):
        path = put(text)
        human, short, lines = (run("check", f"--diagnostics={form}", path) for form in ("human", "short", "json"))
        objects = [json.loads(line) for line in lines.stderr.decode().splitlines()]
        check(f"source {i}: exit codes", human.returncode == short.returncode == lines.returncode and lines.stdout == b"")
        check(f"source {i}: the same in all forms", [o["code"] for o in objects] == said(short) == said(human), lines.stderr)
        for o in objects:
            check(f"source {i}: the fields", set(o) == {"schema", "severity", "code", "lint", "title", "message", "file", "range", "notes", "suggestions"}, o)
            check(f"source {i}: schema and severity", o["schema"] == 1 and o["severity"] in ("error", "warning"), o)
            places = [(o["file"], o["range"])] + [(n["file"], n["range"]) for n in o["notes"]] + [(s["file"], s["range"]) for s in o["suggestions"]]
            for name, place in places:
                if name != path:
                    check(f"source {i}: no place, or in the library", (name is None) == (place is None), o)
                    continue
                for end in ("from", "to"):
                    at = place[end]
                    before = text[:at["offset"]]
                    line = before.rsplit(b"\n", 1)[-1]
                    check(f"source {i}: line and offset agree", before.count(b"\n") + 1 == at["line"], o)
                    try:
                        check(f"source {i}: column and offset agree", len(line.decode()) + 1 == at["column"], o)
                    except UnicodeDecodeError:
                        pass
        wanted = [f"{o['file'] or 'rnnc'}:{o['range']['from']['line']}:{o['range']['from']['column']}: {o['severity']}[{o['code']}]: {o['message']}"
                  for o in objects if o.get("range")]
        check(f"source {i}: the short form", short.stderr.decode().splitlines()[:len(wanted)] == wanted, short.stderr.decode() + "\n".join(wanted))
    r = run("check", "--diagnostics=json", put(b"a[t] = $\n" * 60))
    last = json.loads(r.stderr.decode().splitlines()[-1])
    check("too many errors, as JSON", last["code"] is None and "too many" in last["message"], last)
    r = run("check", "--diagnostics=json", "-", text=b"h[t] = tahn(1)\n")
    check("standard input has its name", json.loads(r.stderr)["file"] == "<stdin>", r.stderr)
    r = run("check", "--diagnostics=json", os.path.join(folder, "none.rnn"))
    o = json.loads(r.stderr)
    check("no such file, as JSON", o["code"] == "E0603" and o["file"] is None and o["range"] is None and r.returncode == 3, r)
    r = run("check", "--diagnostics=jason", put(b""))
    check("no such form", r.returncode == 2 and b"did you mean 'json'" in r.stderr, r.stderr)


def fixes(folder):
    cases = [  # wrong, mended: without an error then
        (WRONG, WRONG.replace("float", "real").replace("tahn", "tanh").replace("&&", " and ").replace("**", "^").replace("ouput", "output").replace("maen", "mean")),
        ("h[t] = sigmiod(x[t]) || not_(1)\n", None),
        ("input x[t] : real[3]\nh[t] = !x[t] != 1\n", "input x[t] : real[3]\nh[t] = notx[t] != 1\n"),
        ("input x[t] : real[3]\nh[t] := x[t] × 2\n", "input x[t] : real[3]\nh[t] = x[t] * 2\n"),
        ("input x[t] : real[3]\nh[t] == x[t]\n", "input x[t] : real[3]\nh[t] = x[t]\n"),
        ("input x[t] : real[3]\nh[t] = nn.dens(3)(x[t])\n", "input x[t] : real[3]\nh[t] = dense(3)(x[t])\n"),
        ("import lstmm\ninput x[t] : real[3]\nh[t] = lstm(3)(x[t])\n", "import lstm\ninput x[t] : real[3]\nh[t] = lstm(3)(x[t])\n"),
        ("input x[t] : real[3]\nparam W : real[2, 3] = xavier_uniform\nh[t] = W @ x[t]\n", "input x[t] : real[3]\nparam W : real[2, 3] = glorot\nh[t] = W @ x[t]\n"),
        ("input x[t] : real[3]\nh[t] = lstm(4)(x[t])\ng[t] = h.cc[t]\n", "input x[t] : real[3]\nh[t] = lstm(4)(x[t])\ng[t] = h.c[t]\n"),
        ("input x[t] : real[3]\nh[t] = tanh(x[t])\ntrain { optimiser = adam(rate = 1e-3)   schedule = cosine(over = 3 epoch) }\n",
         "input x[t] : real[3]\nh[t] = tanh(x[t])\ntrain { optimizer = adam(rate = 1e-3)   schedule = cosine(over = 3 epochs) }\n"),
        ("input x[t] : real[3]\ntarget y[t] : real[3]\ny[t] ~ gaussian(x[t], 1)\n", "input x[t] : real[3]\ntarget y[t] : real[3]\ny[t] ~ normal(x[t], 1)\n"),
        ("input x[t] : real[3]\nh[t] = 2. * x[t] + 1_000 + .5\n", "input x[t] : real[3]\nh[t] = 2.0 * x[t] + 1000 + .5\n"),
        ("input x[t] : real[3]\noutput y[t]\ny = tanh(x[t])\noutput z\nz[t] = sum(x[T])\n", "input x[t] : real[3]\noutput y[t]\ny[t] = tanh(x[t])\noutput z\nz = sum(x[T])\n"),
        ("input x[t] : real[3]\ntarget y[t] : real[3]\ny ~ normal(x[t], deviaton = 1)\n", "input x[t] : real[3]\ntarget y[t] : real[3]\ny[t] ~ normal(x[t], deviation = 1)\n"),
        ("def f(a, slope = 1) = slope * a\ninput x[t] : real[3]\nh[t] = f(x[t], slpoe = 2)\ng[t] = dropout(p = 0.5)(x[t])\n",
         "def f(a, slope = 1) = slope * a\ninput x[t] : real[3]\nh[t] = f(x[t], slope = 2)\ng[t] = dropout(p = 0.5)(x[t])\n"),
        ("input x[t] : real[3]\nh[t] = x[t]\u00a0+ 1\ng[t] = lmu(3, odrer = 4, window = 8)(x[t])\n", "input x[t] : real[3]\nh[t] = x[t] + 1\ng[t] = lmu(3, order = 4, window = 8)(x[t])\n"),
        ("model m {\n  input σx[t] : real[3]\n  h[t] = tanh(σx[t])\n}\n", "model m {\n  input sigmax[t] : real[3]\n  h[t] = tanh(sigmax[t])\n}\n"),
    ]
    for wrong, mended in cases:
        path = os.path.join(folder, "fix.rnn")
        with open(path, "w", encoding="utf-8") as f:
            f.write(wrong)
        os.chmod(path, 0o640)
        r = run("check", "--fix", path)
        with open(path, encoding="utf-8") as f:
            now = f.read()
        if mended is None:
            check(f"--fix of {wrong!r} keeps what it does not know", r.returncode == 1, now)
            continue
        want = mended.replace("notx", "not x")
        check(f"--fix of {wrong!r}", now == want, now + r.stderr.decode())
        check(f"--fix of {wrong!r}: no error is left", r.returncode == 0 and b"carried out" in r.stderr, r.stderr.decode())
        check("permissions stay", os.stat(path).st_mode & 0o777 == 0o640)
        before = os.stat(path).st_mtime_ns
        check(f"--fix of {wrong!r}, again", run("check", "--fix", path).returncode == 0 and os.stat(path).st_mtime_ns == before)
    check("--fix of standard input", run("check", "--fix", "-", text=b"").returncode == 2)
    check("--fix of no file", run("check", "--fix", os.path.join(folder, "none.rnn")).returncode == 3)


def warnings(folder):
    for source in sorted(glob.glob(os.path.join(here, "*.rnn"))):
        name = os.path.basename(source)
        with open(source) as f:
            flags = re.match(r"# flags: (.*)", f.readline()).group(1).split()
        r = run("check", *flags, name, cwd=here)
        expectation = source[:-4] + ".err"
        if os.environ.get("UPDATE") == "1":
            with open(expectation, "wb") as f:
                f.write(r.stderr)
        with open(expectation, "rb") as f:
            want = f.read()
        check(name, r.stderr == want and r.returncode == 0, r.stderr.decode())
        quiet = run("check", *flags, *(f"-Wno-{flag}" for flag in ("all", "pedantic")), name, cwd=here)
        check(f"{name}: nothing with -Wno-all -Wno-pedantic", not quiet.stderr and quiet.returncode == 0, quiet.stderr)
        strict = run("check", *flags, "-Werror", name, cwd=here)
        check(f"{name}: -Werror", strict.returncode == (1 if want else 0) and said(strict) == said(r) and b"warning[" not in strict.stderr, strict.stderr)
        for flag in {json.loads(line)["lint"] for line in run("check", *flags, "--diagnostics=json", name, cwd=here).stderr.decode().splitlines()}:
            one, others = (run("check", "-Wno-pedantic", f"-W{flag}", name, cwd=here), run("check", *flags, f"-Wno-{flag}", name, cwd=here))
            check(f"{name}: -W{flag} alone", len(set(said(one))) == 1, one.stderr)
            check(f"{name}: all but {flag}", set(said(r)) == set(said(one)) | set(said(others)) and not set(said(one)) & set(said(others)), others.stderr)
    r = run("check", "-Wunused-paramter", os.path.join(here, "needed.rnn"))
    check("no such warning", r.returncode == 2 and b"did you mean 'unused-parameter'" in r.stderr, r.stderr)

    # the models that come with rnnc, and what uses its cells, are free of them
    models = glob.glob(os.path.join(root, "examples", "*", "*.rnn")) + glob.glob(os.path.join(root, "tests", "oracle", "cells", "*.rnn"))
    for model in sorted(models):
        if "zoneout" in model:  # its noise is given as inputs, far from what is drawn
            continue
        r = run("check", "-Wpedantic", model)
        check(f"{os.path.relpath(model, root)} without a warning", not r.stderr and r.returncode == 0, r.stderr.decode())
    for page in ("docs/language.md", "README.md"):
        for i, text in enumerate(re.findall(r"^```rnn\n(.*?)^```", read(page), re.M | re.S)):
            path = os.path.join(folder, "example.rnn")
            with open(path, "w") as f:
                f.write(text)
            r = run("check", "-Wpedantic", path)
            check(f"{page}, example {i}, without a warning", not r.stderr, r.stderr.decode())


with tempfile.TemporaryDirectory() as folder:
    pages(folder)
    forms(folder)
    fixes(folder)
    warnings(folder)
finish()
