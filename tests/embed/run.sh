#!/bin/sh
# run.sh BUILD_DIR RNNC: objects and headers for C programs. BUILD_DIR holds librnn.a.
# Needs: cc, c++ where there is one, python3 with numpy, nm, size, make. Leaves: nothing.
set -u
test $# -eq 2 || { echo "usage: run.sh BUILD_DIR RNNC" >&2; exit 2; }
build=$(realpath "$1") rnnc=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"
# a librnn with sanitizers needs their library
sanitized=
nm "$build/librnn.a" 2> log | grep -q __asan_init && sanitized=-fsanitize=address,undefined
libs="$build/librnn.a -lopenblas -ljansson -lzip -lcsv -lutf8proc -lpthread -lm $sanitized"


# -- the step against forward, on the models here and on random ones ---------------------------------------------------
for script in step.py random_steps.py; do
  python3 "$here/$script" "$build" "$rnnc" > steps 2>&1
  add steps
done

# -- docs/embedding.md, followed word by word -----------------------------------------------------------------------------
if test -n "$sanitized"; then echo "skipped: docs/embedding.md, whose programs are linked without sanitizers"
else
  python3 "$here/page.py" "$build" "$rnnc" "$root/docs/embedding.md" > page 2>&1
  add page
fi

# -- what an object shows and needs -----------------------------------------------------------------------------------
visible() { nm --defined-only --extern-only "$1" | awk '{print $3}' | sort | tr '\n' ' '; }
no_writable() { size -A "$1" | awk '($1 ~ /^\.(data|bss|tdata|tbss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0) {bad = 1} END {exit bad}'; }
for model in characters drawn_token gates memory starts wide; do
  for options in "-O0" "-O2" "-O3" "-O2 --precision f64"; do
    expect "-c --inference $options of $model" 0 "$rnnc" -c --inference $options "$here/models/$model.rnn" -o $model.o
    expect "$model $options needs no symbol" 0 test -z "$(nm -u $model.o)"
    expect "$model $options shows three symbols: $(visible $model.o)" 0 test "$(visible $model.o)" = "${model}_many_entry ${model}_model ${model}_step_entry "
    expect "$model $options has nothing writable" 0 no_writable $model.o
  done
  mkdir -p whole
  expect "-c of $model" 0 "$rnnc" -c "$here/models/$model.rnn" -o whole/$model.o
  expect "$model shows three symbols: $(visible whole/$model.o)" 0 test "$(visible whole/$model.o)" = "${model}_many_entry ${model}_model ${model}_step_entry "
  expect "$model (whole) has nothing writable" 0 no_writable whole/$model.o
  expect "$model (whole) needs librnn and memcpy at most" 0 test -z "$(nm -u whole/$model.o | awk '{print $2}' | grep -v '^rnn_' | grep -v '^memcpy$')"
done

# -- the header -------------------------------------------------------------------------------------------------------
strict="-Wall -Wextra -Wshadow -Wstrict-prototypes -Werror"
for model in characters drawn_token gates memory starts wide; do
  expect "-c --inference of $model" 0 "$rnnc" -c --inference "$here/models/$model.rnn" -o $model.o
  for folder in . whole; do
    printf '#include "%s/%s.h"\n#include "%s/%s.h"\nint main(void) { return 0; }\n' $folder $model $folder $model > use.c
    cp use.c use.cc
    expect "$folder/$model.h in C99" 0 $cc -std=c99 -pedantic $strict -c use.c
    expect "$folder/$model.h freestanding" 0 $cc -std=c99 -ffreestanding $strict -c use.c
    printf '#include <rnn.h>\n#include "%s/%s.h"\nint main(void) { return %s_open(1, 0) == 0; }\n' $folder $model $model > with.c
    cp with.c with.cc
    expect "$folder/$model.h with rnn.h" 0 $cc -std=c11 $strict "-I$root/runtime" -c with.c
    if command -v c++ > /dev/null; then
      expect "$folder/$model.h in C++17" 0 c++ -std=c++17 -pedantic -Wall -Wextra -Werror -c use.cc
      expect "$folder/$model.h in C++17 with rnn.h" 0 c++ -std=c++17 -Wall -Wextra -Werror "-I$root/runtime" -c with.cc
    fi
    sed -n '/---- example ----/,/---- end/p' $folder/$model.h | sed '1d;$d' > example.c
    needs=
    test $folder = . || needs=$libs
    expect "the example in $folder/$model.h compiles" 0 $cc -std=c99 -pedantic -Wall -Wextra -Werror -g -fsanitize=address,undefined -I$folder example.c $folder/$model.o $needs -o example
    expect "and runs" 0 ./example
  done
done
"$rnnc" -c --inference "$here/models/clock.rnn" -o ./odd.name.o 2> log
expect "the header has the object's name" 0 test -s odd.name.h
mkdir -p dir.ectory
expect "an object without an ending" 0 "$rnnc" -c --inference "$here/models/clock.rnn" -o dir.ectory/clock
expect "has its header beside it" 0 test -s dir.ectory/clock.h
expect "and the name it is included by" 0 grep -q '#include "clock.h"' dir.ectory/clock.h

# -- several models in one program ------------------------------------------------------------------------------------
expect "two models compile together" 0 $cc -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -g -fsanitize=address,undefined -I. "$here/two.c" characters.o drawn_token.o -o two
expect "two models in one program, states copied and reset" 0 ./two
expect "two whole models compile together" 0 $cc -std=c99 -Wall -Wextra -Werror -g -Iwhole "$here/two.c" whole/characters.o whole/drawn_token.o $libs -o two
expect "and run" 0 ./two

# -- sizes, and what a header promises ---------------------------------------------------------------------------------
stack() { # OBJECT PREFIX CALL: measured, against the header's bound
  capitals=$(echo "$2" | tr '[:lower:]' '[:upper:]')
  expect "the stack of $3 in $1 is measured" 0 $cc -O1 -w -I"$(dirname "$1")" "-DMODEL=\"$2.h\"" "-DREAL=$2_real" "-DSTATE=struct $2_state" \
    "-DPARAMS=${capitals}_PARAM_COUNT" "-DBOUND=${capitals}_$4" "-DCALL=$3" "$here/stack.c" "$1" -o stack
  expect "the stack of $3 is at most what the header says, and no third of it" 0 ./stack
  test $got -eq 0 || cat out
}
for level in 0 2; do
  for model in gates characters wide; do
    "$rnnc" -c --inference -O$level "$here/models/$model.rnn" -o $model.o 2> log
  done
  stack gates.o gates "gates_step(w, s, a, b, c)" STACK_BYTES
  stack characters.o characters "characters_step(w, s, i, b)" STACK_BYTES
  stack wide.o wide "wide_step(w, s, a, b)" STACK_BYTES
  stack gates.o gates "gates_step_many(w, s, 37, a, b, c)" MANY_STACK_BYTES
  stack wide.o wide "wide_step_many(w, s, 20, a, b)" MANY_STACK_BYTES
done
"$rnnc" -c --inference "$here/models/gates.rnn" -o gates.o 2> log
expect "NAME_run compiles" 0 $cc -std=c99 -Wall -Wextra -Werror -g -fsanitize=address,undefined -I. "$here/run_steps.c" gates.o -o run_steps
expect "NAME_run is that many steps" 0 ./run_steps
echo '#include "gates.h"' > only.c
cp only.c only.cc
still= # ThreadSanitizer knows where memory lies if nothing is moved about; not every machine lets one ask for that
setarch "$(uname -m)" -R true 2> log && still="setarch $(uname -m) -R"
printf 'int main(void) { return 0; }\n' > probe.c
for compiler in gcc clang-19; do
  $compiler -fsanitize=thread probe.c -o probe > log 2>&1 && $still ./probe > log 2>&1 || { echo "skipped: $compiler has no ThreadSanitizer that runs here"; continue; }
  for standard in c99 c11 c17; do
    expect "gates.h with $compiler as $standard" 0 $compiler -std=$standard -pedantic $strict -fsyntax-only only.c
    expect "and freestanding" 0 $compiler -std=$standard -ffreestanding -pedantic $strict -fsyntax-only only.c
  done
  for standard in c++11 c++17 c++20; do
    expect "gates.h with $compiler as $standard" 0 $compiler -std=$standard -pedantic -Wall -Wextra -Wshadow -Werror -x c++ -fsyntax-only only.cc
    expect "and freestanding" 0 $compiler -std=$standard -ffreestanding -pedantic -Wall -Wextra -Wshadow -Werror -x c++ -fsyntax-only only.cc
  done
done

# -- a model that looks ahead --------------------------------------------------------------------------------------------
for model in ahead_token ahead_layers; do
  expect "-c --inference of $model" 0 "$rnnc" -c --inference "$here/models/$model.rnn" -o $model.o
  printf '#include "%s.h"\n' $model > only.c
  cp only.c only.cc
  expect "$model.h in C99" 0 $cc -std=c99 -pedantic $strict -fsyntax-only only.c
  expect "$model.h in C++11" 0 c++ -std=c++11 -pedantic -Wall -Wextra -Wshadow -Werror -x c++ -fsyntax-only only.cc
done
says "the header says how many steps" "define AHEAD_LAYERS_LATENCY 4" ahead_layers.h
expect "a program that flushes compiles" 0 $cc -std=c99 -Wall -Wextra -Werror -g -fsanitize=address,undefined -I. "$here/flush.c" ahead_token.o -o flush
expect "the last outputs come behind the last inputs" 0 ./flush
if test "$(uname -m)" = x86_64; then
  expect "the same for several levels" 0 "$rnnc" -c --inference --targets=x86-64-v2,x86-64-v3,x86-64-v4 "$here/models/ahead_token.rnn" -o ahead_token.o
  expect "compiles" 0 $cc -std=c99 -Wall -Wextra -Werror -g -I. "$here/flush.c" ahead_token.o -o flush
  expect "and flushes too" 0 ./flush
fi

# -- side by side, and silent --------------------------------------------------------------------------------------------
still= # ThreadSanitizer knows where memory lies if nothing is moved about; not every machine lets one ask for that
setarch "$(uname -m)" -R true 2> log && still="setarch $(uname -m) -R"
printf 'int main(void) { return 0; }\n' > probe.c
for compiler in gcc clang-19; do
  $compiler -fsanitize=thread probe.c -o probe > log 2>&1 && $still ./probe > log 2>&1 || { echo "skipped: $compiler has no ThreadSanitizer that runs here"; continue; }
  expect "eight threads compile with $compiler" 0 $compiler -O1 -g -Wall -Wextra -Werror -fsanitize=thread -I. "$here/threads.c" gates.o -o threads
  expect "eight instances at once, as one after the other" 0 $still ./threads
done
if strace -o trace true > log 2>&1; then
  expect "a program that steps" 0 $cc -O1 -I. "$here/silent.c" gates.o -o silent
  expect "runs under strace" 0 strace -o trace ./silent
  expect "no system call in a thousand steps" 0 test "$(sed -n '/^getppid/,/^getppid/p' trace | grep -c '^')" -eq 2
else echo "skipped: strace is not here, or not permitted"; fi

# -- where the weights are ------------------------------------------------------------------------------------------------
mkdir -p any
"$rnnc" --emit=json "$here/models/gates.rnn" > about.json
python3 -c 'import json, numpy as np
r = np.random.default_rng(3)
np.savez("gates.npz", **{p["name"]: r.normal(0, 0.5, p["shape"]) for p in json.load(open("about.json"))["params"]})'
for path in "$here"/models/*.rnn; do # without parameters, without inputs, with tokens, ..
  model=$(basename "$path" .rnn)
  "$rnnc" run "$path" init --out any.safetensors > log 2>&1
  expect "-c --weights=blob of $model" 0 "$rnnc" -c --inference --weights=blob --weights-file any.safetensors "$path" -o any/$model.o
  sed -n '/---- example ----/,/---- end/p' any/$model.h | sed '1d;$d' > any/example.c
  expect "its example in C99" 0 $cc -std=c99 -pedantic $strict -Wconversion any/example.c any/$model.o -o any/example
  expect "runs" 0 ./any/example any/$model.blob
done
"$rnnc" run "$here/models/wide.rnn" init --out wide.safetensors > log 2>&1
for precision in f32 f64; do
  for how in extern embed blob; do
    file=
    test $how = extern || file="--weights-file gates.npz"
    mkdir -p $how
    expect "-c --weights=$how $precision" 0 "$rnnc" -c --inference --precision $precision --weights=$how $file "$here/models/gates.rnn" -o $how/gates.o
    expect "$how has nothing writable" 0 no_writable $how/gates.o
    expect "$how needs no symbol" 0 test -z "$(nm -u $how/gates.o)"
    sed -n '/---- example ----/,/---- end/p' $how/gates.h | sed '1d;$d' > $how/example.c
    expect "the example of --weights=$how" 0 $cc -std=c99 -pedantic -Wall -Wextra -Werror -g -fsanitize=address,undefined $how/example.c $how/gates.o -o example_$how
  done
  expect "rnnc blob" 0 "$rnnc" blob --precision $precision "$here/models/gates.rnn" --weights-file gates.npz -o gates.blob
  expect "writes what -c writes" 0 cmp gates.blob blob/gates.blob
  tail -c +65 gates.blob > block # what is behind the head is the block
  ./example_extern block > extern/says
  ./example_embed > embed/says
  ./example_blob gates.blob > blob/says
  expect "weights inside do what weights outside do" 0 cmp embed/says extern/says
  expect "and so does a blob" 0 cmp blob/says extern/says
  expect "which is something" 0 test "$(sort -u extern/says | grep -c '^')" -eq 3
done
expect "weights inside are read-only data" 0 sh -c "nm embed/gates.o | grep -q ' R gates_weights$'"
"$rnnc" -c --inference --weights=blob "$here/models/gates.rnn" -o blob/gates.o
"$rnnc" blob "$here/models/gates.rnn" --weights-file gates.npz -o gates.blob
"$rnnc" blob "$here/models/wide.rnn" --weights-file wide.safetensors -o wide.blob
expect "NAME_bind compiles" 0 $cc -std=c99 -pedantic -Wall -Wextra -Werror -g -fsanitize=address,undefined -Iblob "$here/bind.c" -o bind
expect "NAME_bind takes its own blob and refuses others" 0 ./bind gates.blob wide.blob
test $got -eq 0 || cat out
echo '#include "gates.h"' > blob/only.cc; cp blob/only.cc embed
expect "blob/gates.h in C++11" 0 c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only blob/only.cc
expect "embed/gates.h in C++11" 0 c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only embed/only.cc
expect "--weights=embed without weights" 2 "$rnnc" -c --weights=embed "$here/models/gates.rnn" -o lost.o
says "it says what is missing" "needs --weights-file" log
expect "--weights-file without a place for it" 2 "$rnnc" -c --weights-file gates.npz "$here/models/gates.rnn" -o lost.o
expect "another model's weights" 3 "$rnnc" -c --inference --weights=embed --weights-file wide.safetensors "$here/models/gates.rnn" -o lost.o
says "the tensor is named" "a.Wr" log
expect "weights that are no file" 3 "$rnnc" blob "$here/models/gates.rnn" --weights-file none.safetensors -o lost.blob
expect "nothing is written" 1 test -e lost.o -o -e lost.h -o -e lost.blob
expect "--prefix that is no name" 2 "$rnnc" -c --prefix 3-d "$here/models/gates.rnn" -o lost.o
expect "three objects" 0 sh -c "'$rnnc' -c --inference --prefix left '$here/models/gates.rnn' -o left.o && '$rnnc' -c --inference --prefix right '$here/models/gates.rnn' -o right.o &&
  '$rnnc' -c --inference --prefix inside --weights=embed --weights-file gates.npz '$here/models/gates.rnn' -o inside.o"
expect "three models compile together" 0 $cc -std=c99 -Wall -Wextra -Werror -g -fsanitize=address,undefined -I. "$here/three.c" left.o right.o inside.o -o three
expect "three models in one program" 0 ./three

# -- what is refused ---------------------------------------------------------------------------------------------------
printf 'model m {\n  input x[t] : real[2]\n  output o[t]\n  c[t] = x[t+1]\n  o[t] = tanh(c[t] + o[t+1])\n}\n' > ahead.rnn
expect "--inference of a model that runs backward" 1 "$rnnc" -c --inference ahead.rnn -o ahead.o
says "the equation is named" "o (line 5) needs o\[t+1\]" log
expect "nothing is written" 1 test -e ahead.o -o -e ahead.h
expect "without --inference it has no step" 0 "$rnnc" -c ahead.rnn -o ahead.o
says "and the header says why" "There is no streaming step: .*o\[t+1\]" ahead.h
printf 'model m {\n  axis s, t\n  input x[s] : real[2]\n  input y[t] : real[2]\n  output o[t, s]\n  o[t, s] = x[s] + y[t]\n}\n' > axes.rnn
expect "--inference of a model of two axes" 1 "$rnnc" -c --inference axes.rnn -o axes.o
says "the reason is named" "o (line 6) needs x\[s\]" log
expect "without --inference it has no step either" 0 "$rnnc" -c axes.rnn -o axes.o
says "and the header says what the arrays are" "output o \[N, T, S, 2\]: real\[2\], one for each step of both axes" axes.h
cat > future.rnn << 'end'
model m {
  input x[t] : real[2]
  output o[t]
  m = mean[t](x[t])
  d[t] = x[t] - m
  h[t] = tanh(h[t-1] + d[t])
  o[t] = 2 * h[t]
}
end
expect "--inference of what is normalised over t" 1 "$rnnc" -c --inference future.rnn -o future.o
says "the equations are named from the output on" "o (line 7) <- h (line 6) <- d (line 5) <- m (line 4) needs the whole sequence: sum\[t\]" log
cat > axes.rnn << 'end'
model m {
  axis s, t
  input x[s] : real[2]
  input z[t] : real[2]
  output h[t]
  a[t, s] = softmax[s](dot(x[s], h[t-1]))
  h[t] = z[t] + sum[s](a[t, s] * x[s])
}
end
expect "--inference of attention" 1 "$rnnc" -c --inference axes.rnn -o axes.o
says "a sum over the second axis is named" "h (line 7).* needs the whole sequence: sum\[s\]" log
sed -i 's/z\[t\] + sum.*/z[t] + h[t-1]; h[0] = x[S]/' axes.rnn
expect "--inference of a decoder" 1 "$rnnc" -c --inference axes.rnn -o axes.o
says "what a state starts from is named" "h (line 7) <- h\[0\] (line 7) needs x\[S\]" log
expect "--weights=blob of a model without a step" 1 "$rnnc" -c --weights=blob ahead.rnn -o lost.o
says "it says why there is none" "there is none: o (line 5)" log
expect "--inference without -c" 2 "$rnnc" --inference ahead.rnn -o ahead
expect "a folder that is not there" 3 "$rnnc" -c --inference "$here/models/clock.rnn" -o none/clock.o
expect "an object named like its header" 2 "$rnnc" -c --inference "$here/models/clock.rnn" -o clock.h
ln -s /dev/full full.o
expect "a full disk" 3 "$rnnc" -c --inference "$here/models/clock.rnn" -o full.o

# -- the example in examples/embed -------------------------------------------------------------------------------------
for flags in "-O2" "-O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer"; do
  rm -rf embed
  cp -r "$root/examples/embed" embed
  make -s -C embed clean
  expect "examples/embed with $flags" 0 make -C embed run "RNNC=$rnnc" "RNN_H=$root/runtime" "RNN_LIB=$build/librnn.a $sanitized" \
    "CFLAGS=-std=c11 -Wall -Wextra -Werror $flags"
  says "the filter is better than the average" "filter 0\.1[0-4]" out
done

finish
