#!/bin/sh
# run.sh: builds rnnc and runs every test. On a fresh Debian 12 it installs the packages first (setup.sh).
#   sh tests/run.sh              everything
#   sh tests/run.sh NAME ..      some suites: the names in suite() below
#   SANITIZE=1 sh tests/run.sh   the same under AddressSanitizer and UBSan, in ./build-asan
# Each suite's output goes to BUILD/logs/NAME.log and ends with "N passed, M failed".
set -u
cd "$(dirname "$0")/.." || exit 2
sh tests/setup.sh || exit 1
build=$PWD/build sanitized="" # what the linker must be told for executables
if [ "${SANITIZE:-0}" = 1 ]; then
  build=$PWD/build-asan sanitized=" -fsanitize=address,undefined"
  # LLVM keeps what it allocates once a process; generated code is not instrumented
  export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.txt:print_suppressions=0" UBSAN_OPTIONS=print_stacktrace=1
fi
logs=$build/logs
mkdir -p "$logs"
random_count=${RANDOM_COUNT:-300}
[ "${SANITIZE:-0}" = 1 ] && random_count=${RANDOM_COUNT:-40}
rnnc=$build/rnnc
export RNNC_LIBDIR="$build"

suite() { # NAME: runs it
  case $1 in
  syntax) sh tests/syntax/run.sh "$build/tests/syntax_test" ;;
  sema) sh tests/sema/run.sh "$build/tests/sema_test" ;;
  grad) "$build/tests/optable_test" && "$build/tests/value_test" ;;
  codegen) for t in math services header product; do "$build/tests/${t}_test" || echo "0 passed, 1 failed"; done ;;
  runtime) sh tests/runtime/run.sh "$build/tests" ;;
  exec)
    python3 tests/exec/operators.py "$rnnc" && CC="${CC:-cc}$sanitized" python3 tests/exec/forcing.py "$rnnc" &&
      python3 tests/exec/edges.py "$rnnc" && python3 tests/exec/memory.py "$rnnc" && python3 tests/exec/threads.py "$rnnc" &&
      python3 tests/exec/layout.py "$rnnc" ;;
  oracle)
    code=0
    for t in losses run cells noise kept two_axes decoding; do python3 "tests/oracle/$t.py" --rnnc "$rnnc" || code=1; done
    return $code
    ;;
  random)
    code=0
    python3 tests/random/run.py --rnnc "$rnnc" --seed "${RANDOM_SEED:-1}" --count "$random_count" || code=1
    python3 tests/random/two_axes.py --rnnc "$rnnc" --seed "${RANDOM_SEED:-1}" --count $((random_count / 5 + 1)) || code=1
    test $code -eq 0 ;;
  fmt) sh tests/fmt/run.sh "$rnnc" "$build/tests/syntax_test" ;;
  diag) sh tests/diag/run.sh "$rnnc" ;;
  docs) sh tests/docs/run.sh "$rnnc" ;;
  prompt) sh tests/prompt/run.sh "$rnnc" ;;
  embed) sh tests/embed/run.sh "$build" "$rnnc" ;;
  targets) sh tests/targets/run.sh "$build" "$rnnc" ;;
  debug) sh tests/debug/run.sh "$rnnc" ;;
  import) sh tests/import/run.sh "$rnnc" ;;
  report) sh tests/report/run.sh "$rnnc" ;;
  learn) sh tests/learn/run.sh "$build" "$rnnc" ;;
  package) sh tests/package/run.sh "$build" ;;
  cli) CC="${CC:-cc}$sanitized" sh tests/cli/run.sh "$build" "$rnnc" ;;
  examples) CC="${CC:-cc}$sanitized" sh tests/examples/run.sh "$build" ;;
  *) echo "no suite '$1'"; echo "0 passed, 1 failed" ;;
  esac
}

passed=0 failed=0
[ $# -gt 0 ] || set -- $(sed -n '/^suite() {/,/^}/s/^  \([a-z]*\)) *.*/\1/p' tests/run.sh) # all, in their order
for name in "$@"; do
  start=$(date +%s)
  suite "$name" > "$logs/$name.log" 2>&1
  status=$?
  # the lines "N passed, M failed" of the suite, with or without a name before them
  p=$(grep -aoE '[0-9]+ passed, [0-9]+ failed' "$logs/$name.log" | awk '{n += $1} END {print n + 0}')
  f=$(grep -aoE '[0-9]+ passed, [0-9]+ failed' "$logs/$name.log" | awk '{n += $3} END {print n + 0}')
  if [ "$p" -eq 0 ] || { [ $status -ne 0 ] && [ "$f" -eq 0 ]; }; then f=$((f + 1)); fi # it ended early, or tested nothing
  printf '%-9s %5d passed, %d failed  (%d s)\n' "$name:" "$p" "$f" $(($(date +%s) - start))
  if [ "$f" -gt 0 ]; then tail -n 40 "$logs/$name.log" | sed 's/^/    /'; fi
  passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
