// wasm.mjs MODULE JSON: runs a streaming step over what the JSON holds; every output as eight hexadecimal digits a line.
import fs from 'fs';
const [module, about] = process.argv.slice(2);
const j = JSON.parse(fs.readFileSync(about));
const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(module)), {});
const { memory, __heap_base, [j.entry]: step } = instance.exports;
let free = (__heap_base.value + 63) & ~63;
const room = (bytes) => {
  const at = free;
  free = (free + bytes + 63) & ~63;
  const lacks = free - memory.buffer.byteLength;
  if (lacks > 0) memory.grow(Math.ceil(lacks / 65536));
  return at;
};
const put = (at, words) => new Uint32Array(memory.buffer, at, words.length).set(words);
const array = (words) => { const at = room(4 * words.length); put(at, words); return at; };
const weights = array(j.weights), state = room(j.state), out = j.outputs.map((n) => room(4 * n)), outs = array(out);
put(state, new Array(j.state / 4).fill(0));
for (const row of j.inputs) {
  step(weights, state, array(row.map(array)), outs);
  out.forEach((at, k) => {
    for (const w of new Uint32Array(memory.buffer, at, j.outputs[k])) console.log(w.toString(16).padStart(8, '0'));
  });
}
