"""docs.py RNNC: the examples of the pages compile (or fail as they say), what they show of a stage is what it prints, and every function,
setting and option is mentioned.

```rnn compiles; ```rnn-error fails with the message of its first line, `# error: part of it`; ```equations, ```adjoint and ```schedule are
lines that --emit prints of the example before, in this order. ```csv NAME is a file that the next example reads and is trained on.
Links within and between the pages lead somewhere."""
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check, finish  # noqa: E402

rnnc = os.path.abspath(sys.argv[1])
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read(name):
    with open(os.path.join(root, name)) as f:
        return f.read()


def run(*words):
    return subprocess.run([rnnc, *words], capture_output=True, text=True)


FENCE = re.compile(r"^```(rnn|rnn-error|equations|adjoint|schedule|csv (\S+))\n(.*?)^```", re.M | re.S)


def examples(page, folder):
    path = data = None
    for k, (kind, name, text) in enumerate(FENCE.findall(read(page))):
        if kind in ("equations", "adjoint", "schedule"):
            printed = iter(run(f"--emit={kind}", path).stdout.split("\n"))
            missing = next((line for line in text.split("\n") if line not in ("", "...") and line not in printed), None)
            check(f"{page}, example {k}: --emit={kind} prints it", missing is None, missing)
            continue
        path = os.path.join(folder, name or f"example{k}.rnn")
        with open(path, "w") as f:
            f.write(text)
        if name:
            data = name
            continue
        if kind == "rnn-error":
            want, r = re.match(r"# error: (.*)", text).group(1), run("check", path)
            check(f"{page}, example {k}: fails with '{want}'", r.returncode == 1 and want in r.stderr, r.stderr)
            continue
        r = run("check", path)
        check(f"{page}, example {k}: check", r.returncode == 0 and not r.stderr, r.stderr)
        r = run("--emit=schedule", path)
        check(f"{page}, example {k}: schedule", r.returncode == 0, r.stderr)
        if data:
            weights, checkpoint = os.path.join(folder, "w.safetensors"), os.path.join(folder, "c.safetensors")
            r = run("run", path, "train", "--epochs=1", "--quiet", f"--out={weights}", f"--save={checkpoint}")
            check(f"{page}, example {k}: trains on {data}", r.returncode == 0, r.stderr)
            data = None


def mentions(page, names):
    text = read(page)
    for name in names:
        word = rf"(?<![\w-]){re.escape(name)}(?!\w)" if re.search(r"\w", name) else re.escape(f"`{name}`")
        check(f"{page} mentions {name}", re.search(word, text))


def links(page):
    def anchors(text):
        return {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in re.findall(r"^#+ (.*)$", text, re.M)}
    text = re.sub(r"^```.*?^```|`[^`]*`", "", read(page), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        other = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        there = os.path.exists(os.path.join(root, other))
        check(f"{page} links to {target}", there and (not anchor or anchor in anchors(read(other))))


def rows(name, pattern):
    return re.findall(pattern, read(name), re.M)


def options(*words):
    return sorted(set(re.findall(r"^ +(?:-\w, |    )?(--[\w-]+)", run(*words, "--help").stdout, re.M)))


with tempfile.TemporaryDirectory() as folder:
    for page in ("README.md", "docs/language.md", "docs/internals.md"):
        examples(page, folder)
    model = os.path.join(folder, "model.rnn")
    with open(model, "w") as f:
        f.write("model m {\n  input x[t] : real\n  output y[t]\n  y[t] = x[t]\n}\n")
    commands = re.findall(r"^  (\w+) ", run("run", model, "--help").stdout, re.M)
    check("the commands are listed", len(commands) > 5)
    mentions("docs/commands.md", commands + options())
    for command in commands:
        mentions("docs/commands.md", options("run", model, command))
for page in ("README.md", "docs/language.md", "docs/internals.md", "docs/commands.md", "docs/prompt.md", "docs/embedding.md", "docs/performance.md", "docs/diagnostics.md"):
    links(page)
mentions("docs/commands.md", rows("compiler/support/lints.def", r'^LINT\(\w+, \w+, "([\w-]+)"'))
mentions("docs/language.md", rows("compiler/sema/builtins.def", r"^BUILTIN\((\w+)"))
mentions("docs/language.md", rows("lang/prelude.rnn", r"^def (\w+)"))
mentions("docs/language.md", [n for n in rows("lang/losses.rnn", r"^def (\w+)") if not n.endswith("_of")])
mentions("docs/language.md", rows("runtime/distributions.def", r'^DISTRIBUTION\(\w+, *"(\w+)"'))
mentions("docs/language.md", rows("runtime/settings.def", r"^SETTING\((\w+)"))
mentions("docs/language.md", rows("runtime/optimisers.def", r"^OPTIMISER\((\w+)"))
mentions("docs/language.md", [n for n in rows("compiler/system/ops.def", r'^EW\( *\w+, *"([^"]+)"') if n != "neg"])
mentions("docs/language.md", [f[:-4] for f in os.listdir(os.path.join(root, "lang")) if f != "prelude.rnn"])
mentions("docs/commands.md", rows("runtime/report.c", r'rnn_metrics_write\(t->metrics,\s+(?:scores \? "validation" : )?"(\w+)"'))
mentions("docs/prompt.md", rows("compiler/repl/prompt_commands.def", r"^PROMPT\((\w+)"))
mentions("docs/prompt.md", rows("compiler/repl/prompt_settings.def", r"^FIELD\((\w+)"))
sources = [f for folder in ("compiler/*/*", "compiler/*", "runtime/*") for f in sorted(glob.glob(os.path.join(root, folder)))]
mentions("docs/internals.md", [os.path.basename(f) for f in sources if f.endswith((".c", ".l", ".y", ".def"))])
finish()
