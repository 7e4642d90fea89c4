#!/bin/sh
# run.sh BUILD_DIR: what is installed and packed: moved elsewhere, a C program is built with it as docs/embedding.md says, by pkg-config and
# by CMake; librnn.so's names; the Debian package.
# Needs: cmake, pkg-config, make, cc, python3; for the package cpack, dpkg-deb and dpkg-shlibdeps. Leaves: nothing.
set -u
test $# -eq 1 || { echo "usage: run.sh BUILD_DIR" >&2; exit 2; }
build=$(realpath "$1")
. "$(dirname "$0")/../expect.sh"
unset RNNC_LIBDIR PKG_CONFIG_PATH rnnc_DIR LD_LIBRARY_PATH DESTDIR
if grep -q '^RNNC_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then # a library with sanitizers is not what is installed
  echo "skipped: sanitizers"
  echo "1 passed, 0 failed"
  exit 0
fi

page() { # NAME PREFIX LIBDIR: docs/embedding.md word by word, with what is installed there
  PKG_CONFIG_PATH=$2/$3/pkgconfig rnnc_DIR=$2/$3/cmake/rnnc \
    expect "$1" 0 python3 "$root/tests/embed/page.py" "$2/$3" "$2/bin/rnnc" "$root/docs/embedding.md"
  grep -v " passed, " out
}
model='model m {\n  input x[t] : real[2]\n  target y[t] : real[1]\n  h[t] = gru(4)(x[t])\n  y[t] ~ normal(dense(1)(h[t]), 1)\n}\n'
printf "$model" > m.rnn

# -- librnn.so: its names are those of the installed headers, and what compiled models call ----------------------------
nm -D --defined-only "$build/librnn.so" | awk '$2 != "A" {sub("@.*", "", $3); print $3}' | sort > shown
cat "$root/runtime/rnn.h" "$root/runtime/error.h" "$root/runtime/tensors.h" | sed 's|^ *\*.*||' | grep -oE '^[A-Za-z].* \**(rnn_[a-z0-9_]+)\(' | grep -oE 'rnn_[a-z0-9_]+\($' | tr -d '(' > named
sed -n 's/^CALL(\(rnn_[a-z0-9_]*\),.*/\1/p' "$root/runtime/calls.def" >> named
sort -u named > wanted
expect "librnn.so shows what the headers declare, and nothing else" 0 diff wanted shown
readelf -d "$build/librnn.so" > dynamic
says "its name for the loader" 'SONAME.*librnn.so.0' dynamic
nm -D "$build/librnn.so" > names
says "its names have a version" ' rnn_open@@RNN_0$' names

# -- installed, then moved ----------------------------------------------------------------------------------------------
expect "cmake --install" 0 cmake --install "$build" --prefix "$scratch/first place"
mkdir -p moved && mv "first place" "moved/here"
p=$scratch/moved/here
for file in bin/rnnc lib/librnn.a lib/librnn.so.0 lib/pkgconfig/rnn.pc lib/cmake/rnnc/rnncConfig.cmake include/rnn.h include/rnn/error.h share/man/man1/rnnc.1; do
  expect "$file is installed" 0 test -s "$p/$file"
done
expect "error.h hides nothing of libc" 1 test -e "$p/include/error.h"
expect "no file names the build tree or the first place" 1 grep -rlI -e "$build" -e "first place" "$p"
expect "an executable" 0 "$p/bin/rnnc" m.rnn -o m
expect "which runs" 0 ./m info
expect "rnnc knows its library" 0 "$p/bin/rnnc" --print=libdir
says "where it is now" "^$p/lib\$" out
expect "and its header" 0 "$p/bin/rnnc" --print=cflags
says "where that is now" "^-I$p/include\$" out
page "docs/embedding.md with what was moved" "$p" lib
printf '#include <error.h>\n#include <rnn.h>\nint main(void) { if (!rnn_near("a", 0, 0)) error(0, 0, "as libc"); return 0; }\n' > both.c
cp both.c both.cc
flags=$(PKG_CONFIG_PATH=$p/lib/pkgconfig pkg-config --cflags --libs rnn)
expect "rnn.h beside libc's error.h" 0 $cc -std=gnu11 -Wall -Werror both.c $flags -o both
expect "the loader is told where librnn is" 0 env LD_LIBRARY_PATH="$p/lib" ./both
if command -v c++ > /dev/null; then expect "rnn.h in C++" 0 c++ -std=c++17 -Wall -Werror both.cc $flags -o both; fi
expect "static: pkg-config knows what librnn.a needs" 0 env PKG_CONFIG_PATH="$p/lib/pkgconfig" pkg-config --static --libs rnn
says "BLAS among it" '-lrnn.*-lopenblas' out

expect "DESTDIR" 0 env DESTDIR="$scratch/dest" cmake --install "$build" --prefix /opt/rnnc
expect "puts everything below it" 0 "$scratch/dest/opt/rnnc/bin/rnnc" m.rnn -o m2

# -- the build tree ------------------------------------------------------------------------------------------------------
PKG_CONFIG_PATH=$build rnnc_DIR=$build expect "docs/embedding.md with the build tree" 0 \
  python3 "$root/tests/embed/page.py" "$build" "$build/rnnc" "$root/docs/embedding.md"
grep -v " passed, " out

# -- rnnc_add_model ------------------------------------------------------------------------------------------------------
mkdir -p project && cp m.rnn project
printf '#include "m.h"\nint main(void) { return M_PARAM_COUNT > 500; }\n' > project/use.c
cat > project/CMakeLists.txt << 'end'
cmake_minimum_required(VERSION 3.20)
project(use C)
find_package(rnnc 0.1 REQUIRED)
rnnc_add_model(m ${MODEL} STATIC)
add_executable(use use.c)
target_link_libraries(use m)
end
for generator in "Unix Makefiles" Ninja; do
  rm -rf made
  cp m.rnn project
  expect "configured for $generator" 0 cmake -S project -B made -G "$generator" -Drnnc_DIR="$p/lib/cmake/rnnc" -DMODEL=m.rnn
  expect "built" 0 cmake --build made
  expect "the model is small" 0 made/use
  sleep 1
  sed -i 's/gru(4)/gru(40)/' project/m.rnn
  expect "built again when the model changed" 0 cmake --build made
  expect "the model is large" 1 made/use
done
expect "a model that is not there" 1 cmake -S project -B made2 -Drnnc_DIR="$p/lib/cmake/rnnc" -DMODEL=none.rnn
says "is named" "there is no file .*none.rnn" log
sed -i 's/STATIC/STATIK/' project/CMakeLists.txt
expect "a misspelt argument" 1 cmake -S project -B made3 -Drnnc_DIR="$p/lib/cmake/rnnc" -DMODEL=m.rnn
says "is named too" "STATIK: expected INFERENCE" log
rm "$p/lib/librnn.a"
expect "an installation with a file missing" 1 cmake -S project -B made4 -Drnnc_DIR="$p/lib/cmake/rnnc" -DMODEL=m.rnn
says "says which" "librnn.a is not there" log

# -- the Debian package -----------------------------------------------------------------------------------------------
if command -v cpack > /dev/null && command -v dpkg-shlibdeps > /dev/null; then
  expect "cpack -G DEB" 0 cpack -G DEB --config "$build/CPackConfig.cmake" -B "$scratch/packages"
  deb=$(ls packages/*.deb)
  expect "what it holds" 0 dpkg-deb -c "$deb"
  cp out contents
  for file in usr/bin/rnnc usr/lib/rnnc/rnnc-code.so usr/lib/librnn.so.0 usr/include/rnn.h usr/share/man/man1/rnnc.1 usr/share/doc/rnnc/copyright; do
    says "$file is in it" "\./$file" contents
  done
  expect "what it needs" 0 dpkg-deb -f "$deb" Depends
  cp out depends
  for library in libc6 libllvm19 libjansson4 libzip4 libopenblas0; do says "$library is needed" "$library" depends; done
  expect "it is unpacked" 0 dpkg -x "$deb" unpacked
  expect "an executable made there" 0 unpacked/usr/bin/rnnc m.rnn -o m3
  expect "which runs too" 0 ./m3 info
  page "docs/embedding.md with the package" "$scratch/unpacked/usr" lib
else echo "skipped: the Debian package, without cpack or dpkg-shlibdeps"
fi

finish
