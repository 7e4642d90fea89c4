"""counted.py: checks that are counted; finish() prints what tests/run.sh adds up, and ends the program."""
import sys

SHOWN = 2000  # letters of what was found instead: half from its start, half from its end
counts = {True: 0, False: 0}


def check(name, good, detail=""):
    counts[bool(good)] += 1
    if not good:
        detail = str(detail)
        if len(detail) > SHOWN:
            detail = f"{detail[:SHOWN // 2]}\n...\n{detail[-SHOWN // 2:]}"
        print(f"FAILED: {name}\n{detail}")
    return good


def finish():
    print(f"{counts[True]} passed, {counts[False]} failed")
    sys.exit(counts[False] > 0)
