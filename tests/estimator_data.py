"""Rows, labels and a network that tests of estimators share."""

from typing import Any

import numpy as np

import lamina
from lamina.layers import Dense

ROWS = 120
X = np.random.default_rng(3).normal(size=(ROWS, 4))
SIDE = X[:, 0] > X[:, 1]
NAMES = np.where(SIDE, "left", "right")
THREE = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]


def network(n_features_in_: int, n_outputs_: int, units: int = 16) -> Any:
    """Build a network whose last layer returns logits or numbers."""
    return lamina.Sequential(
        [lamina.Input((n_features_in_,)), Dense(units, "relu"), Dense(n_outputs_)]
    )
