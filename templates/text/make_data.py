"""make_data.py: writes data.txt: 3,000 short sentences. Put a text of your own in its place."""
import random

random.seed(0)
one, many = ["cat", "dog", "child", "bird"], ["cats", "dogs", "children", "birds"]
verbs = ["see", "hear", "follow", "like"]


def thing():
    return "the " + random.choice(one + many)


with open("data.txt", "w") as file:
    for _ in range(3000):
        subject = thing()
        verb = random.choice(verbs) + ("s" if subject[4:] in one else "")
        file.write(f"{subject} {verb} {thing()}\n")
