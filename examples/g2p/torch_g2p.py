"""torch_g2p.py: the model of g2p.rnn in PyTorch, for comparison: the same sizes, batches of like length, optimiser, schedule, clipping.

  pip install torch
  python3 torch_g2p.py --weights FILE [--epochs N] [--beam N] [--seed N] [--threads N]    trains from weights of rnnc (`init` writes first ones),
                                                                                          then decodes; 0 epochs: decodes what rnnc trained
  python3 torch_g2p.py --weights FILE --rnnc PATH [--rounds N]                            epochs of both in turn: seconds of each

PyTorch's GRU has a second bias for r and z; it begins at 0."""
import argparse
import csv
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests"))
import weights  # noqa: E402

END, BATCH, RATE, LAST_RATE, DROPPED = 0, 64, 2e-3, 1e-4, 0.3


def read_data():
    """{part: [(letters, phonemes and the end)]} as numbers, labels in the order of their names: <end> first."""
    with open(os.path.join(HERE, "g2p.csv")) as f:
        rows = list(csv.DictReader(f))
    letters = sorted({c for r in rows for c in r["word"]})
    phonemes = ["<end>"] + sorted({p for r in rows for p in r["phonemes"].split()})
    parts = {}
    for r in rows:
        x, y = [letters.index(c) for c in r["word"]], [phonemes.index(p) for p in r["phonemes"].split()] + [END]
        parts.setdefault(r["split"], []).append((x, y))
    return parts


class G2p(nn.Module):
    def __init__(self, units=128, letters=26, phonemes=40, width=64):
        super().__init__()
        self.units = units
        self.letter = nn.Embedding(letters, width)
        self.encoder = nn.GRU(width, units, bidirectional=True, batch_first=True)
        self.key, self.query = nn.Linear(2 * units, units, bias=False), nn.Linear(units, units, bias=False)
        self.v = nn.Parameter(torch.empty(units))
        self.first = nn.Linear(units, units)
        self.phoneme = nn.Embedding(phonemes + 1, width, padding_idx=phonemes)  # the last: none, zero
        self.decoder = nn.GRUCell(width + 2 * units, units)
        self.out = nn.Linear(3 * units, phonemes)

    @torch.no_grad()
    def load(self, w):
        """Parameters by the names of g2p.rnn."""
        w = {name: torch.from_numpy(a.copy()).float() for name, a in w.items()}

        def gru(of, w_ih, w_hh, b_ih, b_hh):
            w_ih.copy_(torch.cat([w[f"{of}.W{g}"] for g in "rzn"]))
            w_hh.copy_(torch.cat([w[f"{of}.U{g}"] for g in "rzn"]))
            b_ih.copy_(torch.cat([w[f"{of}.b{g}"] for g in "rzn"]))
            b_hh.zero_()[2 * self.units:] = w[f"{of}.cn"]

        e = self.encoder
        gru("f", e.weight_ih_l0, e.weight_hh_l0, e.bias_ih_l0, e.bias_hh_l0)
        gru("b", e.weight_ih_l0_reverse, e.weight_hh_l0_reverse, e.bias_ih_l0_reverse, e.bias_hh_l0_reverse)
        gru("d", self.decoder.weight_ih, self.decoder.weight_hh, self.decoder.bias_ih, self.decoder.bias_hh)
        self.letter.weight.copy_(w["e.E"].T)
        self.phoneme.weight.zero_()[:-1] = w["d.embedding.E"].T
        for to, name in ((self.key.weight, "Wk"), (self.query.weight, "Wq"), (self.v, "v"), (self.first.weight, "W0"), (self.first.bias, "b0"),
                         (self.out.weight, "y.dense.W"), (self.out.bias, "y.dense.b")):
            to.copy_(w[name])

    def encode(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.letter(x), lengths, batch_first=True, enforce_sorted=False)
        g, last = self.encoder(packed)
        g, _ = nn.utils.rnn.pad_packed_sequence(g, batch_first=True)
        if self.training:
            g = g * nn.functional.dropout(torch.ones_like(g[:, :1]), DROPPED)  # one mask a word
        outside = torch.arange(g.shape[1]) >= lengths[:, None]
        return g, self.key(g), outside, torch.tanh(self.first(last[1]))

    def step(self, e, d, g, k, outside):
        score = torch.tanh(self.query(d)[:, None] + k) @ self.v
        a = torch.softmax(score.masked_fill(outside, -math.inf), 1)
        c = torch.bmm(a[:, None], g)[:, 0]
        d = self.decoder(torch.cat([e, c], 1), d)
        return d, torch.cat([d, c], 1)

    def forward(self, x, lengths, y):
        g, k, outside, d = self.encode(x, lengths)
        none = torch.full_like(y[:, :1], self.phoneme.padding_idx)
        e = self.phoneme(torch.cat([none, y[:, :-1].clamp(min=0)], 1))
        seen = []
        for t in range(y.shape[1]):
            d, o = self.step(e[:, t], d, g, k, outside)
            seen.append(o)
        return self.out(nn.functional.dropout(torch.stack(seen, 1), DROPPED, self.training))


def batch_of(pairs):
    longest = [max(len(p[k]) for p in pairs) for k in (0, 1)]
    x = torch.tensor([p[0] + [0] * (longest[0] - len(p[0])) for p in pairs])
    y = torch.tensor([p[1] + [-1] * (longest[1] - len(p[1])) for p in pairs])
    return x, torch.tensor([len(p[0]) for p in pairs]), y


def batches_of_an_epoch(pairs):
    """16 batches at a time are dealt out by length, then the batches put into an order of their own."""
    pairs = random.sample(pairs, len(pairs))
    batches = []
    for k in range(0, len(pairs), 16 * BATCH):
        near = sorted(pairs[k:k + 16 * BATCH], key=lambda p: (len(p[1]), len(p[0])))
        batches += [near[j:j + BATCH] for j in range(0, len(near), BATCH)]
    random.shuffle(batches)
    return batches


def loss_of(model, x, lengths, y, reduction="mean"):
    o = model(x, lengths, y)
    return nn.functional.cross_entropy(o.reshape(-1, o.shape[-1]), y.reshape(-1), ignore_index=-1, reduction=reduction)


def train_epoch(model, optimiser, schedule, pairs):
    start = time.perf_counter()
    model.train()
    for pairs_of_batch in batches_of_an_epoch(pairs):
        optimiser.zero_grad()
        loss_of(model, *batch_of(pairs_of_batch)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return time.perf_counter() - start


@torch.no_grad()
def evaluate(model, pairs):
    model.eval()
    total = steps = 0
    for k in range(0, len(pairs), BATCH):
        x, lengths, y = batch_of(pairs[k:k + BATCH])
        total += float(loss_of(model, x, lengths, y, "sum"))
        steps += int((y >= 0).sum())
    return total / steps


@torch.no_grad()
def decode(model, words, beam):
    """The likeliest phonemes of each word by a beam search; with a beam of 1 the likeliest at each step."""
    lengths = torch.tensor([len(x) for x in words])
    x = torch.tensor([x + [0] * (int(lengths.max()) - len(x)) for x in words])
    of_row = torch.arange(len(words)).repeat_interleave(beam)
    g, k, outside, d = (v[of_row] for v in model.encode(x, lengths))
    score = torch.full((len(words), beam), -math.inf)  # of the hypotheses in the beam: at first one, of no symbols
    score[:, 0] = 0
    last = torch.full((len(of_row),), model.phoneme.padding_idx)
    said, done = [[] for _ in of_row], [(-math.inf, []) for _ in words]
    for _ in range(2 * x.shape[1] + 10):
        d, o = model.step(model.phoneme(last), d, g, k, outside)
        p = torch.log_softmax(model.out(o), 1)
        best, place = (score.reshape(-1, 1) + p).reshape(len(words), -1).topk(beam)
        row, last = place // p.shape[1] + beam * torch.arange(len(words))[:, None], place % p.shape[1]
        for word, of in enumerate(done):  # what ends leaves the beam
            ended = [(best[word, j].item(), said[row[word, j]]) for j in (last[word] == END).nonzero()[:, 0]]
            done[word] = max([of, *ended], key=lambda h: h[0])
        score = best.masked_fill(last == END, -math.inf)
        said = [said[i] + [symbol] for i, symbol in zip(row.reshape(-1).tolist(), last.reshape(-1).tolist())]
        d, last = d[row.reshape(-1)], last.reshape(-1)
        if all(of[0] >= s for of, s in zip(done, score.max(1).values.tolist())):
            break
    return [of[1] if of[0] > -math.inf else said[beam * word] for word, of in enumerate(done)]


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, p in enumerate(a):
        before, row[0] = row[0], i + 1
        for j, q in enumerate(b):
            before, row[j + 1] = row[j + 1], min(row[j + 1] + 1, row[j] + 1, before + (p != q))
    return row[-1]


def error_rates(model, pairs, beam):
    wrong = []
    for k in range(0, len(pairs), BATCH):
        part = pairs[k:k + BATCH]
        wrong += [edits(said, y[:-1]) for said, (_, y) in zip(decode(model, [x for x, _ in part], beam), part)]
    return sum(wrong) / sum(len(y) - 1 for _, y in pairs), sum(e > 0 for e in wrong) / len(pairs)


def rnnc_epoch(a, folder):
    """(seconds, processor seconds) of one epoch by rnnc, its compilation and validation not counted in the first."""
    log, before = os.path.join(folder, "log.jsonl"), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([a.rnnc, "run", os.path.join(HERE, "g2p.rnn"), "train", "--epochs", "1", "--threads", str(a.threads), "--weights", a.weights,
                    "--out", os.path.join(folder, "w.safetensors"), "--save", os.path.join(folder, "c.safetensors"), "--log", log, "--quiet"],
                   check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log) as f:
        events = [json.loads(line) for line in f]
    steps = [e["seconds"] for e in events if e["event"] == "step"]
    return (steps[-1] - steps[0]) * len(steps) / (len(steps) - 1), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(a, model, optimiser, schedule, pairs):
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for k in range(a.rounds):
            before = time.process_time()
            seconds = train_epoch(model, optimiser, schedule, pairs)
            theirs.append((seconds, time.process_time() - before))
            ours.append(rnnc_epoch(a, folder))
            print(f"round {k + 1}: rnnc {ours[-1][0]:.1f} s, of a processor {ours[-1][1]:.1f} s; "
                  f"PyTorch {theirs[-1][0]:.1f} s, of a processor {theirs[-1][1]:.1f} s", flush=True)
    for name, k in (("seconds", 0), ("processor seconds", 1)):
        o, t = (statistics.median(pair[k] for pair in side) for side in (ours, theirs))
        print(f"median {name} an epoch: rnnc {o:.1f}, PyTorch {t:.1f}, PyTorch / rnnc {t / o:.2f}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", required=True)
    p.add_argument("--rnnc")
    for name, value in (("epochs", 20), ("beam", 5), ("seed", 0), ("threads", 1), ("rounds", 5)):
        p.add_argument(f"--{name}", type=int, default=value)
    a = p.parse_args()
    random.seed(a.seed)
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    parts, model = read_data(), G2p()
    model.load(weights.load_file(a.weights))
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    updates = max(1, a.epochs) * math.ceil(len(parts["train"]) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates, LAST_RATE)
    if a.rnnc:
        return compare(a, model, optimiser, schedule, parts["train"])
    best, kept = math.inf, None
    for epoch in range(a.epochs):
        seconds = train_epoch(model, optimiser, schedule, parts["train"])
        loss = evaluate(model, parts["valid"])
        print(f"epoch {epoch + 1}: {seconds:.1f} s, validation loss {loss:.5f}", flush=True)
        if loss < best:
            best, kept = loss, {name: v.clone() for name, v in model.state_dict().items()}
    model.load_state_dict(kept or model.state_dict())
    print(f"test loss {evaluate(model, parts['test']):.6f}")
    for beam in (1, a.beam):
        phonemes, words = error_rates(model, parts["test"], beam)
        print(f"beam {beam}: phoneme error rate {phonemes:.4f}, word error rate {words:.4f}")


if __name__ == "__main__":
    main()
