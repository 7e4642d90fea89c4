"""make_data.py: writes data.csv: 200 series of 60 steps, each two waves of its own and a little noise. Put your own data in its place."""
import csv
import math
import random

random.seed(0)
with open("data.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["series", "value"])
    for series in range(200):
        slow, fast = random.uniform(15, 25), random.uniform(5, 8)
        phase = random.uniform(0, 2 * math.pi)
        for t in range(60):
            value = math.sin(2 * math.pi * t / slow + phase) + 0.4 * math.sin(2 * math.pi * t / fast) + random.gauss(0, 0.05)
            rows.writerow([series, f"{value:.4f}"])
