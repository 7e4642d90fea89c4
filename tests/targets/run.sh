#!/bin/sh
# run.sh BUILD_DIR RNNC: objects for other machines give what this one's do (targets.py), and one for several levels of x86-64
# (levels.py).
# Needs: cc, nm, python3 with numpy; for each machine its gcc and qemu, for wasm lld and node: what is missing is skipped, and
# said so. Leaves: nothing.
set -u
test $# -eq 2 || { echo "usage: run.sh BUILD_DIR RNNC" >&2; exit 2; }
build=$(realpath "$1") rnnc=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
code=0
for part in targets levels; do python3 "$here/$part.py" "$build" "$rnnc" || code=1; done
exit $code
