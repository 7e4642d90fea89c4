"""curve.py LOG OUT.svg [TITLE] [UNIT]: training and validation loss over epochs, from the JSON lines of `train --log`, as an SVG picture.
Losses are shown in bits; where a UNIT is given ("mean squared error"), as they are. Standard library only."""
import json
import math
import sys


def read(path):
    """(epoch, loss) of training, averaged over each epoch's steps, and of validation."""
    sums, valid = {}, []
    with open(path) as f:
        for line in f:
            e = json.loads(line)
            if e["event"] == "step":
                total, n = sums.get(e["epoch"], (0, 0))
                sums[e["epoch"]] = (total + e["loss"], n + 1)
            elif e["event"] == "validation":
                valid.append((e["epoch"], e["loss"]))
    return [(k + 1, total / n) for k, (total, n) in sorted(sums.items())], valid


def draw(train, valid, title, unit):
    scale = 1 if unit else 1 / math.log(2)
    w, h, left, right, top, bottom = 640, 360, 60, 20, 40, 50
    lines = [("training", "#1f6fb4", train), ("validation", "#d2571c", valid)]
    points = [(x, y * scale) for _, _, line in lines for x, y in line]
    x1, y0, y1 = max(x for x, _ in points), 0, max(y for _, y in points)
    step = next(s for s in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5) if y1 / s <= 8)
    digits = max(1, round(0.4 - math.log10(step)))
    y1 = math.ceil(y1 / step) * step
    px = lambda x: left + (w - left - right) * x / x1
    py = lambda y: h - bottom - (h - top - bottom) * (y - y0) / (y1 - y0)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" font-family="sans-serif" font-size="12">',
           f'<rect width="{w}" height="{h}" fill="white"/><text x="{left}" y="24" font-size="14">{title}</text>']
    for k in range(int(round(y1 / step)) + 1):
        y = k * step
        out.append(f'<line x1="{left}" x2="{w - right}" y1="{py(y):.1f}" y2="{py(y):.1f}" stroke="#ddd"/>'
                   f'<text x="{left - 8}" y="{py(y) + 4:.1f}" text-anchor="end">{y:.{digits}f}</text>')
    every = next(s for s in (1, 2, 5, 10, 20, 50, 100) if x1 / s <= 10)
    for k in range(0, int(x1) + 1, every):
        out.append(f'<text x="{px(k):.1f}" y="{h - bottom + 18}" text-anchor="middle">{k}</text>')
    out.append(f'<text x="{(w + left) / 2}" y="{h - 12}" text-anchor="middle">epoch</text>'
               f'<text transform="translate(16 {h / 2}) rotate(-90)" text-anchor="middle">{unit or "bits"}</text>')
    for k, (name, colour, line) in enumerate(lines):
        if not line:
            continue
        path = " ".join(f"{px(x):.1f},{py(y * scale):.1f}" for x, y in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{w - right - 90}" y="{top + 16 * k + 8}" fill="{colour}">{name}</text>')
    return "\n".join(out) + "\n</svg>\n"


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    title, unit = (sys.argv[3:5] + ["", ""])[:2]
    picture = draw(*read(sys.argv[1]), title, unit)
    with open(sys.argv[2], "w") as f:
        f.write(picture)
