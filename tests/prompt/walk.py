"""walk.py RNNC PAGE: plays the page in a terminal of 80 columns (tmux) and compares what it shows with what the page shows.

```prompt blocks are one session: lines after `rnnc> ` are typed, an entry of ten lines and more is pasted; what follows is
the output. ```console blocks are commands after `$ ` and their output. Numbers may differ in the fourth digit, times altogether. A block
```file NAME is written first. --show prints what the terminal showed."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check, finish  # noqa: E402

rnnc, page = (os.path.abspath(a) for a in (sys.argv + [""])[1:3])
show = "--show" in sys.argv
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w])")


def like(a, b):
    """the same words, and numbers alike"""
    a, b = (re.sub(r"[\d.e+-]+ ms", "0 ms", line).split() for line in (a, b))
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        x, y = x.rstrip(","), y.rstrip(",")
        if x != y and not (NUMBER.fullmatch(x) and NUMBER.fullmatch(y) and abs(float(x) - float(y)) <= 1e-3 * max(abs(float(y)), 1e-2)):
            return False
    return True


def compare(what, shown, wanted):
    shown, wanted = ([line.rstrip() for line in lines] for lines in (shown, wanted))
    while shown and not shown[-1]:
        shown.pop()
    while wanted and not wanted[-1]:
        wanted.pop()
    ok = len(shown) == len(wanted) and all(map(like, shown, wanted))
    check(what, ok, "  shown:\n" + "\n".join(shown) + "\n  on the page:\n" + "\n".join(wanted))


def open_brackets(text):
    text = re.sub(r'"[^"\n]*"|#.*', "", text)
    return sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}") > 0


def entries(blocks):
    """(lines of the entry, lines of its output)"""
    out = []
    for block in blocks:
        for line in block.rstrip("\n").split("\n"):
            if line.startswith("rnnc> "):
                out.append(([line[6:]], []))
            elif out and not out[-1][1] and open_brackets("\n".join(out[-1][0])):
                out[-1][0].append(line)
            else:
                out[-1][1].append(line)
    return out


class Terminal:
    def __init__(self, folder, columns=80, rows=50):
        self.name = f"rnnc-walk-{os.getpid()}"
        environment = dict(os.environ, PS1="$ ", LC_ALL="C.UTF-8", RNNC_HISTORY=os.path.join(folder, "history"), PATH=os.path.dirname(rnnc) + ":" + os.environ["PATH"], NO_COLOR="1")
        environment.pop("TMUX", None)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", folder, "sh", env=environment)
        self.tmux("set-option", "history-limit", "20000")

    def tmux(self, *words, env=None, given=None):
        return subprocess.run(["tmux", "-L", self.name, *words], capture_output=True, text=True, env=env, input=given, check=True).stdout

    def close(self):
        subprocess.run(["tmux", "-L", self.name, "kill-server"], capture_output=True)

    def lines(self):
        return [line.rstrip() for line in self.tmux("capture-pane", "-p", "-J", "-S", "-").rstrip("\n").split("\n")]

    def prompts(self):
        return sum(line.startswith("rnnc>") for line in self.lines())

    def wait(self, prompts, seconds=120):
        end = time.time() + seconds
        while time.time() < end:
            lines = [line for line in self.lines() if line]
            if lines and lines[-1] == "rnnc>" and self.prompts() >= prompts:
                return True
            time.sleep(0.05)
        return False

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def key(self, *names):
        self.tmux("send-keys", *names)

    def paste(self, text):
        self.tmux("load-buffer", "-", given=text)
        self.tmux("paste-buffer", "-p")


def outputs(lines, wanted):
    """the terminal's lines by entry, as the page has them"""
    out, at = [], 0
    while at < len(lines) and not lines[at].startswith("rnnc>"):
        at += 1
    for entry, _ in wanted:
        at += len(entry)
        found = []
        while at < len(lines) and not lines[at].startswith("rnnc>"):
            found.append(lines[at])
            at += 1
        out.append(found)
    return out


def play(blocks, folder):
    wanted = entries(blocks)
    terminal = Terminal(folder)
    try:
        terminal.key("rnnc", "Enter")
        check("the first prompt", terminal.wait(1), "\n".join(terminal.lines()))
        for k, (entry, _) in enumerate(wanted):
            before = terminal.prompts()
            if len(entry) >= 10:
                terminal.paste("\n".join(entry) + "\n")
                time.sleep(0.2)
                terminal.key("Enter")
            else:
                for line in entry:
                    terminal.type(line)
                    terminal.key("Enter")
            if not terminal.wait(before + 1):
                check(f"entry {entry[0]} ends", False, "\n".join(terminal.lines()[-20:]))
                return
        lines = terminal.lines()
        for (entry, output), shown in zip(wanted, outputs(lines, wanted)):
            if show:
                print("rnnc> " + "\n".join(entry), *shown, sep="\n")
            compare(f"{os.path.basename(page)}: {entry[0]}", shown, output)
        terminal.key("C-d")
    finally:
        terminal.close()


def console(block, folder):
    environment = dict(os.environ, PATH=os.path.dirname(rnnc) + ":" + os.environ["PATH"], NO_COLOR="1", COLUMNS="80")
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        lines = part.rstrip("\n").split("\n")
        command = [lines.pop(0)]
        while lines and (command[-1].endswith("\\") or "\n".join(command).count("'") % 2):
            command.append(lines.pop(0))
        r = subprocess.run("\n".join(command), shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if show:
            print("$ " + "\n".join(command), r.stdout, sep="\n")
        compare(f"{os.path.basename(page)}: {command[0]}", r.stdout.rstrip("\n").split("\n"), lines or [""])


if __name__ == "__main__":
    text = open(page, encoding="utf-8").read()
    folder = tempfile.mkdtemp()
    try:
        for name, content in re.findall(r"^```file (\S+)\n(.*?)^```", text, re.M | re.S):
            with open(os.path.join(folder, name), "w") as f:
                f.write(content)
        if shutil.which("tmux"):
            play(re.findall(r"^```prompt\n(.*?)^```", text, re.M | re.S), folder)
        else:
            print("skipped: the walk in a terminal: tmux is not there")
        for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
            console(block, folder)
    finally:
        shutil.rmtree(folder)
    finish()
