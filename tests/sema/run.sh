#!/bin/sh
# run.sh: compares what checking and lowering make of each source with the files beside it.
# Needs: the path of sema_test. Leaves: nothing, unless UPDATE=1 rewrites the expectations that exist.
#
#   NAME.err    all diagnostics, word for word
#   NAME.eq     the equation system
#   neither     every error stands on a line with `# error: part of the sentence`
set -u
test $# -eq 1 || { echo "usage: run.sh PATH/TO/sema_test" >&2; exit 2; }
test_program=$(realpath "$1")
cd "$(dirname "$0")" || exit 2
passed=0 failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

lower() { # FILE: leaves the system in out, the diagnostics in err; a sanitizer or a signal ends it with another status than 0 or 1
  "$test_program" --lang ../../lang "$1" > "$scratch/out" 2> "$scratch/err"
  status=$?
  test $status -le 1 || { cat "$scratch/err"; echo "$1: exit status $status"; return 1; }
}

compare() { # FILE out|err EXPECTATION
  lower "$1" || return 1
  test "${UPDATE:-0}" = 1 && cp "$scratch/$2" "$3"
  test $status -eq 1 -o "$2" = out -o -s "$scratch/out" || { echo "$1: neither a system nor an error"; return 1; }
  diff -u "$3" "$scratch/$2"
}

# "LINE: sentence" of the errors reported, against the comments in the source
compare_comments() {
  lower "$1" || return 1
  awk -v file="$1" '
    FNR == NR { if (i = index($0, "# error: ")) wanted[FNR] = substr($0, i + 9); next }
    index($0, file ":") == 1 {
      split(substr($0, length(file) + 2), place, ":")
      if (!match($0, /: error\[E[0-9]+\]: /)) next
      said = substr($0, RSTART + RLENGTH); line = place[1]
      if (line in wanted && index(said, wanted[line])) seen[line] = 1
      else { print file ":" line ": not expected: " said; bad = 1 }
    }
    END {
      for (line in wanted) if (!(line in seen)) { print file ":" line ": no error: " wanted[line]; bad = 1 }
      exit bad
    }' "$1" "$scratch/err"
}

count() { if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi; }

for source in *.rnn; do
  name=${source%.rnn} plain=yes
  test -f "$name.err" && plain=no && count compare "$source" err "$name.err"
  test -f "$name.eq" && plain=no && count compare "$source" out "$name.eq"
  test $plain = no || count compare_comments "$source"
done

echo "$passed passed, $failed failed"
test $failed -eq 0
