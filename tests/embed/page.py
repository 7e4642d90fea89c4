"""page.py BUILD_DIR RNNC PAGE: follows a page of docs/ in an empty folder, in its order.

```rnn NAME, ```c NAME and the like write a file; ```sh runs commands, which must succeed; an ```output behind them is what they print, where
a line `...` stands for any lines. In the commands rnnc is RNNC, RNN_H and RNN_LIB say where rnn.h and librnn.a are, and
pkg-config and cmake find librnn in BUILD_DIR, unless PKG_CONFIG_PATH and rnnc_DIR name another place. What a page tells
to be done by hand, or once a machine, stands in a fence of another kind. The last line is `N passed, M failed`."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check, finish  # noqa: E402

FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.M | re.S)


def fits(want, got):
    """Each piece between lines `...` stands in what was printed, in order, and nothing is left over where there is no `...`."""
    pattern = "".join(".*" if line == "..." else re.escape(line) + "\n" for line in want.rstrip("\n").split("\n"))
    return re.fullmatch(pattern, got if got.endswith("\n") or not got else got + "\n", re.S)


def main():
    build, rnnc, page = (os.path.abspath(a) for a in sys.argv[1:4])
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, ".bin"))
        os.symlink(rnnc, os.path.join(folder, ".bin", "rnnc"))
        env = dict(os.environ, PATH=os.path.join(folder, ".bin") + ":" + os.environ["PATH"], RNN_H=os.path.join(root, "runtime"),
                   RNN_LIB=os.path.join(build, "librnn.a"))
        env.setdefault("PKG_CONFIG_PATH", build)  # an installed one, where the caller says so
        env.setdefault("rnnc_DIR", build)
        printed = None
        with open(page) as f:
            fences = FENCE.findall(f.read())
        for kind, name, text in fences:
            if name:
                with open(os.path.join(folder, name), "w") as f:
                    f.write(text)
            elif kind == "sh":
                done = subprocess.run(["sh", "-e", "-c", text], cwd=folder, env=env, capture_output=True, text=True)
                printed = done.stdout
                check(f"{os.path.basename(page)}: exit status {done.returncode}", done.returncode == 0, text + done.stdout + done.stderr)
            elif kind == "output":
                check(f"{os.path.basename(page)}: what is printed", printed is not None and fits(text, printed), f"{printed}instead of\n{text}")
    finish()


if __name__ == "__main__":
    main()
