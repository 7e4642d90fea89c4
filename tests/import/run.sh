#!/bin/sh
# run.sh RNNC: rnnc import (import.py). Needs: python3 with numpy.
test $# -eq 1 || { echo "usage: run.sh RNNC" >&2; exit 2; }
exec python3 "$(dirname "$0")/import.py" "$1"
