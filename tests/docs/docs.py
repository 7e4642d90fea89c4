"""docs.py RNNC: the examples of the pages compile (or fail as they say), what they show of a stage is what it prints, and every function,
setting and option is mentioned.

```rnn compiles; ```rnn-error fails with the message of its first line, `# error: part of it`; ```equations, ```adjoint and ```schedule are
lines that --emit prints of the example before, in this order."""
import os
import re
import subprocess
import sys
import tempfile

rnnc = os.path.abspath(sys.argv[1])
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
passed = failed = 0


def read(name):
    with open(os.path.join(root, name)) as f:
        return f.read()


def check(what, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"FAILED: {what}\n{detail}")


def run(*words):
    return subprocess.run([rnnc, *words], capture_output=True, text=True)


def examples(page, folder):
    for k, (kind, text) in enumerate(re.findall(r"^```(rnn|rnn-error|equations|adjoint|schedule)\n(.*?)^```", read(page), re.M | re.S)):
        if not kind.startswith("rnn"):
            printed = iter(run(f"--emit={kind}", path).stdout.split("\n"))
            missing = next((line for line in text.split("\n") if line not in ("", "...") and line not in printed), None)
            check(f"{page}, example {k}: --emit={kind} prints it", missing is None, missing)
            continue
        path = os.path.join(folder, f"example{k}.rnn")
        with open(path, "w") as f:
            f.write(text)
        if kind == "rnn-error":
            want, r = re.match(r"# error: (.*)", text).group(1), run("check", path)
            check(f"{page}, example {k}: fails with '{want}'", r.returncode == 1 and want in r.stderr, r.stderr)
            continue
        r = run("check", path)
        check(f"{page}, example {k}: check", r.returncode == 0 and not r.stderr, r.stderr)
        r = run("--emit=schedule", path)
        check(f"{page}, example {k}: schedule", r.returncode == 0, r.stderr)


def mentions(page, names):
    text = read(page)
    for name in names:
        check(f"{page} mentions {name}", re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", text))


def rows(name, pattern):
    return re.findall(pattern, read(name), re.M)


with tempfile.TemporaryDirectory() as folder:
    for page in ("docs/language.md", "docs/internals.md"):
        examples(page, folder)
mentions("docs/language.md", rows("compiler/sema/builtins.def", r"^BUILTIN\((\w+)"))
mentions("docs/language.md", rows("lang/prelude.rnn", r"^def (\w+)"))
mentions("docs/language.md", rows("runtime/settings.def", r"^SETTING\((\w+)"))
mentions("docs/language.md", [n for n in rows("compiler/system/ops.def", r'^EW\( *\w+, *"(\w+)"') if n != "neg"])
mentions("docs/language.md", [f[:-4] for f in os.listdir(os.path.join(root, "lang")) if f != "prelude.rnn"])
mentions("docs/commands.md", ["--" + n for n in rows("compiler/options.def", r'^OPTION\(\w+, [^,]+, "([\w-]+)"')])
mentions("docs/commands.md", ["--" + n for n in rows("runtime/options.def", r'^(?:HOST_)?OPTION\(\w+, *"([\w-]+)"')])
mentions("docs/commands.md", rows("runtime/options.def", r"^COMMAND\((\w+)"))
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
