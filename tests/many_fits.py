"""Data and a small network, for tests of many fits."""

from typing import Any

import numpy as np

import lamina
from lamina import layers

ROWS = 60


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, 4)).astype(np.float32)
    return x, (x[:, 0] - x[:, 1] ** 2).astype(np.float32)


def network(units: int = 3, seed: int | None = None, optimizer: Any = "adam") -> lamina.Model:
    model = lamina.Sequential(
        [
            lamina.Input((4,)),
            layers.Dense(units, activation="tanh"),
            layers.Dropout(0.2),
            layers.Dense(1),
        ],
        seed=seed,
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def build(units: int = 3, rate: float = 0.01) -> lamina.Model:
    return network(units, optimizer=lamina.optimizers.Adam(rate))


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))
