"""Rows, targets and fitted models for tests of ``model.inference``."""

import numpy as np

import lamina
from lamina import layers

RNG = np.random.default_rng(8)
ROWS = 150
X = RNG.normal(size=(ROWS, 3))
X[:, 2] = X[:, 2] > 0
DESIGN = np.column_stack([X, np.ones(ROWS)])
SIGNAL = X @ [0.8, -0.5, 0.6] - 0.2
REAL = SIGNAL + RNG.normal(size=ROWS) * (0.5 + np.abs(X[:, 0]))
TRUTH = (RNG.uniform(size=ROWS) < 1 / (1 + np.exp(-SIGNAL))).astype(float)
COUNTS = RNG.poisson(np.exp(0.5 * SIGNAL))
LABELS = np.argmax(np.column_stack([0 * SIGNAL, SIGNAL, X[:, 1]]) + RNG.gumbel(size=(ROWS, 3)), 1)
WEIGHTS = RNG.uniform(0.5, 2.0, ROWS)
GROUPS = np.arange(ROWS) // 10


def fitted(loss, y, *body, weight=None, seed=1):
    """Return a network at the minimum of its loss."""
    model = lamina.Sequential([lamina.Input((X.shape[1],)), *body], dtype="float64", seed=seed)
    model.compile(lamina.optimizers.BFGS(tolerance_grad=1e-10, tolerance_change=1e-16), loss)
    model.fit(X, y, sample_weight=weight, epochs=500, verbose=0)
    return model


def linear(**kwargs):
    return fitted("mse", REAL, layers.Dense(1), **kwargs)
