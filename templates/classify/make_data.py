"""make_data.py: writes data.csv: 2,000 words of letters, and whether they have a double letter. Put your own data in its place."""
import csv
import random

random.seed(0)
with open("data.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["word", "class"])
    for i in range(2000):
        word = "".join(random.choice("abcdefgh") for _ in range(random.randrange(4, 10)))
        if i % 2:
            at = random.randrange(len(word))
            word = word[:at] + word[at] + word[at:]
        rows.writerow([word, "double" if any(a == b for a, b in zip(word, word[1:])) else "single"])
