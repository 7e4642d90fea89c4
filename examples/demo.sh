#!/bin/sh
# demo.sh [EPOCHS]: builds rnnc, compiles the character model to an executable, trains it on the King James text for a couple of minutes
# (10 epochs), says how good it is on text that it has not seen, and lets it write. What it makes lies in build/demo.
set -eu
epochs=${1:-10}
case $epochs in '' | 0 | *[!0-9]*) echo "usage: sh examples/demo.sh [EPOCHS]" >&2; exit 2 ;; esac
cd "$(dirname "$0")/.."
sh tests/setup.sh
folder=$PWD/build/demo
mkdir -p "$folder"
echo "== compiling examples/charlm/charlm.rnn to an executable"
build/rnnc examples/charlm/charlm.rnn -o "$folder/charlm"
cp -f examples/charlm/kjv_genesis_exodus.txt "$folder/"
cd "$folder"
echo "== training: $epochs epochs (the full run, ./charlm train, has 30)"
./charlm train --set train.epochs="$epochs" --set "train.schedule=cosine(over = $epochs epochs, to = 1e-5)" --out demo.safetensors --log demo.jsonl
echo "== on the test part, the last 5 % of the text"
./charlm evaluate --weights demo.safetensors | awk '/^x / {print $4 " bits per character (interpolated 5-gram counts: 1.588)"}'
echo "== 400 characters by the model"
./charlm sample --weights demo.safetensors --length 400 --temperature 0.7 --prime 'And God said'
echo
echo "== more: cd build/demo; ./charlm sample --weights demo.safetensors --prime 'And Moses' --temperature 0.5; ./charlm --help"
