#!/bin/sh
# run.sh RNNC: the prompt: entries, a session in a terminal, and the walk of docs/prompt.md.
# Needs: python3 with numpy, pgrep; tmux for what needs a terminal. Leaves: nothing.
test $# -eq 1 || { echo "usage: run.sh RNNC" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
python3 "$here/prompt_test.py" "$1"
code=$?
python3 "$here/walk.py" "$1" "$here/../../docs/prompt.md" && exit $code
exit 1
