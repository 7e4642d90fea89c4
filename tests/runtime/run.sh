#!/bin/sh
# run.sh DIR: the runtime's tests. DIR holds runtime_train_test and toy (and runtime_files_test, where it was built).
# Needs: python3, and script (util-linux) for the terminal. Leaves: nothing.
set -u
test $# -eq 1 || { echo "usage: run.sh DIR" >&2; exit 2; }
dir=$(realpath "$1")
toy=$dir/toy
passed=0 failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
unset CI NO_COLOR

check() { # NAME STATUS: counts
  if test "$2" -eq 0; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1"; fi
}
expect() { # NAME WANTED-STATUS COMMAND..: runs it; output in out, messages in log
  name=$1 want=$2
  shift 2
  "$@" > out 2> log
  got=$?
  test $got -eq "$want" || { echo "exit status $got, not $want:"; cat log; }
  test $got -eq "$want"
  check "$name" $?
}
says() { # NAME PATTERN FILE
  grep -q -- "$2" "$3" || { echo "'$2' is not in:"; cat "$3"; false; }
  check "$1" $?
}

# -- programs of their own ---------------------------------------------------------------------------------------
count_of() { # WORD: the numbers behind cmocka's [  WORD  ], added up
  grep -a -o "\[  $1  \] [0-9]* test" program.log | awk '{n += $4} END {print n + 0}'
}
for program in runtime_files_test runtime_train_test; do
  test -x "$dir/$program" || continue
  "$dir/$program" > program.log 2>&1
  status=$?
  passed=$((passed + $(count_of PASSED)))
  failed=$((failed + $(count_of FAILED)))
  test "$status" -eq 0 || { tail -n 40 program.log; test "$(count_of FAILED)" -gt 0 || check "$program ended with status $status" 1; }
done

# -- the command line ---------------------------------------------------------------------------------------------
python3 - > text.txt <<'PY'
import random
random.seed(1)
follow = {'a': 'bcd', 'b': 'ef', 'c': 'cgg', 'd': 'hl', 'e': 'al', 'f': 'ij', 'g': 'k', 'h': 'ab', 'i': 'a', 'j': 'l', 'k': 'a', 'l': 'abc'}
s, out = 'a', []
for _ in range(6000):
    out.append(s)
    s = random.choice(follow[s])
print(''.join(out), end='')
PY
expect "no command" 2 "$toy" chars
says "the commands are listed" "evaluate" log
expect "help" 0 "$toy" chars --help
says "help on standard output" "gradient" out
for command in train evaluate predict decode sample info init forward gradient bench; do
  expect "help of $command" 0 "$toy" chars $command --help
  says "usage of $command" "usage: .* $command" out
done
"$toy" chars train --help > out
says "settings are listed" "save_every" out
expect "unknown command" 2 "$toy" chars trian
says "near command" "did you mean 'train'" log
expect "unknown option" 2 "$toy" chars train --epoch 3 --dtaa x
says "near option" "did you mean '--data'" log
expect "a setting as an option" 2 "$toy" chars train --clip 3
says "a setting is set" "did you mean '--set clip=...'" log
expect "option of another command" 2 "$toy" chars info --epochs 3
says "option of another command is named" "not an option of this command: '--epochs'" log
expect "missing value" 2 "$toy" chars train --data
expect "stray word" 2 "$toy" chars train text.txt
says "stray word is named" "'text.txt'" log
expect "misspelt setting" 2 "$toy" chars train --data text.txt --set optimiser=sgd
says "near setting" "did you mean 'optimizer'" log
expect "wrong value" 2 "$toy" chars train --data text.txt --set batch=many
expect "no data" 2 "$toy" chars train
expect "missing file" 3 "$toy" chars train --data none.txt
says "missing file is named" "none.txt" log
expect "no weights" 3 "$toy" chars evaluate --data text.txt
says "no weights: what to do" "train first" log
expect "--wrt of an unknown input" 2 "$toy" elman gradient --wrt xx --out g.npz
expect "init" 0 "$toy" elman init --seed 3
ln -s /dev/full full.safetensors
expect "full disk" 3 "$toy" elman init --out full.safetensors
says "the file on the full disk is named" "full.safetensors" log
expect "weights under a name without a known ending" 2 "$toy" chars train --data text.txt --epochs 1 --out weights.bin
says "that name is refused before training" "must end in" log
expect "full disk for a checkpoint" 3 "$toy" chars train --data text.txt --epochs 1 --save /dev/full
expect "standard output is full" 3 sh -c "'$toy' elman info > /dev/full"

expect "train" 0 "$toy" chars train --data text.txt --epochs 3 --log log.jsonl --threads 2
says "validation is reported" "validation loss" log
grep -q "$(printf '[\r\033]')" log
test $? -eq 1
check "no carriage return or escape in a pipe" $?
python3 -c "
import json
events = [json.loads(line) for line in open('log.jsonl')]
assert events[0]['event'] == 'start' and events[-1]['event'] == 'end', events[-1]
assert sum(e['event'] == 'validation' for e in events) == 3
"
check "the log is JSON lines" $?
expect "evaluate" 0 "$toy" chars evaluate --data text.txt --json
python3 -c "
import json, math
r = json.load(open('out'))
x = r['terms']['x']
assert abs(x['bits'] * math.log(2) - x['nll']) < 1e-6 and x['count'] == 5999 and r['steps'] == 6000, r
"
check "bits and counts" $?
expect "evaluate a part" 0 "$toy" chars evaluate --data text.txt --part validate
says "the part is named" "part validate: 600 steps" out
expect "a part that is not held out" 2 "$toy" chars evaluate --data text.txt --part test
"$toy" chars evaluate --data text.txt --batch 1 --set unroll=7 > one && "$toy" chars evaluate --data text.txt --batch 1 --set unroll=600 > other
test "$(sed -n 2p one | cut -c 1-10)" = "$(sed -n 2p other | cut -c 1-10)"
check "windows with carried state give the whole sequence's loss" $?

expect "sample" 0 "$toy" chars sample --prime abe --length 50 --seed 3
test "$(wc -c < out)" -eq 54 && grep -q '^abe[a-l]*$' out
check "sample prints the prompt and 50 symbols" $?
mv out first
"$toy" chars sample --prime abe --length 50 --seed 3 > out && cmp -s out first
check "sample repeats" $?
"$toy" chars sample --prime abe --length 50 --temperature 0 > out && "$toy" chars sample --prime abe --length 50 --top-k 1 --seed 9 > first && cmp -s out first
check "temperature 0 and top-k 1 are the likeliest" $?
"$toy" chars_without_step sample --weights chars.safetensors --prime abe --length 50 --seed 3 > out && "$toy" chars sample --prime abe --length 50 --seed 3 > first && cmp -s out first
check "the streaming step and the program with T = 1 draw the same" $?
expect "a model that can't be streamed" 2 "$toy" elman sample --weights elman.safetensors
expect "a prompt with an unknown symbol" 3 "$toy" chars sample --prime abX
says "the symbol is named" "X" log
expect "predict" 0 "$toy" chars predict --data text.txt --out p.csv
test "$(wc -l < p.csv)" -eq 6001 && test "$(head -n 1 p.csv)" = 'sequence,step,x[t+1]'
check "predict writes a row a step" $?
expect "predict outputs" 0 "$toy" chars predict --data text.txt --what outputs --out p.npz
python3 -c "
import numpy as np
z = np.load('p.npz')
assert z['o'].shape == (1, 6000, 12) and z['lengths'] == [6000]
rows = [line.rsplit(',', 1)[1].strip() for line in open('p.csv')][1:]
assert rows == ['abcdefghijkl'[i] for i in z['o'][0].argmax(1)]
"
check "predict by class and by output agree" $?
# -- two axes, and decoding
cat > pairs.csv <<'CSV'
word,sounds,part
abc,p q,train
fedcba,q,train
cc,p r q,test
d,r r,test
CSV
pairs='csv("pairs.csv", x = letters("word"), y = words("sounds", end = "<end>"), split = "part")'
expect "init of two axes" 0 "$toy" pairs init --seed 3
# the vocabularies stand beside trained weights: the toy has no gradients, so these are the first ones
expect "train on two axes" 0 "$toy" pairs train --data "$pairs" --steps 1 --set 'optimizer=sgd(rate = 0)' --quiet
expect "batches of two axes" 0 "$toy" pairs train --data "$pairs" --explain-batching --set shuffle=false
says "both lengths" "sequence 1, steps 1 to 3, 3 along s, starts fresh" out
says "the input of the other axis" "x\[s\] = fedcba" out
says "the end" "y\[t\] = q <end>" out
says "both sizes" "batch 1: T = 3, B = 2, S = 6" out
says "steps of both" ": 2 sequences, 5 steps in all, 9 along s" out
expect "windows on two axes" 2 "$toy" pairs train --data "$pairs" --set unroll=2
says "windows on two axes: why" "set unroll = 0" log
expect "evaluate on two axes" 0 "$toy" pairs evaluate --data "$pairs" --part test
says "steps" "part test: 7 steps" out
expect "decode" 0 "$toy" pairs decode --data "$pairs" --reference
test "$(head -n 1 out)" = 'sequence,rank,log_probability,score,y,reference,edits' && test "$(wc -l < out)" -eq 3 && grep -q '^1,1,.*,p r q,[0-9]*$' out
check "decode prints a row a sequence" $?
says "error rates" "token error rate .* tokens), sequence error rate .* of 2)" log
"$toy" pairs decode --data "$pairs" --beam 1 --reference > one 2> log && cmp -s out one
check "a beam of one is the likeliest" $?
expect "decode as JSON" 0 "$toy" pairs decode --data "$pairs" --part train --beam 4 --best 3 --length-penalty 'wu(0.7)' --json --reference --length 5
python3 -c "
import json
lines = [json.loads(line) for line in open('out')]
rates = lines.pop()
assert [(r['sequence'], r['rank']) for r in lines] == [(n, k) for n in (1, 2) for k in (1, 2, 3)], lines
assert all(set(r['y']) <= {'p', 'q', 'r'} and len(r['y']) <= 5 and r['log_probability'] <= r['score'] < 0 for r in lines)
def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, old = [i], row
        for j, y in enumerate(b, 1): row.append(min(row[-1] + 1, old[j] + 1, old[j - 1] + (x != y)))
    return row[-1]
assert lines[0]['reference'] == ['p', 'q'] and all(r['edits'] == edits(r['y'], r['reference']) for r in lines)
best = [r for r in lines if r['rank'] == 1]
assert rates['edits'] == sum(r['edits'] for r in best) and rates['tokens'] == 3 and rates['sequences'] == 2
assert abs(rates['token_error_rate'] - rates['edits'] / 3) < 1e-6
"
check "what decode says in JSON" $?
printf 'word\nab\nfff\n' > new.csv
expect "decode what has no target" 0 "$toy" pairs decode --data 'csv("new.csv", x = letters("word"))' --out new_out.csv
test "$(wc -l < new_out.csv)" -eq 3
check "decode to a file" $?
expect "no reference" 3 "$toy" pairs decode --data 'csv("new.csv", x = letters("word"))' --reference
says "no reference: what" "no values of 'y' to compare with" log
expect "predict without lengths" 2 "$toy" pairs predict --data 'csv("new.csv", x = letters("word"))'
says "predict without lengths: why" "nothing says how long 'y' is: decode finds its end" log
expect "predict on two axes" 2 "$toy" pairs predict --data "$pairs" --what outputs
says "predict on two axes: why" "'a' and 'a' are of two axes\|'a' and 'g' are of two axes" log
expect "predict on two axes, arrays" 0 "$toy" pairs predict --data "$pairs" --what outputs --out pairs.npz
python3 -c "
import numpy as np
z = np.load('pairs.npz')
assert z['a'].shape == (2, 4, 2) and z['g'].shape == (2, 2, 4) and list(z['lengths_s']) == [2, 1] and list(z['lengths']) == [4, 3]
a = z['a']
assert np.allclose(a.sum(2), [[1, 1, 1, 1], [1, 1, 1, 0]]) and (a[1, :, 1] == 0).all()
np.savez('pairs_in.npz', x=[[1, 2, 3], [4, 0, -7]], y=[[1, 0], [2, -7]], lengths_s=[3, 1], lengths_t=[2, 1])
"
check "arrays of two axes" $?
expect "arrays in" 0 "$toy" pairs evaluate --data pairs_in.npz --weights pairs.safetensors
expect "draws" 0 "$toy" pairs decode --data "$pairs" --temperature 0.5 --top-p 0.9 --best 2 --seed 4
test "$(wc -l < out)" -eq 5
check "draws are printed" $?
expect "an unknown end" 2 "$toy" pairs decode --data "$pairs" --end zz
says "an unknown end: which" "'zz' is not in the vocabulary of y" log
expect "draws and a beam" 2 "$toy" pairs decode --data "$pairs" --beam 3 --top-k 2
expect "best of too few" 2 "$toy" pairs decode --data "$pairs" --beam 3 --best 4
expect "best without a beam" 2 "$toy" pairs decode --data "$pairs" --best 4
expect "a penalty without a beam" 2 "$toy" pairs decode --data "$pairs" --length-penalty mean
expect "an unknown penalty" 2 "$toy" pairs decode --data "$pairs" --beam 2 --length-penalty meen
says "an unknown penalty: the near one" "did you mean 'mean'" log
expect "top-p out of range" 2 "$toy" pairs decode --data "$pairs" --top-p 1.5
expect "sample of two axes" 2 "$toy" pairs sample
says "sample of two axes: what else" "by decode, not by sample" log
expect "decode what draws ahead" 2 "$toy" chars decode --data text.txt
expect "sample with an end" 0 "$toy" chars sample --prime abe --length 50 --seed 3 --end g
test "$(cat out)" = "$("$toy" chars sample --prime abe --length 50 --seed 3 | sed 's/^\(abe[^g]*\)g.*/\1/')" && test "$(wc -c < out)" -lt 54
check "the end that was drawn is the last" $?
expect "info of two axes" 0 "$toy" pairs info
says "info says the axes" "a .*\[t, s\]" out

expect "info" 0 "$toy" chars info --json
python3 -c "
import json
r = json.load(open('out'))
assert [p['name'] for p in r['parameters']] == ['E', 'h.U', 'V'] and r['parameters'][1]['shape'] == [16, 16]
assert r['counts']['elements'] == 640 and r['states'] == [{'name': 'h', 'shape': [16], 'delay': 1}], r
"
check "info --json" $?
for mode in train forward step; do
  expect "bench $mode" 0 "$toy" chars bench --mode $mode --seconds 0.05 --json --batch 3 --length 10
  python3 -c "import json; r = json.load(open('out')); assert r['median_s'] >= r['min_s'] > 0 and r['runs'] >= 3 and r['peak_mb'] > 1"
  check "bench $mode prints" $?
done

# -- signals, and going on ------------------------------------------------------------------------------------------
# the weights of 300 steps, whole
train_300="$toy chars train --data text.txt --steps 300 --quiet"
$train_300 --threads 1 --save whole.ckpt --out whole.safetensors
$train_300 --threads 2 --save whole2.ckpt --out whole2.safetensors
cmp -s whole.safetensors whole2.safetensors
check "1 and 2 threads give the same bits" $?

# killed at any moment, also while a checkpoint is written: what is on disk is whole, and going on gives the same bits
killed=0 same=0
for delay in 0.02 0.03 0.05 0.08 0.11 0.15; do
  rm -f k.ckpt
  $train_300 --set save_every=1 --save k.ckpt --out k.safetensors --threads 2 &
  pid=$!
  sleep $delay
  kill -KILL $pid 2> log
  wait $pid 2> log
  test -e k.ckpt || continue
  killed=$((killed + 1))
  "$toy" chars train --quiet --resume k.ckpt --set save_every=0 --out k.safetensors 2> log || cat log
  cmp -s k.safetensors whole.safetensors && same=$((same + 1))
done
test $killed -gt 0 && test $same -eq $killed
check "kill -9 at any moment, then going on, gives the same bits ($same of $killed)" $?
ls k.ckpt.tmp-* > out 2> log && rm -f k.ckpt.tmp-*

await() { # FILE TRIES: until it is there, 0.05 s a try
  tries=0
  while test ! -e "$1" -a $tries -lt "$2"; do
    tries=$((tries + 1))
    sleep 0.05
  done
}
interrupted() { # SIGNAL STATUS
  rm -f 'i t.ckpt'
  "$toy" chars train --data text.txt --epochs 100000 --save 'i t.ckpt' --out 'i t.safetensors' > out 2> log &
  pid=$!
  await 'i t.ckpt' 400
  kill -"$1" $pid
  wait $pid
  test $? -eq "$2"
  check "$1 ends with status $2" $?
  says "$1 says how to go on" "train --resume 'i t.ckpt' --out 'i t.safetensors'" log
}
# a shell without job control lets its children ignore SIGINT: the program catches it all the same
interrupted INT 130
interrupted TERM 143
expect "and it goes on" 0 "$toy" chars train --resume 'i t.ckpt' --out 'i t.safetensors' --epochs 1
"$toy" chars train --data text.txt --epochs 100000 --save u.ckpt --out u.safetensors 2> log &
pid=$!
await u.ckpt 400
rm -f u.ckpt
kill -USR1 $pid
await u.ckpt 60 # of its own accord one comes after five seconds
test -e u.ckpt
check "SIGUSR1 writes a checkpoint and goes on" $?
kill -TERM $pid
wait $pid

expect "a checkpoint of another model" 3 "$toy" elman train --resume whole.ckpt --data text.txt
says "the parameter that does not fit is named" "'W'" log
python3 -c "
import numpy as np
x = np.random.default_rng(0).normal(size=(3, 5, 2))
np.savez('e.npz', x=x, h0=np.zeros((3, 4)), target=np.ones((3, 5, 3)))
"
expect "not finite" 4 "$toy" elman64 train --data e.npz --steps 5 --set 'optimizer=sgd(rate = 1e200)'
says "the step is named" "step 2: " log
says "the equation or parameter and its line are named" "elman.rnn:" log
expect "gradient" 0 "$toy" elman64 gradient --data e.npz --weights elman.safetensors --out g.npz --wrt x,h0
python3 -c "
import numpy as np
z = np.load('g.npz')
assert set(z.files) == {'loss', 'W', 'U', 'b', 'V', 'v', 'x', 'h0'} and z['x'].shape == (3, 5, 2) and z['W'].dtype == np.float64
"
check "gradients by name" $?
expect "forward" 0 "$toy" elman64 forward --data e.npz --weights elman.safetensors --out f.npz --show h
expect "an unknown variable" 2 "$toy" elman64 forward --data e.npz --weights elman.safetensors --out f.npz --show yy
says "the near variable" "did you mean 'y'" log

# -- a terminal -----------------------------------------------------------------------------------------------------
if command -v script > /dev/null; then
  train="$toy chars train --data text.txt --epochs 60 --out t.safetensors --save t.ckpt"
  TERM=xterm script -qec "$train" /dev/null > out < /dev/null
  grep -q "$(printf '\r')epoch" out
  check "a live line on a terminal" $?
  for quiet in "NO_COLOR=1 TERM=xterm" "CI=1 TERM=xterm" "TERM=dumb"; do
    env $quiet script -qec "$train" /dev/null < /dev/null | tr -d '\n' | sed "s/$(printf '\r')\$//" > out
    grep -q "$(printf '\r')epoch [0-9]*  step" out
    test $? -eq 1
    check "no live line with $quiet" $?
  done
fi

echo "$passed passed, $failed failed"
test "$failed" -eq 0
