#!/bin/sh
# run.sh BUILD_DIR RNNC: learning in a C program. BUILD_DIR holds librnn.a.
# Needs: cc, make; for the second part a cc that has ThreadSanitizer. Leaves: nothing.
set -u
test $# -eq 2 || { echo "usage: run.sh BUILD_DIR RNNC" >&2; exit 2; }
build=$(realpath "$1") rnnc=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"
# a librnn with sanitizers needs their library, which has a malloc of its own
sanitized=-DCOUNTED
nm "$build/librnn.a" 2> log | grep -q __asan_init && sanitized=-fsanitize=address,undefined
libs="-lopenblas -ljansson -lzip -lcsv -lutf8proc -lpthread -lm"


for model in lagged wide grid; do expect "-c of $model" 0 "$rnnc" -c "$here/models/$model.rnn" -o $model.o; done

# -- sizes, gradients, updates, what is refused -----------------------------------------------------------------------
flags="-std=c11 -Wall -Wextra -Werror -g -O1 -I. -I$root/runtime"
expect "learn.c compiles" 0 $cc $flags $sanitized "$here/learn.c" lagged.o wide.o grid.o "$build/librnn.a" $libs -o learn
expect "learn" 0 ./learn
cp out learned
add learned

# -- the example in examples/adapt -------------------------------------------------------------------------------------
instrument=
test "$sanitized" = -DCOUNTED || instrument=$sanitized
for how in "-O2" "-O1 -g $instrument"; do
  rm -rf adapt
  cp -r "$root/examples/adapt" adapt
  make -s -C adapt clean
  expect "examples/adapt with $how" 0 make -C adapt run "RNNC=$rnnc" "RNN_H=$root/runtime" "RNN_LIB=$build/librnn.a $instrument" \
    "CFLAGS=-std=c11 -Wall -Wextra -Werror $how"
  cp out said
  expect "its figures are those of its README" 0 awk '/^all/ {exit !($2 > 0.25 && $2 < 0.3 && $3 < 0.031)}' said
done

# -- eight at once, librnn built with ThreadSanitizer. OpenBLAS is as it was installed: what happens within it is not seen ---
printf 'int main(void) { return 0; }\n' > probe.c
if test "$sanitized" != -DCOUNTED; then echo "skipped: ThreadSanitizer, beside AddressSanitizer"
elif $cc -fsanitize=thread probe.c -o probe 2> log && ./probe 2> log; then
  blas=$(sed -n 's/^CBLAS_INCLUDE:PATH=//p' "$build/CMakeCache.txt")
  expect "librnn with ThreadSanitizer" 0 $cc -std=gnu11 -O1 -g -fsanitize=thread "-DRNN_VERSION=\"test\"" "-I$root/runtime" "-I$blas" -c "$root"/runtime/*.c
  ls ./*.o | grep -v -e lagged.o -e wide.o -e grid.o > objects
  expect "eight.c compiles" 0 $cc $flags -fsanitize=thread "$here/eight.c" $(cat objects) lagged.o wide.o $libs -o eight
  expect "eight handles learn at once" 0 ./eight
  expect "and ThreadSanitizer sees no race" 1 grep -q ThreadSanitizer log
else echo "skipped: $cc has no ThreadSanitizer that runs here"
fi

finish
