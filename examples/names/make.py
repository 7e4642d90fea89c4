"""make.py [FOLDER]: names_ended.csv in FOLDER (default: beside this file): names.csv with a column `ended`, the name and a full stop, which
write.rnn learns as the end."""
import csv
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
folder = sys.argv[1] if len(sys.argv) > 1 else here
with open(os.path.join(here, "names.csv"), newline="") as f:
    rows = list(csv.DictReader(f))
with open(os.path.join(folder, "names_ended.csv"), "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["name", "sex", "split", "ended"])
    out.writerows([row["name"], row["sex"], row["split"], row["name"] + "."] for row in rows)
