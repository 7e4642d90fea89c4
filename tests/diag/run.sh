#!/bin/sh
# run.sh RNNC: codes, pages, forms, suggestions and warnings of diagnostics (diag.py). UPDATE=1 rewrites the expectations beside *.rnn.
test $# -eq 1 || { echo "usage: run.sh RNNC" >&2; exit 2; }
exec python3 "$(dirname "$0")/diag.py" "$1"
