#!/bin/sh
# run.sh BUILD_DIR RNNC: the command line: options, help, completions, the manual page, streams, exit codes.
# Needs: sh, make, python3; bash, zsh, fish, mandoc, groff, script where they are. Leaves: nothing.
set -u
test $# -eq 2 || { echo "usage: run.sh BUILD_DIR RNNC" >&2; exit 2; }
build=$(realpath "$1") rnnc=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"
unset NO_COLOR CLICOLOR_FORCE
cp -r "$here/models" models
speakers=$root/examples/speakers/speakers.rnn

refused() { # PATTERN ARGUMENTS..: wrong usage, said so on standard error alone
  pattern=$1
  shift
  expect "rnnc $* is refused" 2 "$rnnc" "$@"
  cp log said; cp out quiet
  says "rnnc $*: the message" "$pattern" said
  expect "rnnc $*: nothing on standard output" 1 test -s quiet
}
skip() { echo "skipped: $1"; }

# -- help ---------------------------------------------------------------------------------------------------------------
expect "rnnc --help" 0 "$rnnc" --help
cp out brief
expect "fits a screen of 50 lines" 0 test "$(wc -l < brief)" -le 50
expect "of 80 columns" 1 grep -q '.\{81\}' brief
says "examples come first" "rnnc model.rnn -o model" brief
expect "within the first lines" 0 test "$(grep -n 'rnnc model.rnn -o model' brief | cut -d: -f1)" -le 4
expect "rnnc help is the same" 0 "$rnnc" help
expect "--help=all" 0 "$rnnc" --help=all
cp out all
commands=$("$rnnc" completion fish | sed -n 's/^set -g __rnnc_commands //p')
for c in $commands; do
  says "--help names $c" "^  $c " brief
  says "--help=all has $c's options" "^---- usage: rnnc $c " all
  expect "rnnc $c --help" 0 "$rnnc" "$c" --help
  says "and its usage" "^usage: rnnc $c" out
  expect "rnnc help $c" 0 "$rnnc" help "$c"
done
for c in train evaluate predict decode sample info init forward gradient bench; do
  says "--help=all has the model's $c" "^---- usage: rnnc run model.rnn $c " all
  expect "rnnc help $c" 0 "$rnnc" help $c
  expect "rnnc run .. $c --help" 0 "$rnnc" run "$speakers" $c --help
done
says "--help=all has exit codes" "^  70 " all
expect "rnnc" 0 "$rnnc" --version
says "a version" "^rnnc [0-9.]* (LLVM [0-9.]*)$" out

for o in $(grep -oE '^ +(-[A-Za-z], |  +)?--[a-z-]+|^  -M[A-Z]' all | sed 's/^ *//; s/^-., //' | sort -u); do
  expect "docs/commands.md has $o" 0 grep -q -- "\`\(-., \)\{0,1\}[^\`]*$o" "$root/docs/commands.md"
done
sed -n '/^---- Exit codes/,$p' all | sed '1d; s/^ *//; s/ .*//' > codes
for c in $(cat codes); do expect "and exit code $c" 0 grep -qE "^\| ([0-9]+, )*$c[, ]" "$root/docs/commands.md"; done

# -- mistakes -----------------------------------------------------------------------------------------------------------
refused "did you mean '--optimize'" --optimise=2 "$speakers"
refused "did you mean 'check'" chek "$speakers"
refused "did you mean 'train'" trian "$speakers"
refused "rnnc run model.rnn train" train "$speakers"
refused "did you mean 'adjoint'" --emit=adjont "$speakers"
refused "ast, equations, adjoint, schedule" --emit=nothing "$speakers"
refused "did you mean 'aarch64'" --target=aarch46 -c "$speakers" -o x.o
refused "rnnc targets" --target=nothing -c "$speakers" -o x.o
refused "f32 or f64" --precision=f16 "$speakers"
refused "takes no value" --object=3 "$speakers"
refused "a value is missing" "$speakers" -o
refused "no option '-Z'" -Z "$speakers"
refused "the model is missing" check
refused "one model at a time" check a.rnn b.rnn
refused "did you mean 'bash'" completion bsh
refused "did you mean '--epochs'" run "$speakers" train --epohcs 3
refused "did you mean 'evaluate'" run "$speakers" evalute
refused "--set epochs=" run "$speakers" evaluate --epochs=3
refused "f32 or f64" run "$speakers" train --precision f16
refused "go with -MD" -MF x.d "$speakers"
refused "goes with -c" --inference "$speakers"
refused "one of" -c -S "$speakers"
refused "did you mean 'libdir'" --print=libdri
expect "an unknown file" 3 "$rnnc" check nowhere.rnn
says "is named" "there is no file 'nowhere.rnn'" log

# -- what needs no LLVM loads none --------------------------------------------------------------------------------------
if test -e "$build/rnnc-code.so"; then
  mkdir bare
  cp "$rnnc" bare/rnnc
  for c in --help --version "help train" "completion zsh" "check $speakers" "--emit=equations $speakers" "--emit=schedule $speakers" "run $speakers train --help"; do
    expect "without the code generator: $c" 0 bare/rnnc $c
  done
  for c in repl doctor targets; do expect "nor for $c --help" 0 bare/rnnc $c --help; done
  expect "an executable needs it" 3 bare/rnnc "$speakers" -o speakers
  says "and says what is missing" "no code generator: '.*rnnc-code.so' is not there" log
  echo nothing > bare/rnnc-code.so
  expect "a broken one" 3 bare/rnnc "$speakers" -o speakers
  says "is named" "no code generator: '.*bare/rnnc-code.so'" log
  mkdir -p away/bin away/lib/rnnc
  cp "$rnnc" away/bin/rnnc && cp "$build/rnnc-code.so" away/lib/rnnc/
  expect "installed elsewhere, all names bound at once" 0 env LD_BIND_NOW=1 away/bin/rnnc --emit=json "$speakers"
else skip "the code generator is inside rnnc"; fi

# -- streams ------------------------------------------------------------------------------------------------------------
printf 'model lone {\n  input x[t]\n  output y[t]\n  y[t] = 2 * x[t]\n}\n' > models/lone.rnn
input=$speakers
expect "a model from standard input" 0 "$rnnc" check -
expect "its equations" 0 "$rnnc" --emit=equations -
expect "to standard output by name" 0 "$rnnc" --emit=equations -o - -
input=
printf 'model m {\n  output y[t]\n  y[t] = foo(y[t-1])\n}\n' > wrong.rnn
input=wrong.rnn
expect "an error on standard input" 1 "$rnnc" check -
says "has that name" "^<stdin>:3:10: error" log
input=models/lone.rnn
expect "standard input needs a name for the result" 2 "$rnnc" -c -
expect "an object to standard output" 0 "$rnnc" -c --inference -o - -
cp out piped.o
expect "is one" 0 sh -c 'head -c 4 piped.o | grep -q ELF'
expect "an executable does not go there" 2 "$rnnc" -o - -
input=
expect "a pipe that closes early" 0 bash -c "'$rnnc' --help=all | head -n 1 > /dev/null; s=\${PIPESTATUS[0]}; test \$s = 0 -o \$s = 141"
cp log said
expect "is no reason to talk" 1 test -s said
expect "nor for a child that ignores SIGPIPE" 0 python3 -c "
import subprocess, signal
p = subprocess.Popen(['$rnnc', '--help=all'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
p.stdout.close()
said = p.stderr.read()
assert p.wait() == 0 and not said, said"
expect "a full disk is a failure" 3 sh -c "'$rnnc' --help > /dev/full"

# -- colour -------------------------------------------------------------------------------------------------------------
colour() { # NAME YES|NO COMMAND.. (in a terminal)
  name=$1 want=$2
  shift 2
  script -qec "$*" /dev/null > out 2>&1 < /dev/null
  if grep -q "$(printf '\033')\[1;31m" out; then got=yes; else got=no; fi
  expect "colour $name" 0 test $got = "$want"
}
if command -v script > /dev/null; then
  export TERM=xterm
  colour "on a terminal" yes "$rnnc check wrong.rnn"
  colour "not with NO_COLOR" no "NO_COLOR=1 $rnnc check wrong.rnn"
  colour "an empty NO_COLOR says nothing" yes "NO_COLOR= $rnnc check wrong.rnn"
  colour "not with TERM=dumb" no "TERM=dumb $rnnc check wrong.rnn"
  colour "by option against NO_COLOR" yes "NO_COLOR=1 $rnnc check --color=always wrong.rnn"
  colour "not by option" no "$rnnc check --color=never wrong.rnn"
  colour "not into a file" no "$rnnc check wrong.rnn 2> file; cat file"
  colour "forced into a file" yes "CLICOLOR_FORCE=1 $rnnc check wrong.rnn 2> file; cat file"
  colour "NO_COLOR before CLICOLOR_FORCE" no "NO_COLOR=1 CLICOLOR_FORCE=1 $rnnc check wrong.rnn"
  colour "CLICOLOR_FORCE=0 says nothing" no "CLICOLOR_FORCE=0 $rnnc check wrong.rnn 2> file; cat file"
  colour "of rnnc run" yes "$rnnc run wrong.rnn info --color=always 2> file; cat file"
  colour "of rnnc itself" no "$rnnc --color=never wrong.rnn -o x"
else skip "colour: there is no script(1)"; fi

# -- imports, and rules for make ----------------------------------------------------------------------------------------
expect "an import that is not found" 1 "$rnnc" check models/scaled.rnn
expect "by -I" 0 "$rnnc" check -I models/parts models/scaled.rnn
expect "by the second of a list" 0 "$rnnc" check -I nowhere:models/parts models/scaled.rnn
expect "by the second -I of rnnc run" 0 "$rnnc" run models/scaled.rnn info -I nowhere -I models/parts
cd models || exit 2
cat > Makefile << 'end'
all: scaled.o lone.o
%.o: %.rnn
	$(RNNC) -c -I parts -MD -MP $< -o $@ && echo $@ >> made
-include $(wildcard *.d)
end
rebuilt() { # NAME WHAT..: of a make
  what=$1
  shift
  rm -f made; : > made
  expect "$what: make" 0 make -s "RNNC=$rnnc"
  expect "$what: made is '$*'" 0 test "$(sort made | tr '\n' ' ')" = "$*"
}
later() { sleep 0.02; touch "$1"; }
rebuilt "at first" "lone.o scaled.o "
says "the rule names the import, no absolute path" '^scaled\.o scaled\.h: scaled\.rnn' scaled.d
expect "no absolute path" 1 grep -q "$scratch" scaled.d
rebuilt "again" ""
later parts/scale.rnn; rebuilt "the import changed" "scaled.o "
later lone.rnn; rebuilt "one model changed" "lone.o "
sed -i '/^import/d; s/scale(h/2 * (h/' scaled.rnn; rm parts/scale.rnn; rebuilt "the import is gone" "scaled.o "
rebuilt "and forgotten" ""
cd ..
cp models/lone.rnn 'a #1 b.rnn'
expect "a name with blanks" 0 "$rnnc" -MD -MF rule.d -MT 'to $x' -MT other -S 'a #1 b.rnn'
says "is quoted" '^to\\ $$x other: a\\ \\#1\\ b.rnn$' rule.d
expect "-S writes a file" 0 test -s 'a #1 b.s'
expect "-### prints the linker's command" 0 "$rnnc" '-###' models/lone.rnn -o never
says "in quotes" "^'.*' '-o' 'never' .*librnn.a" out
expect "and makes nothing" 1 test -e never
expect "-v" 0 "$rnnc" -v -O1 models/lone.rnn -o lone
says "names the target" "^target: .*, -O1$" log
expect "--print=libs links" 0 sh -c "echo 'int rnn_threads(void); int main(void) { return 0; }' > p.c && ${CC:-cc} p.c \$('$rnnc' --print=libs) \$('$rnnc' --print=cflags) -o p"
expect "--print=includedir has rnn.h" 0 sh -c "test -f \$('$rnnc' --print=includedir)/rnn.h"
expect "--print=libdir has librnn.a" 0 sh -c "test -f \$('$rnnc' --print=libdir)/librnn.a"

# -- info ---------------------------------------------------------------------------------------------------------------
for m in "$root"/examples/*/*.rnn "$root"/tests/embed/models/memory.rnn; do
  expect "info of $(basename "$m")" 0 "$rnnc" info "$m"
  "$rnnc" info --json "$m" > info.json
  "$rnnc" run "$m" info --json > full.json
  expect "and the runtime's say the same" 0 python3 "$here/same_info.py" info.json full.json
done
expect "info of a wrong model" 1 "$rnnc" info wrong.rnn

# -- new: the commands it prints work -----------------------------------------------------------------------------------
PATH=$(dirname "$rnnc"):$PATH
for t in forecast text classify; do
  expect "new --template $t" 0 "$rnnc" new "my-$t" --template $t
  sed -n '/^Next:/,$p' out | sed '1d; s/^  //' > commands
  expect "$t: some commands" 0 test "$(wc -l < commands)" -ge 6
  { echo "cd my-$t"; sed -n 's/^    //p' "my-$t/README.md"; } > page
  expect "$t: they are the README's" 0 cmp page commands
  expect "$t: all of them work" 0 sh -e commands
  expect "$t: fmt has nothing to change" 0 "$rnnc" fmt --check "my-$t/my_$t.rnn"
done
expect "new where something is" 3 "$rnnc" new my-text
says "names it" "my-text" log
expect "a keyword as a name" 0 "$rnnc" new model
expect "is made another" 0 "$rnnc" check model/m_model.rnn

# -- settings -----------------------------------------------------------------------------------------------------------
cd my-forecast || exit 2
m=my_forecast.rnn
"$rnnc" help --man | sed -n '/^\.SH SETTINGS/,/^\.SH EXIT/p' | sed -n 's/^\.B //p' | grep -v -e '-' > settings
expect "there are settings" 0 test "$(wc -l < settings)" -ge 20
expect "a setting that there is not" 2 "$rnnc" run $m train --set train.bach=8
says "is corrected" "did you mean 'batch'" log
expect "a value of the wrong form" 2 "$rnnc" run $m train --set batch=many
says "is told" "setting batch" log
expect "--print-config" 0 "$rnnc" run $m train --print-config --set train.batch=8 --epochs 3
cp out config
while read -r s; do says "it has $s" "^  \(# \)\{0,1\}$s = " config; done < settings
says "of the command line" '^  batch = 8  *# caller$' config
says "by its own option" '^  epochs = 3  *# caller$' config
says "of the model" '^  clip = norm(1)  *# model$' config
says "of nobody" '^  shuffle = true  *# default$' config
{ sed '/^  train {/,$d' $m; cat config; echo '}'; } > again.rnn
expect "it is a train block" 0 "$rnnc" run again.rnn train --print-config
sed 's/ *#.*//; s/1\.0$/1/' out > second
sed 's/ *#.*//; s/1\.0$/1/' config > first
expect "that says the same" 0 cmp first second
expect "a run with a log" 0 "$rnnc" run $m train --set train.steps=3 --log metrics.jsonl --set 'optimizer=sgd(0.01)' -q
expect "has a record" 0 python3 -c "
import json
r = json.load(open('metrics.run.json'))
names = open('settings').read().split()
assert sorted(r['settings']) == sorted(names) and sorted(r['from']) == sorted(names), names
assert r['settings']['steps'] == '3' and r['from']['steps'] == 'caller' and r['from']['clip'] == 'model' and r['from']['seed'] == 'default'
assert r['settings']['optimizer'].startswith('sgd') and r['version'] and r['blas'] and r['checkpoint']
start = json.loads(open('metrics.jsonl').readline())
assert start['settings'] == r['settings']"
expect "the checkpoint has them" 0 "$rnnc" run $m train --print-config --resume my_forecast.ckpt.safetensors
says "as its own" '^  steps = 3  *# checkpoint$' out
expect "settings from a record" 0 "$rnnc" run $m train --print-config --config metrics.run.json --batch 4
says "are the caller's" '^  steps = 3  *# caller$' out
expect "the same twice" 0 "$rnnc" run $m train --print-config --config metrics.run.json
echo '{"batch": 8, "clip": "norm(2)", "carry": false, "train.optimizer": "sgd(rate = 0.1)", "epochs": 2.5}' > some.json
expect "a number that is none" 2 "$rnnc" run $m train --print-config --config some.json
echo '{"batch": 8, "clip": "norm(2)", "carry": false, "train.optimizer": "sgd(rate = 0.1)"}' > some.json
expect "settings from a file" 0 "$rnnc" run $m train --print-config --config some.json --set batch=9
cp out config
says "a text" '^  clip = norm(2)' config
says "a flag" '^  carry = false  *# caller$' config
says "and --set goes before" '^  batch = 9' config
echo '{"bach": 8}' > some.json
expect "a setting that there is not" 2 "$rnnc" run $m train --config some.json
says "is corrected" "did you mean 'batch'" log
echo '{"batch": [8]}' > some.json
expect "a list" 2 "$rnnc" run $m train --config some.json
echo '{"batch": 8' > some.json
expect "no JSON" 3 "$rnnc" run $m train --config some.json
says "says where" "some.json:[12]:" log
expect "no file" 3 "$rnnc" run $m train --config none.json
expect "weights alone have none" 3 "$rnnc" run $m train --print-config --resume my_forecast.safetensors
cd ..

# -- doctor, version, targets -------------------------------------------------------------------------------------------
expect "doctor" 0 "$rnnc" doctor
cp out doctor
for c in BLAS threads linker code library "this folder"; do says "doctor: $c" "^ok  *$c" doctor; done
expect "doctor without a C compiler" 3 env CC=no-such-compiler "$rnnc" doctor
says "says so" "^FAILED  *linker" out
expect "nothing is left behind" 0 test -z "$(ls -d rnnc-doctor-* "${TMPDIR:-/tmp}"/rnnc-doctor-* 2> /dev/null)"
expect "version --verbose" 0 "$rnnc" version --verbose
says "names BLAS" "^BLAS: OpenBLAS" out
expect "targets" 0 "$rnnc" targets
cp out targets
for t in aarch64 riscv64 wasm32; do says "targets: $t" "^$t " targets; done

# -- several stages -----------------------------------------------------------------------------------------------------
expect "stages into files" 0 "$rnnc" --emit=ast=a.txt,llvm=b.txt --emit=asm=c.txt,json=d.txt,adjoint "$speakers"
cp out adjoint
for s in ast=a llvm=b asm=c json=d; do
  expect "alone" 0 "$rnnc" --emit=${s%=*} "$speakers"
  cp out alone
  expect "$s is the same alone" 0 cmp alone ${s#*=}.txt
done
expect "adjoint alone" 0 "$rnnc" --emit=adjoint "$speakers"
cp out alone
expect "is the same" 0 cmp alone adjoint
refused "did you mean 'json'" --emit=ast,jsom "$speakers"
refused "did you mean 'asm'" --emit=ast=x,am "$speakers"
refused "several stages" --emit=ast,asm -o x "$speakers"
refused "name is missing" --emit=ast= "$speakers"
refused "not ''" --emit= "$speakers"
expect "a rule for a stage" 0 "$rnnc" --emit=asm=c.s -MD "$speakers"
says "names its file" "^c.s: .*speakers.rnn" c.d

# -- the manual page ----------------------------------------------------------------------------------------------------
"$rnnc" help --man > rnnc.1
if command -v mandoc > /dev/null; then
  expect "mandoc has nothing to say" 0 mandoc -T lint -W style rnnc.1
  mandoc -T ascii rnnc.1 | sed 's/.\x08//g' > page
  for c in $commands; do says "the page has $c" "^   rnnc $c" page; done
  says "and settings" "^       teacher_forcing" page
  says "and exit codes" "^EXIT STATUS" page
else skip "there is no mandoc"; fi
if command -v groff > /dev/null; then
  expect "groff" 0 groff -man -Tutf8 -ww -z rnnc.1
  cp log said
  expect "has nothing to say" 1 test -s said
else skip "there is no groff"; fi

# -- completions --------------------------------------------------------------------------------------------------------
cd "$root" || exit 2
for shell in bash zsh fish; do
  command -v $shell > /dev/null || { skip "completion: there is no $shell"; continue; }
  "$rnnc" completion $shell > "$scratch/script.$shell"
  while IFS='|' read -r line want; do
    case $shell in
    bash) answer=$(bash "$here/complete.bash" "$scratch/script.bash" "$line" | sort | tr '\n' ' ') ;;
    fish) answer=$(fish --no-config -c "source $scratch/script.fish; complete -C '$line'" 2>&1 | cut -f1 | sed 's/^--[a-z]*=\(.\)/\1/' | sort | tr '\n' ' ') ;;
    zsh) answer=$(python3 "$here/complete_zsh.py" "$scratch/script.zsh" "$line" "$want") ;;
    esac
    answer=$(echo "$answer" | sed 's/=//g; s/ *$//')
    if test "$answer" = "$want"; then passed=$((passed + 1)); else
      failed=$((failed + 1))
      echo "FAILED: $shell completes '$line' to '$answer', not '$want'"
    fi
  done << 'end'
rnnc chec|check
rnnc --emit=adj|adjoint
rnnc --target=wasm|wasm32
rnnc check lang/lstm_pe|lang/lstm_peephole.rnn
rnnc run x.rnn trai|train
rnnc run x.rnn train --epo|--epochs
rnnc run x.rnn train --set teacher|teacher_forcing
rnnc run x.rnn train --progress=pl|plain
rnnc bench x.rnn --mode=st|step
rnnc completion z|zsh
rnnc help evalu|evaluate
rnnc explain E0121|E0121
rnnc check -W no-ped|no-pedantic
rnnc check --warn=no-unused-par|no-unused-parameter
rnnc new --template=cl|classify
rnnc import docs/perf|docs/performance.md
rnnc import w.npz --from=ke|keras
end
done

finish
