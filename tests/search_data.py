"""Rows and small networks that tests of searches share."""

import numpy as np

import lamina
from lamina import layers

_RNG = np.random.default_rng(0)
X = _RNG.normal(size=(75, 3))
Y = X @ [1.0, -2.0, 0.5] + _RNG.normal(size=75) * 0.3
C = np.digitize(Y, [-1.0, 1.0])
B = (Y > 0).astype(int)
FAST = {"epochs": 3, "batch_size": 25, "verbose": 0}


def numbers(units=2, rate=0.05):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(units, "tanh"), layers.Dense(1)])
    model.compile(lamina.optimizers.Adam(rate), "mse")
    return model


def classes(units=3, activation="softmax", loss="sparse_categorical_crossentropy", outputs=3):
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(units, "tanh"), layers.Dense(outputs, activation)]
    )
    model.compile(lamina.optimizers.Adam(0.05), loss)
    return model
