"""random_steps.py BUILD_DIR RNNC [SEED [COUNT]]: step.py's comparison on random models that can be streamed, in double precision.

The models are those of tests/random/generate.py without what needs the whole future; those of odd seeds look a few places ahead. The last line is `N passed, M failed`."""
import os
import random
import sys
import tempfile
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../random"), HERE]
import generate
import step


class Causal(random.Random):
    """Chooses no direction but forward."""

    def choice(self, options):
        if set(options) == {-1, 0, 1}:                  # a group's direction, or the place of a token
            options = [o for o in options if o != 1]
        if set(options) == {"", "reverse "}:
            options = [""]
        return super().choice(options)


class Streamed(generate.Generator):
    def __init__(self, seed):
        super().__init__(seed)
        self.r = Causal(seed)
        self.ahead = seed % 2

    def read(self, v, timed):
        places = [0, 0, 0, -1, -2, 1, 2] if self.ahead else [0, 0, 0, -1, -1, -2, -3]
        return v.name + generate.index_text(self.r.choice(places)) if v.timed else v.name

    def readable(self, shape, timed, group):
        if timed:
            return super().readable(shape, timed, group)
        return [v.name for v in self.finished(shape, group) if not v.timed]

    def over_time(self, shape, depth, group):
        return self.leaf(shape, False, None)

    def weights_over_time(self, shape, depth, group):
        return self.leaf(shape, True, group)

    def make_losses(self):
        pass

    def make_group(self, number):
        super().make_group(number)
        if not self.ahead:
            self.lines = [l for l in self.lines if "[T+" not in l.split("=")[0]]
        last = self.vars[-1]
        declared = f"output {last.name}[t] : {generate.type_text(last.shape)}"
        if declared not in self.declare:
            self.declare.append(declared)


def main():
    rnnc = os.path.abspath(sys.argv[2])
    seed, count = int(sys.argv[3]) if len(sys.argv) > 3 else 1, int(sys.argv[4]) if len(sys.argv) > 4 else 25
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            path = os.path.join(folder, f"m{number}.rnn")
            text = Streamed(number).make().text()
            with open(path, "w") as f:
                f.write(text)
            try:
                model = step.Model(rnnc, path, "f64", folder)
                model.random(np.random.default_rng(number))
                step.compare(model, model.forward(), 1e-9)
                passed += 1
            except Exception as error:
                failed += 1
                print(f"FAILED: seed {number}: {str(error)[-600:]}\n{text}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
