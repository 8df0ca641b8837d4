"""Rows and targets of every kind, for tests of multilayer perceptrons."""

import numpy as np

RNG = np.random.default_rng(5)
X = RNG.normal(size=(130, 6))
CLASSES = np.array(["ant", "bee", "cat"])[
    np.clip(np.rint(X[:, 0] + X[:, 1] ** 2), 0, 2).astype(int)
]
TWO = X[:, 0] * X[:, 1] > 0
LABELS = (X[:, :3] + X[:, 3:] > 0).astype(int)
NUMBERS = X[:, 0] - X[:, 1] * X[:, 2]
SEVERAL = np.column_stack([NUMBERS, X[:, 3] ** 2, X[:, 4]])
COUNTS = RNG.poisson(np.exp(X[:, 0] / 2))
WEIGHTS = RNG.uniform(0.2, 3.0, 130)
