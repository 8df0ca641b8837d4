"""With the same weights, outputs and gradients are Keras's (its JAX backend)."""

from __future__ import annotations

import numpy as np
import pytest

import golden
from keras_peer import Theirs, assert_near, assert_same_step, keras
from lamina import layers

SEQUENCE, IMAGE = (6, 3), (4, 5, 3)
GRID = [
    ("BatchNormalization", {}, SEQUENCE),
    ("BatchNormalization", {"axis": 1, "epsilon": 0.1}, IMAGE),
    ("BatchNormalization", {"center": False}, IMAGE),
    ("BatchNormalization", {"scale": False}, (5,)),
    ("BatchNormalization", {"trainable": False}, (5,)),
    ("LayerNormalization", {}, SEQUENCE),
    ("LayerNormalization", {"axis": [2, 3]}, IMAGE),
    ("LayerNormalization", {"center": False, "epsilon": 0.1}, (5,)),
    ("Permute", {"dims": (2, 3, 1)}, IMAGE),
    ("ZeroPadding1D", {"padding": (1, 2)}, SEQUENCE),
    ("ZeroPadding2D", {"padding": ((1, 2), (0, 3))}, IMAGE),
    ("ZeroPadding2D", {"padding": (1, 2), "data_format": "channels_first"}, IMAGE),
    ("Cropping1D", {"cropping": (1, 2)}, SEQUENCE),
    ("Cropping2D", {"cropping": ((1, 0), (0, 2))}, IMAGE),
    ("UpSampling2D", {}, IMAGE),
    ("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}, IMAGE),
    ("UpSampling2D", {"size": 2, "data_format": "channels_first"}, IMAGE),
    ("RepeatVector", {"n": 3}, (5,)),
    ("ReLU", {}, (7,)),
    ("ReLU", {"max_value": 0.9, "negative_slope": 0.2, "threshold": 0.1}, (7,)),
    ("LeakyReLU", {}, (7,)),
    ("ELU", {"alpha": 0.7}, (7,)),
    ("PReLU", {}, SEQUENCE),
    ("PReLU", {"shared_axes": [1, 2]}, IMAGE),
    ("PReLU", {"shared_axes": [3]}, IMAGE),
    ("Softmax", {}, SEQUENCE),
    ("Softmax", {"axis": 1}, SEQUENCE),
    ("Softmax", {"axis": (1, 2)}, SEQUENCE),
]


@pytest.mark.parametrize("case", range(len(GRID)))
def test_forward_and_gradients(case):
    name, options, shape = GRID[case]
    rng = np.random.default_rng(case)
    x = rng.normal(size=(8, *shape)).astype(np.float32)
    mine, theirs = getattr(layers, name)(**options), Theirs(lambda: made(name, options))
    mine(x)
    theirs.build(x.shape)
    weights = [rng.uniform(0.5, 1.5, w.shape).astype(np.float32) for w in mine.get_weights()]
    mine.set_weights(weights)
    theirs.set_weights(weights)
    assert_near(mine(x), theirs(x), "inference")
    mode = {"training": True} if name == "BatchNormalization" else {}
    assert_same_step(mine, theirs, [x], **mode)


def made(name, options):
    return getattr(keras.layers, name)(**options)


def test_embedding():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 9, (4, 5)).astype(np.int32)
    mine, theirs = layers.Embedding(9, 3), Theirs(lambda: keras.layers.Embedding(9, 3))
    mine(ids)
    theirs.build(ids.shape)
    weights = [rng.normal(size=(9, 3)).astype(np.float32)]
    mine.set_weights(weights)
    theirs.set_weights(weights)
    assert_near(mine(ids), theirs(ids), "embedding")


def test_moving_statistics():
    import lamina

    x = np.random.default_rng(0).normal(1.0, 2.0, (16, 3)).astype(np.float32)

    def moved():
        theirs = keras.layers.BatchNormalization(momentum=0.8)
        theirs(x, training=True)
        return [v.value for v in theirs.non_trainable_variables]

    model = lamina.Sequential([layers.BatchNormalization(momentum=0.8)])
    model.compile(optimizer=lamina.optimizers.SGD(1e-9), loss="mse")
    model.fit(x, x, epochs=1, batch_size=16, verbose=0)
    for got, wanted in zip(model.get_weights()[2:4], golden.ask(moved, x), strict=True):
        assert_near(got, wanted, "moving statistics")
