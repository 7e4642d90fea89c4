#!/bin/sh
# run.sh RNNC SYNTAX_TEST: rnnc fmt on all sources of the tree (fmt.py).
test $# -eq 2 || { echo "usage: run.sh RNNC SYNTAX_TEST" >&2; exit 2; }
exec python3 "$(dirname "$0")/fmt.py" "$1" "$2"
