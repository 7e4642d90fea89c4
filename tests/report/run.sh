#!/bin/sh
# run.sh RNNC: rnnc report (report.py). Needs: python3 with numpy; shows the page in chromium or firefox where there is one.
test $# -eq 1 || { echo "usage: run.sh RNNC" >&2; exit 2; }
exec python3 "$(dirname "$0")/report.py" "$1"
