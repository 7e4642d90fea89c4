"""report.py RNNC: rnnc report on the logs of trainings, whole, resumed, cut off and spoilt: the page is well-formed, needs nothing from
elsewhere, escapes what it shows, and a browser draws it.

Needs: numpy. The browser's part is left out, with a line that says so, where there is none: Debian's are large."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check as expect, finish  # noqa: E402

rnnc = os.path.abspath(sys.argv[1])
HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"

MODEL = """model wave {
  input  x[t] : real[2]
  target c[t] : token[3]
  h[t] = elman(6)(x[t])
  p[t] = dense(3)(h[t])
  c[t] ~ categorical(p[t])
  metric accuracy = mean[t](c[t] == argmax(p[t]))
  output p[t]
  train {
    data = npz("data.npz")   validate = 0.25   batch = 8   epochs = 4   optimizer = adam(rate = 0.02)   clip = norm(0.2)
  }
}
"""


def run(*words):
    done = subprocess.run([rnnc, *words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def page(name, *words):
    """The page's tree"""
    code, _, err = run("report", *words, "-o", "page.html")
    if not expect(name, code == 0, err):
        return None
    with open("page.html", encoding="utf-8") as f:
        text = f.read()
    expect(f"{name}: needs nothing from elsewhere", not re.search(r"<script|<link|<img|<iframe|@import|url\(|src=|href=", text), text[:500])
    expect(f"{name}: one doctype", text.startswith("<!DOCTYPE html>\n<html"))
    try:
        tree = xml.fromstring(text.split("\n", 1)[1])
    except xml.ParseError as why:
        expect(f"{name}: well-formed", False, why)
        return None
    numbers = [a for e in tree.iter() for k, a in e.attrib.items() if k in ("x", "y", "d", "cx", "cy", "x1", "y1")]
    expect(f"{name}: places are numbers", not [n for n in numbers if "nan" in n or "inf" in n])
    return tree


def charts(tree):
    return {s.find(SVG + "title").text: s for s in tree.iter(SVG + "svg")}


def words(element):
    return " ".join(t.strip() for t in element.itertext())


def pairs(tree):
    """the table on top: first column to second"""
    return {r[0].text: r[1].text for r in next(tree.iter(HTML + "table"))}


def make_run():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((32, 12, 2))
    np.savez("data.npz", x=x, c=(x[:, :, 0] > 0).astype(np.int64) + (x[:, :, 1] > 0))
    with open("wave.rnn", "w") as f:
        f.write(MODEL)
    code, _, err = run("run", "wave.rnn", "train", "--log", "metrics.jsonl", "--save", "wave.ckpt.safetensors", "-q")
    return expect("a training", code == 0, err)


def events():
    with open("metrics.jsonl") as f:
        return [json.loads(line) for line in f]


def whole():
    tree = page("a log", "metrics.jsonl")
    shown, log = charts(tree), events()
    expect("charts", list(shown) == ["Loss", "Metric accuracy", "Gradient norm", "Clipping", "Learning rate", "Time"], list(shown))
    steps = [e for e in log if e["event"] == "step"]
    for name, curves in (("Loss", 3), ("Gradient norm", 2), ("Metric accuracy", 1)):
        drawn = [p for p in shown[name].iter(SVG + "path") if p.get("class") == "curve"]
        expect(f"{name} has {curves} curves", len(drawn) == curves, len(drawn))
    first = next(p for p in shown["Loss"].iter(SVG + "path") if p.get("class") == "curve").get("d")
    expect("each update is a point", len(re.findall("[ML]", first)) == len(steps), first)
    expect("one line", first.count("M") == 1)
    ticks = [t.text for t in shown["Loss"].iter(SVG + "text") if t.get("class") == "tick"]
    expect("round ticks", all(len(t) <= 5 for t in ticks if t[0].isdigit()), ticks)
    top, end = pairs(tree), log[-1]
    expect("outcome", top["outcome"] == "finished" and top["updates"] == str(end["step"]), top)
    expect("clipped", top["clipped updates"] == f"{end['clip_acted']} of {end['clip_seen']} in this log", top)
    expect("the best loss", top["best validation loss"].startswith("%.6g" % end["best"]), top)
    text = words(tree)
    expect("settings, and where from", "norm(0.2) model" in text and "metrics.jsonl caller" in text)
    expect("the record", json.load(open("metrics.run.json"))["hash"] in text)
    where_the_curve_is(shown["Learning rate"], 0.02)


def where_the_curve_is(chart, value):
    """A constant is drawn at the height that the ticks say"""
    y = float(re.match(r"M[\d.]+ ([\d.]+)", next(p for p in chart.iter(SVG + "path") if p.get("class") == "curve").get("d"))[1])
    ticks = [(float(t.text), float(t.get("y")) - 4) for t in chart.iter(SVG + "text") if t.get("text-anchor") == "end"]
    (a, at_a), (b, at_b) = ticks[0], ticks[-1]
    expect("a value stands at its tick", abs(at_a + (value - a) / (b - a) * (at_b - at_a) - y) < 0.2, (ticks, y))


def more():
    odd = "</pre><script>alert('x')</script> & \"quoted\" \x01 \u00e9\n"
    with open("sample <b>.txt", "wb") as f:
        f.write(odd.encode() + b"\xff\xfe")
    code, _, err = run("run", "wave.rnn", "forward", "--data", "data.npz", "--weights", "wave.safetensors", "--out", "out.npz")
    expect("forward", code == 0, err)
    tree = page("with all", "wave.ckpt.safetensors", "--samples", "sample <b>.txt", "--predictions", "out.npz")
    pre = next(tree.iter(HTML + "pre")).text
    expect("what the model wrote, as text", pre == odd.replace("\x01", "\ufffd") + "\ufffd\ufffd", repr(pre))
    expect("its file's name", "sample <b>.txt" in words(tree))
    shown = charts(tree)
    expect("predictions", {"p of sequence 1", "p of sequence 3"} <= set(shown) and "p of sequence 4" not in shown, list(shown))
    drawn = [p for p in shown["p of sequence 1"].iter(SVG + "path") if p.get("class") == "curve"]
    expect("their components", len(drawn) == 3)
    text = words(tree)
    expect("parameters of the checkpoint", "h.U [6, 6] 36" in text and "optim." not in text and "best.h" not in text)
    shutil.rmtree("folder", ignore_errors=True)
    os.mkdir("folder")
    shutil.copy("metrics.jsonl", "folder")
    page("a folder", "folder", "--weights-file", "wave.safetensors")
    code, out, _ = run("report", "folder", "-o", "-")
    expect("to standard output", code == 0 and out.startswith("<!DOCTYPE html>"))


def resumed():
    shutil.copy("metrics.jsonl", "first.jsonl")
    code, _, err = run("run", "wave.rnn", "train", "--resume", "wave.ckpt.safetensors", "--epochs", "6", "--log", "metrics.jsonl", "-q")
    expect("a resumed training", code == 0, err)
    tree = page("a resumed log", "metrics.jsonl")
    d = next(p for p in charts(tree)["Loss"].iter(SVG + "path") if p.get("class") == "curve").get("d")
    expect("two lines, one a training", d.count("M") == 2, d)
    times = [float(n) for n in re.findall(r"[ML][\d.]+ ([\d.]+)", next(p for p in charts(tree)["Time"].iter(SVG + "path") if p.get("class") == "curve").get("d"))]
    expect("time goes on", times == sorted(times, reverse=True), times)


def odd_logs():
    with open("first.jsonl") as f:
        lines = f.readlines()
    with open("cut.jsonl", "w") as f:
        f.write("".join(lines[:5]) + lines[5][:20])
    code, _, err = run("report", "cut.jsonl", "-o", "page.html")
    expect("a log that was cut off", code == 0 and "the last line is cut off" in err, err)
    tree = page("the same", "cut.jsonl")
    expect("says that it has no end", "no end" in pairs(tree)["outcome"] and "cut off" in pairs(tree)["log"])
    first = json.loads(lines[0])
    first["model"] = "<i>&\"'"
    first["settings"]["data"] = "<script>alert(1)</script>"
    with open("odd.jsonl", "w") as f:
        step = {"event": "step", "seconds": 1, "epoch": 0, "norm": 1e308, "rate": 0, "clipped": False}
        f.write(json.dumps(first) + "\n" + '{"event": "news", "of": "a later version"}\n')
        for i, loss in enumerate([1, 1, None, 1, -1e308]):
            f.write(json.dumps({**step, "step": i + 1, "loss": loss}) + "\n")
    tree = page("names like tags, values that are none", "odd.jsonl")
    expect("the name as text", "<i>&\"'" in words(tree) and "<script>" in words(tree))
    loss = next(p for p in charts(tree)["Loss"].iter(SVG + "path") if p.get("class") == "curve").get("d")
    expect("a gap where there is no value", loss.count("M") == 2 and "2 not finite" in words(charts(tree)["Loss"]), loss)
    long = [json.dumps(first)] + [json.dumps({**step, "step": i, "loss": 1 / (i + 1), "norm": 10 ** (i % 7)}) for i in range(100000)]
    with open("long.jsonl", "w") as f:
        f.write("\n".join(long) + "\n")
    tree = page("a long log", "long.jsonl")
    expect("makes no long page", os.path.getsize("page.html") < 200000, os.path.getsize("page.html"))
    expect("what is far apart is logarithmic", "norm, logarithmic" in words(charts(tree)["Gradient norm"]))


def refuses(name, code, says, *arguments):
    with open("page.html", "w") as f:
        f.write("as it was")
    got, out, err = run("report", *arguments)
    expect(f"{name}: code {code}", got == code, f"{got}: {err}")
    expect(f"{name}: says '{says}'", says in err and not out, err)
    expect(f"{name}: no page", open("page.html").read() == "as it was")


def mistakes():
    to = ["-o", "page.html"]
    with open("spoilt.jsonl", "w") as f:
        f.write(open("first.jsonl").readline() + "{\"event\": \n[1]\n")
    refuses("a line that is no JSON", 3, "spoilt.jsonl:2: no JSON object", "spoilt.jsonl", *to)
    with open("other.jsonl", "w") as f:
        f.write("{}\n")
    refuses("another file", 3, "no event 'start'", "other.jsonl", *to)
    refuses("no file", 3, "nowhere.jsonl", "nowhere.jsonl", *to)
    refuses("weights without a log", 3, "is no checkpoint", "wave.safetensors", *to)
    shutil.copy("first.jsonl", "folder/second.jsonl")
    refuses("two logs", 3, "more than one log", "folder", *to)
    refuses("no log", 3, "has no .jsonl", "empty", *to)
    refuses("samples that are not there", 3, "nowhere.txt", "first.jsonl", "--samples", "nowhere.txt", *to)
    refuses("predictions that are none", 3, "first.jsonl", "first.jsonl", "--predictions", "first.jsonl", *to)
    refuses("no -o", 2, "-o report.html", "first.jsonl")


def browser():
    """The page in a browser: what it shows as text, and a picture that is not empty."""
    names = ("chromium", "chromium-headless-shell", "google-chrome")
    program = next((p for p in map(shutil.which, names) if p), None)
    if not program:
        print("skipped: the page in a browser: there is no " + ", ".join(names))
        return
    page("a page for the browser", "metrics.jsonl", "--samples", "sample <b>.txt", "--predictions", "out.npz")
    common = [program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={os.getcwd()}/profile", "--window-size=860,1400"]
    file = "file://" + os.path.abspath("page.html")
    done = subprocess.run([*common, "--dump-dom", file], capture_output=True, text=True, timeout=120)
    expect("a browser reads it", done.stdout.count("<svg") == len(charts(xml.parse("page.html").getroot())), done.stderr[-500:])
    expect("no script came of it", "<script" not in done.stdout)
    subprocess.run([*common, "--screenshot=page.png", file], capture_output=True, timeout=120)
    expect("a browser draws it", os.path.exists("page.png") and os.path.getsize("page.png") > 30000)


folder = tempfile.mkdtemp()
os.chdir(folder)
try:
    os.mkdir("empty")
    if make_run():
        whole()
        more()
        resumed()
        odd_logs()
        mistakes()
        browser()
finally:
    os.chdir("/")
    shutil.rmtree(folder)
finish()
