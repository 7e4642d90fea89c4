#!/bin/sh
# setup.sh: installs what rnnc is built and tested with (Debian 12) and builds it in ./build. SANITIZE=1: in ./build-asan, with
# AddressSanitizer and UBSan. Packages are asked for only where one is missing; a compiler other than the default is taken from $CC.
set -eu
cd "$(dirname "$0")/.."
packages="flex bison gcc g++ cmake ninja-build pkg-config make binutils util-linux llvm-19-dev libopenblas-pthread-dev libjansson-dev
libzip-dev libcsv-dev librandom123-dev libedit-dev libutf8proc-dev libxxhash-dev libcmocka-dev python3 python3-numpy strace bash zsh fish
mandoc groff-base tmux procps dpkg-dev file"
# what runs objects for other machines (tests/targets): their compilers, qemu, a linker and an engine for wasm
packages="$packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross gcc-arm-none-eabi qemu-user
qemu-system-arm lld-19"
packages="$packages gdb linux-perf" # tests/debug
command -v node > /dev/null || packages="$packages nodejs"
missing=""
for p in $packages; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
  echo "installing:$missing"
  run=""
  if [ "$(id -u)" -ne 0 ]; then run=sudo; fi
  $run apt-get update -qq
  $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
fi
folder=build sanitize=OFF
if [ "${SANITIZE:-0}" = 1 ]; then folder=build-asan sanitize=ON; fi
cmake -S . -B "$folder" -G Ninja -DRNNC_SANITIZE=$sanitize > /dev/null
cmake --build "$folder"
