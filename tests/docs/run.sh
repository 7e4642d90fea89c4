#!/bin/sh
# run.sh RNNC: compiles every example of docs/*.md and README.md, and looks for what the pages must mention.
test $# -eq 1 || { echo "usage: run.sh RNNC" >&2; exit 2; }
exec python3 "$(dirname "$0")/docs.py" "$1"
