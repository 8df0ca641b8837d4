"""Rows, labels and a network that tests of estimators share."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lamina
from lamina.layers import Dense

ROWS = 120
X = np.random.default_rng(3).normal(size=(ROWS, 4))
SIDE = X[:, 0] > X[:, 1]
NAMES = np.where(SIDE, "left", "right")
THREE = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]


def network(n_features_in_: int, n_outputs_: int, units: int = 16, activation: str = "relu") -> Any:
    """Build a network whose last layer returns logits or numbers."""
    return lamina.Sequential(
        [lamina.Input((n_features_in_,)), Dense(units, activation), Dense(n_outputs_)]
    )


def iris() -> SimpleNamespace:
    """Return scikit-learn's flowers with their names, in random order."""
    datasets = pytest.importorskip("sklearn.datasets")
    found = datasets.load_iris()
    order = np.random.default_rng(0).permutation(150)
    return SimpleNamespace(x=found.data[order], y=found.target_names[found.target[order]])


def diabetes() -> SimpleNamespace:
    """Return scikit-learn's patients, and the standardized target."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_diabetes(return_X_y=True)
    return SimpleNamespace(x=x * 20, y=(y - y.mean()) / y.std())
