#!/bin/sh
# run.sh RNNC: compiles every example of README.md and docs/, and looks for what the pages must mention (docs.py).
test $# -eq 1 || { echo "usage: run.sh RNNC" >&2; exit 2; }
exec python3 "$(dirname "$0")/docs.py" "$1"
