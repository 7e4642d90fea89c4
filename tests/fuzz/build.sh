#!/bin/sh
# build.sh BUILD_DIR: makes the fuzz targets BUILD_DIR/fuzz_front and fuzz_parse with clang-19 (packages clang-19, libclang-rt-19-dev,
# libfuzzer-19-dev). BUILD_DIR holds a finished build, for its generated sources.
#   BUILD_DIR/fuzz_front -max_total_time=600 -dict=tests/fuzz/syntax.dict corpus
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
folders="support syntax sema system passes"
files="" include="-I$build/generated -Iruntime -Icompiler"
for f in $folders; do
  files="$files $(ls compiler/$f/*.c)"
  include="$include -Icompiler/$f"
done
flags="-g -O1 -std=gnu11 -DRNNC_LIB_DIR=\"lib\" -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined"
for target in fuzz_front fuzz_parse; do
  ${CLANG:-clang-19} $flags $include tests/fuzz/$target.c $files "$build"/generated/*.c -lutf8proc -ljansson -lm -o "$build/$target"
done
