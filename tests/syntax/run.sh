#!/bin/sh
# run.sh: compares what the parser prints with the files beside each source.
# Needs: the path of syntax_test. Leaves: nothing, unless UPDATE=1 rewrites the expectations that exist.
#
#   NAME.err    all diagnostics, word for word        NAME.dump    the tree
#   NAME.fmt    the source printed again              NAME.state   what the prompt would say
#   none        every error stands on a line with `# error: part of the sentence`; without errors the source must
#               survive being printed and read again
set -u
test $# -eq 1 || { echo "usage: run.sh PATH/TO/syntax_test" >&2; exit 2; }
test_program=$(realpath "$1")
cd "$(dirname "$0")" || exit 2
passed=0 failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

ran_well() { # a sanitizer or a signal ends the program with another status
  test "$1" -le 1 || { echo "$2: exit status $1"; return 1; }
}

compare() { # MODE FILE EXPECTATION
  "$test_program" "$1" "$2" > "$scratch/out" 2> "$scratch/log"
  status=$?
  cat "$scratch/log"
  test "${UPDATE:-0}" = 1 && cp "$scratch/out" "$3"
  ran_well $status "$2" && diff -u "$3" "$scratch/out"
}

# "LINE: sentence" of the errors reported, against the comments in the source
compare_comments() {
  "$test_program" FORMAT "$1" > "$scratch/out" 2> "$scratch/log"
  status=$?
  cat "$scratch/log"
  ran_well $status "$1" || return 1
  awk -v file="$1" '
    FNR == NR { if (i = index($0, "# error: ")) wanted[FNR] = substr($0, i + 9); next }
    index($0, file ":") == 1 {
      split(substr($0, length(file) + 2), place, ":")
      if (!match($0, /: error\[E[0-9]+\]: /)) next
      said = substr($0, RSTART + RLENGTH); line = place[1]
      if (line in wanted && index(said, wanted[line])) seen[line] = 1
      else { print file ":" line ": not expected: " said; bad = 1 }
    }
    /^# reads back as another tree/ { print file ": " substr($0, 3); bad = 1 }
    END {
      for (line in wanted) if (!(line in seen)) { print file ":" line ": no error: " wanted[line]; bad = 1 }
      exit bad
    }' "$1" "$scratch/out"
}

count() { if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi; }

for source in *.rnn; do
  name=${source%.rnn} plain=yes
  for pair in ERRORS:err DUMP:dump FORMAT:fmt STATE:state; do
    expectation=$name.${pair#*:}
    test -f "$expectation" || continue
    plain=no
    count compare "${pair%:*}" "$source" "$expectation"
  done
  test $plain = no || count compare_comments "$source"
done
count compare ERRORS no-such-file.rnn file_missing.err
count compare ERRORS . file_directory.err
count compare ERRORS - file_stdin.err < told_expressions.rnn
echo "$passed passed, $failed failed"
test $failed -eq 0
