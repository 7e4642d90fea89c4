#!/bin/sh
# run.sh RNNC: -g: the commands of docs/debugging.md, and lines and variables of every kind of program (debug.py).
# Needs: cc, python3; gdb, perf: what is missing or not permitted is skipped, and said so.
test $# -eq 1 || { echo "usage: run.sh RNNC" >&2; exit 2; }
exec python3 "$(dirname "$0")/debug.py" "$1"
