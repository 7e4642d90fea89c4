#!/bin/sh
# demo.sh: builds rnnc, compiles the character model to an executable, trains it on the King James text for a couple of minutes, says how
# good it is on text that it has not seen, and lets it write.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
folder=$PWD/build/demo
mkdir -p "$folder"
echo "== compiling examples/charlm/charlm.rnn"
build/rnnc examples/charlm/charlm.rnn -o "$folder/charlm"
cp examples/charlm/kjv_genesis_exodus.txt "$folder/"
cd "$folder"
echo "== training: 10 epochs (the full run has 90)"
./charlm train --set train.epochs=10 --set 'train.schedule=cosine(over = 10 epochs, to = 1e-5)' --out demo.safetensors
echo "== on the test part, the last 5 % of the text (5-gram counts: 1.588 bits per character)"
./charlm evaluate --weights demo.safetensors
echo "== 400 characters by the model"
./charlm sample --weights demo.safetensors --length 400 --temperature 0.7 --prime 'And God said'
echo
echo "weights: build/demo/demo.safetensors    more: build/demo/charlm sample --help"
