"""The data of tests of nnet."""

import numpy as np

RNG = np.random.default_rng(12)
ROWS = 70


def made():
    a, b = RNG.normal(size=(2, ROWS)).round(3)
    g = RNG.choice(["low", "mid", "top"], ROWS)
    shift = np.select([g == "low", g == "mid"], [-1.0, 0.3], 0.8)
    y = (np.sin(2 * a) + shift * b + 0.1 * RNG.normal(size=ROWS)).round(3)
    far = (1000 * a + 30).round(1)  # saturates hidden units
    third = np.select([y < -0.5, y < 0.6], ["one", "two"], "three")
    n1, n2, n3 = RNG.poisson(2.0, (3, ROWS)).astype(float)
    w = RNG.integers(0, 4, ROWS).astype(float)
    part = (1 / (1 + np.exp(-y))).round(3)
    return {
        "a": a, "b": b, "g": g, "y": y, "far": far, "third": third, "n1": n1, "n2": n2, "n3": n3,
        "w": w, "h": np.where(y > 0, "yes", "no"), "part": part,
    }  # fmt: skip


D = made()
AB = np.column_stack([D["a"], D["b"]])
