#!/bin/sh
# run.sh BUILD_DIR RNNC: objects and headers for C programs. BUILD_DIR holds librnn.a.
# Needs: cc, c++ where there is one, python3 with numpy, nm, size, make. Leaves: nothing.
set -u
test $# -eq 2 || { echo "usage: run.sh BUILD_DIR RNNC" >&2; exit 2; }
build=$(realpath "$1") rnnc=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
root=$(realpath "$here/../..")
cc=${CC:-cc}
passed=0 failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
# a librnn with sanitizers needs their library
sanitized=
nm "$build/librnn.a" 2> log | grep -q __asan_init && sanitized=-fsanitize=address,undefined
libs="$build/librnn.a -lopenblas -ljansson -lzip -lcsv -lutf8proc -lpthread -lm $sanitized"

expect() { # NAME STATUS COMMAND..: counts; output in out, messages in log
  name=$1 want=$2
  shift 2
  "$@" > out 2> log
  got=$?
  if test $got -eq "$want"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $name: exit status $got, not $want"
    head -n 20 log
  fi
}
says() { # NAME PATTERN FILE
  cp "$3" text
  expect "$1" 0 grep -q -- "$2" text
  test $got -eq 0 || head -n 20 text
}

# -- the step against forward, on the models here and on random ones ---------------------------------------------------
for script in step.py random_steps.py; do
  python3 "$here/$script" "$build" "$rnnc" > steps 2>&1
  grep -v '^[0-9]* passed' steps
  counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' steps)
  : "${counts:=0 1}" # it came to no end
  passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
done

# -- docs/embedding.md, followed word by word -----------------------------------------------------------------------------
python3 "$here/page.py" "$build" "$rnnc" "$root/docs/embedding.md" > page 2>&1
grep -v '^[0-9]* passed' page
counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' page)
: "${counts:=0 1}"
passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))

# -- what an object shows and needs -----------------------------------------------------------------------------------
visible() { nm --defined-only --extern-only "$1" | awk '{print $3}' | sort | tr '\n' ' '; }
no_writable() { size -A "$1" | awk '($1 ~ /^\.(data|bss|tdata|tbss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0) {bad = 1} END {exit bad}'; }
for model in characters drawn_token gates memory starts wide; do
  for options in "-O0" "-O2" "-O3" "-O2 --precision f64"; do
    expect "-c --inference $options of $model" 0 "$rnnc" -c --inference $options "$here/models/$model.rnn" -o $model.o
    expect "$model $options needs no symbol" 0 test -z "$(nm -u $model.o)"
    expect "$model $options shows two symbols: $(visible $model.o)" 0 test "$(visible $model.o)" = "${model}_model ${model}_step_entry "
    expect "$model $options has nothing writable" 0 no_writable $model.o
  done
  mkdir -p whole
  expect "-c of $model" 0 "$rnnc" -c "$here/models/$model.rnn" -o whole/$model.o
  expect "$model shows two symbols: $(visible whole/$model.o)" 0 test "$(visible whole/$model.o)" = "${model}_model ${model}_step_entry "
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

# -- what is refused ---------------------------------------------------------------------------------------------------
printf 'model m {\n  input x[t] : real[2]\n  output o[t]\n  o[t] = x[t+1]\n}\n' > ahead.rnn
expect "--inference of a model that looks ahead" 1 "$rnnc" -c --inference ahead.rnn -o ahead.o
says "the equation is named" "o (line 4) needs x\[t+1\]" log
expect "nothing is written" 1 test -e ahead.o -o -e ahead.h
expect "without --inference it has no step" 0 "$rnnc" -c ahead.rnn -o ahead.o
says "and the header says why" "There is no streaming step: .*x\[t+1\]" ahead.h
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

echo "$passed passed, $failed failed"
test "$failed" -eq 0
