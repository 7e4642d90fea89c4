"""complete_zsh.py SCRIPT LINE WANT: types a line and a tab into zsh, on a terminal; prints the last word of what the line became."""
import os, pty, re, select, sys, time

script, line, want = sys.argv[1:4]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="> ", LC_ALL="C.UTF-8")
    os.execvp("zsh", ["zsh", "-f", "-i"])


def read(until, seconds=20):
    text, end = "", time.time() + seconds
    while time.time() < end and until not in text:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                text += os.read(fd, 65536).decode(errors="replace")
            except OSError:
                break
    return text


read("> ")
os.write(fd, f"unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source {script}; echo re''ady\n".encode())
read("ready")
read("> ", 2)
os.write(fd, (line + "\t").encode())
text = read(want, 5) + read("\0", 0.3)
os.write(fd, b"\x03")
os.close(fd)
words = re.split(r"[ =]+", re.sub(r"\x1b\[[0-9?;]*[a-zA-Z]|\x07", "", text).strip().rstrip("= "))
print(words[-1] if words else "")
