#!/bin/sh
# run.sh BUILD_DIR: the examples at small size, each with a figure that it must reach; the same bits at 1 and 2 threads, and resumed;
# what README.md shows is what is there.
# Needs: python3, cc. Leaves: nothing, but build/demo where BUILD_DIR is ./build.
set -u
test $# -eq 1 || { echo "usage: run.sh BUILD_DIR" >&2; exit 2; }
build=$(realpath "$1")
rnnc=$build/rnnc
root=$(realpath "$(dirname "$0")/../..")
examples=$root/examples
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
picture() { # NAME LOG
  run "the curve of $1" python3 "$examples/curve.py" "$2" curve.svg
  python3 -c "
import xml.etree.ElementTree as tree
assert len([e for e in tree.parse('curve.svg').iter() if e.tag.endswith('polyline')]) == $3" 2> log
  check "the picture of $1 has $3 curve(s)" $?
}
short="--set train.epochs=1 --set train.unroll=32 --batch 16"

# -- charlm -------------------------------------------------------------------------------------------------------
run "compile charlm" "$rnnc" charlm.rnn -o charlm
run "train charlm" ./charlm train --set train.epochs=1 --steps 150 --out a.safetensors --log a.jsonl
run "evaluate charlm" ./charlm evaluate --weights a.safetensors --part validate
below "bits of charlm after 150 steps" "$(awk '/^x / {print $4}' out)" 2.8 # single characters' counts: 4.0; pairs': 3.1
mv out by_executable
run "evaluate charlm in memory" "$rnnc" run charlm.rnn evaluate --weights a.safetensors --part validate
cmp out by_executable
check "the executable and rnnc run say the same" $?
picture charlm a.jsonl 2
run "sample charlm" ./charlm sample --weights a.safetensors --length 200 --prime "And God"
test "$(wc -c < out)" -ge 200
check "sample writes its characters" $?
mv out first
run "sample charlm again" "$rnnc" run charlm.rnn sample --weights a.safetensors --length 200 --prime "And God"
cmp out first
check "and in memory the same ones" $?

run "one thread" ./charlm train $short --set train.steps=30 --threads 1 --out one.safetensors
run "two threads" ./charlm train $short --set train.steps=30 --threads 2 --out two.safetensors
cmp one.safetensors two.safetensors
check "the same bits at 1 and 2 threads" $?
run "half" ./charlm train $short --set train.steps=15 --set train.save=half.safetensors --out h.safetensors
run "resumed" ./charlm train $short --set train.steps=30 --resume half.safetensors --out resumed.safetensors
cmp two.safetensors resumed.safetensors
check "30 steps are 15 and 15 resumed, bit for bit" $?

# -- speakers -----------------------------------------------------------------------------------------------------
speakers=$examples/speakers/speakers.rnn
for seed in 0 1; do
  run "train speakers, seed $seed" "$rnnc" run "$speakers" train --seed $seed --out s.safetensors --log s.jsonl
  run "evaluate speakers, seed $seed" "$rnnc" run "$speakers" evaluate --weights s.safetensors
  below "error of speakers, seed $seed" "$(awk '/^accuracy/ {print 1 - $2}' out)" 0.05
done
mv out by_memory
picture speakers s.jsonl 1
cp "$speakers" "$examples/speakers/japanese_vowels.csv" .
run "compile speakers" "$rnnc" speakers.rnn -o speakers
run "evaluate speakers by its executable" ./speakers evaluate --weights s.safetensors
cmp out by_memory
check "the executable and rnnc run say the same of speakers" $?
run "predict speakers" ./speakers predict --weights s.safetensors
test "$(wc -l < out)" -gt 370
check "predict writes a row a sequence" $?
printf 'model handed {\n  input x[t] : token[3]\n  h[t] = gru(2)(x[t])\n  x[t+1] ~ categorical(dense(3)(h[t]))\n  output h[t]\n}\n' > handed.rnn
printf 'x\nabcab\n' > handed.csv
run "init handed" "$rnnc" run handed.rnn init -o handed.safetensors
run "predict handed" "$rnnc" run handed.rnn predict --data 'csv("handed.csv", x = letters("x"))' --weights handed.safetensors
test "$(head -n 1 out)" = "sequence,step,h.1,h.2"
check "predict writes the outputs of a model that declares them" $?
printf 'model first {\n  input x[t] : real\n  output y[t]\n  y[t] = w * x[t]\n}\n' > several.rnn && cat handed.rnn >> several.rnn
run "info of a file's first model" "$rnnc" run several.rnn info --model first -O0
grep -q '^first (' out
check "--model chooses a model" $?

# -- scheduled ----------------------------------------------------------------------------------------------------
segments=$examples/scheduled/segments.rnn
run "make the data of scheduled" python3 "$examples/scheduled/make_data.py" segments.npz
run "train scheduled" "$rnnc" run "$segments" train --data segments.npz --out g.safetensors --log g.jsonl
run "evaluate scheduled" "$rnnc" run "$segments" evaluate --data segments.npz --part test --weights g.safetensors --free
below "free error with scheduled sampling" "$(awk '/^accuracy/ {print 1 - $2}' out)" 0.36 # chance: 0.75; the exact filter: 0.295
run "train scheduled, always forced" "$rnnc" run "$segments" train --data segments.npz --set teacher_forcing=1.0 --out f.safetensors
run "evaluate scheduled, forced" "$rnnc" run "$segments" evaluate --data segments.npz --part test --weights f.safetensors
below "forced error with teacher forcing" "$(awk '/^accuracy/ {print 1 - $2}' out)" 0.08
run "evaluate scheduled, free" "$rnnc" run "$segments" evaluate --data segments.npz --part test --weights f.safetensors --free
below "free accuracy with teacher forcing: it fails" "$(awk '/^accuracy/ {print $2}' out)" 0.4
gap=$(awk '/"validation"/ {line = $0} END {sub(/.*"gap":/, "", line); print line + 0}' g.jsonl)
below "the gap with scheduled sampling" "$gap" 0.6

professor=$examples/scheduled/professor.rnn
run "train professor" "$rnnc" run "$professor" train --data segments.npz --out p.safetensors
run "evaluate professor" "$rnnc" run "$professor" evaluate --data segments.npz --part test --weights p.safetensors
below "free error with professor forcing" "$(awk '/^freely/ {print 1 - $2}' out)" 0.6 # teacher forcing: 0.74

# -- names ----------------------------------------------------------------------------------------------------------
cp "$examples"/names/names.csv "$examples"/names/*.rnn .
run "train classify" "$rnnc" run classify.rnn train --epochs 4 --out n.safetensors --log n.jsonl
run "evaluate classify" "$rnnc" run classify.rnn evaluate --weights n.safetensors
below "error of classify after 4 epochs" "$(awk '/^accuracy/ {print 1 - $2}' out)" 0.2 # the more frequent sex: 0.23
picture classify n.jsonl 2
run "train write" "$rnnc" run write.rnn train --epochs 2 --out n.safetensors
run "evaluate write" "$rnnc" run write.rnn evaluate --weights n.safetensors
below "bits of write after 2 epochs" "$(awk '/^name / {print $4}' out)" 3.4 # letters' counts: 4.07, pairs': 3.41
printf 'sex\nF\n' > who.csv
run "decode write" "$rnnc" run write.rnn decode --weights n.safetensors --data 'csv("who.csv")' --temperature 1 --best 5
test "$(grep -cE '^1,[1-5],.*,[a-z]+$' out)" -eq 5
check "write writes five names" $?

# -- sunspots -------------------------------------------------------------------------------------------------------
run "the sunspots in sequences" python3 "$examples/sunspots/make_data.py" .
cp "$examples"/sunspots/*.rnn .
squares() { awk '/^loss/ {print $2}' out; } # of the forecasts' errors, in units of 100
run "train sunspots" "$rnnc" run sunspots.rnn train --epochs 10 --out sun.safetensors --log sun.jsonl
run "evaluate sunspots forced" "$rnnc" run sunspots.rnn evaluate --weights sun.safetensors
below "squared error of sunspots one month ahead" "$(squares)" 0.0350 # persistence: 0.0376
picture sunspots sun.jsonl 2
run "evaluate sunspots free" "$rnnc" run sunspots.rnn evaluate --weights sun.safetensors --data free_test.npz --part all
below "squared error of sunspots twelve months on its own forecasts" "$(squares)" 0.1420 # persistence: 0.1421
run "train sunspots free" "$rnnc" run sunspots.rnn train --epochs 2 --set 'data=npz("free_train.npz")' \
  --set 'validate=npz("free_valid.npz")' --out sun.safetensors
run "train direct" "$rnnc" run direct.rnn train --epochs 10 --out sun.safetensors
run "evaluate direct" "$rnnc" run direct.rnn evaluate --weights sun.safetensors
below "squared error of direct twelve months ahead" "$(squares)" 0.1000

# -- digits ---------------------------------------------------------------------------------------------------------
cp "$examples"/digits/digits.csv "$examples"/digits/*.rnn .
run "train rows" "$rnnc" run rows.rnn train --epochs 5 --out d.safetensors --log d.jsonl
run "evaluate rows" "$rnnc" run rows.rnn evaluate --weights d.safetensors
below "error of rows after 5 epochs" "$(awk '/^accuracy/ {print 1 - $2}' out)" 0.1
picture rows d.jsonl 2
run "train pixels" "$rnnc" run pixels.rnn train --epochs 2 --out d.safetensors
run "evaluate pixels" "$rnnc" run pixels.rnn evaluate --weights d.safetensors
below "error of pixels after 2 epochs" "$(awk '/^accuracy/ {print 1 - $2}' out)" 0.7 # by chance: 0.9

# -- memory ---------------------------------------------------------------------------------------------------------
# the table at small size: a row a cell; what must have been learned by then
run "the table of memory" python3 "$examples/memory/table.py" "$rnnc" . steps=20 gap=3 sequences=2000 epochs=3 \
  "cells=elman;irnn;indrnn;antisymmetric;exprnn;lstm, slow;gru, slow;mingru, slow"
test "$(grep -c '^|' out)" -eq 11
check "the table of memory has its rows" $?
of_cell() { awk -F'|' -v cell=" \`$1\` " -v column="$2" '$2 == cell {print $column}' out; }
below "gru on the adding problem" "$(of_cell "gru, slow" 4)" 0.08 # chance: 0.167
below "lstm on the copy task" "$(of_cell "lstm, slow" 7)" 0.85    # chance: 0.904
below "exprnn on the copy task" "$(of_cell exprnn 7)" 0.3

# -- g2p ------------------------------------------------------------------------------------------------------------
cp "$examples/g2p/g2p.csv" .
sed 's/size H = 128/size H = 48/; s/embedding(64)/embedding(32)/; s/rate = 2e-3/rate = 5e-3/; s/20 epochs/2 epochs/' \
  "$examples/g2p/g2p.rnn" > g2p.rnn
run "train g2p" "$rnnc" run g2p.rnn train --epochs 2 --log g2p.jsonl
picture g2p g2p.jsonl 2
rates() { sed -n 's/^token error rate \([0-9.]*\) .*sequence error rate \([0-9.]*\) .*/\1 \2/p' log; }
likelihood() { awk -F, 'NR > 1 {sum -= $3} END {print sum}' "$1"; } # of the hypotheses, its negative logarithm
run "decode g2p, likeliest" "$rnnc" run g2p.rnn decode --part test --reference
greedy=$(rates)
mv out greedy.csv
below "phoneme error of g2p after 2 epochs" "${greedy% *}" 0.25
run "decode g2p, beam" "$rnnc" run g2p.rnn decode --part test --reference --beam 4 --threads 1
beam=$(rates)
mv out beam.csv
below "word error of g2p by beam search" "${beam#* }" 0.73
below "hypotheses of the beam are likelier" "$(likelihood beam.csv)" "$(likelihood greedy.csv)"
run "compile g2p" "$rnnc" g2p.rnn -o g2p
run "decode g2p by its executable" ./g2p decode --part test --reference --beam 4 --threads 2
cmp out beam.csv
check "the executable decodes the same" $?
printf 'word,phonemes\nhello,HH AH L OW\nphone,F OW N\n' > said.csv
said='csv("said.csv", x = letters("word"), y = words("phonemes", end = "<end>"))'
run "forward of g2p shows its attention" ./g2p forward --data "$said" --show a --out a.npz
run "the picture of attention" python3 "$examples/g2p/attention.py" said.csv a.npz attention.svg
python3 -c "
import numpy
a = numpy.load('a.npz')['a']
assert a.shape == (2, 5, 5) and numpy.allclose(a.sum(2), [[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]], atol=1e-5), a
assert a[1, 0, :2].sum() > 0.5, 'F is not said by p and h'" 2> log
check "attention sums to 1 over the letters" $?
run "predict g2p" ./g2p predict --data "$said"
test "$(wc -l < out)" -eq 10
check "predict writes a row a phoneme" $?
run "one thread of g2p" ./g2p train --steps 12 --threads 1 --out one.safetensors
run "two threads of g2p" ./g2p train --steps 12 --threads 2 --out two.safetensors
cmp one.safetensors two.safetensors
check "the same bits of g2p at 1 and 2 threads" $?
run "half of g2p" ./g2p train --steps 6 --threads 2 --out h.safetensors --save half.safetensors
run "g2p resumed" ./g2p train --steps 12 --resume half.safetensors --out resumed.safetensors
cmp two.safetensors resumed.safetensors
check "12 steps of g2p are 6 and 6 resumed, bit for bit" $?

# -- README.md and demo.sh ----------------------------------------------------------------------------------------
run "README.md shows what is there" python3 - "$root" "$rnnc" <<'PY'
import re
import subprocess
import sys
root, rnnc = sys.argv[1:]
with open(root + "/README.md") as f:
    page = f.read()
blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.M | re.S)
first, second = [text for kind, text in blocks if kind == "rnn"]
with open(root + "/examples/speakers/speakers.rnn") as f:
    assert f.read() == first, "the first model is not examples/speakers/speakers.rnn"
adjoint, error = [text for kind, text in blocks if not kind]


def rnnc_says(source, *words):
    with open("tagger.rnn", "w") as f:
        f.write(source)
    r = subprocess.run([rnnc, *words, "tagger.rnn"], capture_output=True, text=True)
    return r.stdout + r.stderr


printed = rnnc_says(second, "--emit=adjoint").split("\n")
for line in adjoint.splitlines():
    assert line in printed, f"not printed: {line}"
said = rnnc_says(second.replace("a * n[t]\n", "a * n[t+1]\n"), "check")
assert said.strip() == error.strip(), said
for place in re.findall(r"\]\(([^)#:]+)\)", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S)):
    open(root + "/" + place) if "." in place else __import__("os").listdir(root + "/" + place)
PY
if test "$build" = "$root/build"; then
  run "demo.sh with one epoch" sh "$examples/demo.sh" 1
  below "bits of the demo after one epoch" "$(awk '/bits per character/ {print $1}' out)" 3.0 # pairs' counts: 3.1
fi
echo "$passed passed, $failed failed"
test "$failed" -eq 0
