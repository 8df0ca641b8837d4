"""Small models of layers with ``call``, made with either library."""

import numpy as np

from keras_models import numbers

X, Y = numbers(10, 3), numbers(10, 1, seed=6)
STEPS = numbers(10, 5, 3)
IDS = np.random.default_rng(7).integers(1, 7, (10, 5))
IDS[:, 3:] = 0


def sequence(*parts, shape=(3,), dtype=None):
    """Return a function that makes a Sequential of ``parts`` of the library."""

    def make(keras):
        first = keras.Input(shape) if dtype is None else keras.Input(shape, dtype=dtype)
        return keras.Sequential([first, *(part(keras) for part in parts)])

    return make


def head(keras):
    return keras.layers.Dense(1)


def flat(keras):
    return keras.layers.Flatten()
