"""attention.py WORDS.csv A.npz OUT.svg: what the decoder looks at, as an SVG picture: a row a phoneme, a column a letter, one square a[t, s].
WORDS.csv has the columns word, phonemes; A.npz is what `forward --show a` wrote of it. Needs numpy."""
import csv
import sys
import numpy as np

CELL, LEFT, TOP, GAP = 24, 44, 34, 36


def draw(words, a):
    out, x, height = [], 0, 0
    for (word, phonemes), weights in zip(words, a):
        said = phonemes.split() + ["end"]
        x += LEFT
        for s, letter in enumerate(word):
            out.append(f'<text x="{x + CELL * (s + 0.5)}" y="{TOP - 8}" text-anchor="middle">{letter}</text>')
        for t, phoneme in enumerate(said):
            y = TOP + CELL * t
            out.append(f'<text x="{x - 8}" y="{y + CELL * 0.7:.1f}" text-anchor="end">{phoneme}</text>')
            for s in range(len(word)):
                out.append(f'<rect x="{x + CELL * s}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" fill="#1f6fb4" '
                           f'fill-opacity="{max(0.04, float(weights[t, s])):.2f}"/>')
        x += CELL * len(word) + GAP
        height = max(height, TOP + CELL * len(said) + 10)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {x} {height}" font-family="sans-serif" font-size="13">\n'
            f'<rect width="{x}" height="{height}" fill="white"/>\n' + "\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1]) as f:
        rows = [(r["word"], r["phonemes"]) for r in csv.DictReader(f)]
    with np.load(sys.argv[2]) as z:
        picture = draw(rows, z["a"])
    with open(sys.argv[3], "w") as f:
        f.write(picture)
