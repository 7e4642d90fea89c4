# expect.sh: what suites that run programs share. To be sourced, in a shell with $0 in the suite's folder.
# Gives: here, root, cc, an empty folder that is the current one until the end, counts in passed and failed, expect, says, add, finish.
here=$(dirname "$(realpath "$0")")
root=$(realpath "$here/../..")
cc=${CC:-cc}
passed=0 failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2

expect() { # NAME STATUS COMMAND..: counts; reads $input, where it is set; output in out, messages in log
  name=$1 want=$2
  shift 2
  "$@" > out 2> log < "${input:-/dev/null}"
  got=$?
  if test $got -eq "$want"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $name: exit status $got, not $want"
    tail -n 20 out
    head -n 40 log
  fi
}
says() { # NAME PATTERN FILE
  cp "$3" text
  expect "$1" 0 grep -q -- "$2" text
  test $got -eq 0 || head -n 30 text
}
add() { # FILE: what a suite of its own printed; its counts are added, the rest is shown
  grep -v '^[0-9]* passed' "$1"
  counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$1")
  : "${counts:=0 1}" # it came to no end
  passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
}
finish() {
  echo "$passed passed, $failed failed"
  test "$failed" -eq 0
}
