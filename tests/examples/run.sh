#!/bin/sh
# run.sh BUILD_DIR: the examples at small size, each with a figure that it must reach; the same bits at 1 and 2 threads, and resumed.
set -u
test $# -eq 1 || { echo "usage: run.sh BUILD_DIR" >&2; exit 2; }
build=$(realpath "$1")
rnnc=$build/rnnc
examples=$(realpath "$(dirname "$0")/../../examples")
export RNNC_LIBDIR="${RNNC_LIBDIR:-$build}"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
cp "$examples"/charlm/kjv_genesis_exodus.txt "$examples"/charlm/charlm.rnn .
passed=0 failed=0

check() { # NAME STATUS
  if test "$2" -eq 0; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1"; tail -n 12 log; fi
}
run() { # NAME COMMAND..: must end with 0
  name=$1
  shift
  "$@" > out 2> log
  check "$name" $?
}
below() { # NAME VALUE BOUND
  awk -v v="$2" -v b="$3" 'BEGIN {exit !(v != "" && v + 0 < b)}' || { echo "$1: $2, not below $3"; false; }
  check "$1" $?
}
short="--set train.epochs=1 --set train.unroll=32 --batch 16"

run "compile charlm" "$rnnc" charlm.rnn -o charlm
run "train charlm" ./charlm train $short --set train.steps=100 --out a.safetensors
run "evaluate charlm" ./charlm evaluate --weights a.safetensors --part validate
below "bits of charlm after 100 steps" "$(awk '/^x / {print $4}' out)" 3.9
run "sample charlm" ./charlm sample --weights a.safetensors --length 200 --prime "And God"
test "$(wc -c < out)" -ge 200
check "sample writes its characters" $?

run "one thread" ./charlm train $short --set train.steps=30 --threads 1 --out one.safetensors
run "two threads" ./charlm train $short --set train.steps=30 --threads 2 --out two.safetensors
cmp one.safetensors two.safetensors
check "the same bits at 1 and 2 threads" $?
run "half" ./charlm train $short --set train.steps=15 --set train.save=half.safetensors --out h.safetensors
run "resumed" ./charlm train $short --set train.steps=30 --resume half.safetensors --out resumed.safetensors
cmp two.safetensors resumed.safetensors
check "30 steps are 15 and 15 resumed, bit for bit" $?

run "train speakers" "$rnnc" run "$examples/speakers/speakers.rnn" train --out s.safetensors
run "evaluate speakers" "$rnnc" run "$examples/speakers/speakers.rnn" evaluate --weights s.safetensors
below "error of speakers" "$(awk '/^accuracy/ {print 1 - $2}' out)" 0.05
echo "$passed passed, $failed failed"
test "$failed" -eq 0
