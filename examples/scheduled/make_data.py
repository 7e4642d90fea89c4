"""make_data.py FILE.npz [SEED]: 500 sequences of 60 steps in four states. A state stays with probability 0.95; at each step it shows
itself by one of four numbers that is larger by 1, under noise of deviation 1.5. Prints how often the exact filter, which knows all this,
names the state. Needs: numpy."""
import sys
import numpy as np

N, T, STATES, STAY, NOISE = 500, 60, 4, 0.95, 1.5


def states(rng):
    y = np.zeros((N, T), int)
    y[:, 0] = rng.integers(0, STATES, N)
    for t in range(1, T):
        other = (y[:, t - 1] + rng.integers(1, STATES, N)) % STATES
        y[:, t] = np.where(rng.random(N) < STAY, y[:, t - 1], other)
    return y


def filtered(x):
    """the likeliest state at t by all that was seen up to t"""
    move = np.full((STATES, STATES), (1 - STAY) / (STATES - 1))
    np.fill_diagonal(move, STAY)
    p, out = np.full((N, STATES), 1 / STATES), np.zeros((N, T), int)
    for t in range(T):
        p = (p if t == 0 else p @ move) * np.exp(x[:, t] / NOISE ** 2)
        p /= p.sum(1, keepdims=True)
        out[:, t] = p.argmax(1)
    return out


rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
y = states(rng)
x = np.eye(STATES)[y] + NOISE * rng.normal(size=(N, T, STATES))
np.savez(sys.argv[1], x=x.astype(np.float32), y=y)
print(f"the exact filter on the last 100: {(filtered(x) == y)[-100:].mean():.3f}")
