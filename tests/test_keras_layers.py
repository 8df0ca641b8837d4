"""The same weights give Keras's outputs and gradients (its JAX backend)."""

from __future__ import annotations

import os

import numpy as np
import pytest

from lamina import _core, layers

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("needs Keras on JAX", allow_module_level=True)

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


def _close(got, wanted, what):
    wanted = np.asarray(wanted)
    scale = max(np.abs(wanted).max(), 1e-3)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5 * scale, err_msg=what)


@pytest.mark.parametrize("case", range(len(GRID)))
def test_forward_and_gradients(case):
    name, options, shape = GRID[case]
    rng = np.random.default_rng(case)
    x = rng.normal(size=(8, *shape)).astype(np.float32)
    mine, theirs = getattr(layers, name)(**options), getattr(keras.layers, name)(**options)
    mine(x)
    theirs.build(x.shape)
    weights = [rng.uniform(0.5, 1.5, w.shape).astype(np.float32) for w in mine.get_weights()]
    mine.set_weights(weights)
    theirs.set_weights(weights)
    _close(mine(x), theirs(x), "inference")

    graph = _core.Graph("float32")
    y = mine.record(graph, graph.input(shape, "x"))
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input(tuple(y.shape), "target")))
    graph.build()
    target = rng.normal(size=(8, *y.shape)).astype(np.float32)
    run = _core.Execution(graph, 8, True, 1, True)
    run.bind([x, target])
    run.gradients(None, 0, 8, 3)

    mode = {"training": True} if name == "BatchNormalization" else {}
    fixed = [v.value for v in theirs.non_trainable_variables]

    def loss(trainable, values):
        out, _ = theirs.stateless_call(trainable, fixed, values, **mode)
        return ((out - target) ** 2).mean(), out

    learned = [v.value for v in theirs.trainable_variables]
    (dw, dx), out = jax.grad(loss, argnums=(0, 1), has_aux=True)(learned, x)
    _close(run.output(0), out, "training")
    _close(run.input_gradient(0), dx, "gradient of x")
    trained = [p for p in mine.parameters if p.trainable]
    assert len(trained) == len(dw)
    for parameter, gradient in zip(trained, dw, strict=True):
        _close(np.array(run.gradient_of(parameter)), gradient, parameter.name)


def test_embedding():
    ids = np.random.default_rng(0).integers(0, 9, (4, 5)).astype(np.int32)
    mine, theirs = layers.Embedding(9, 3), keras.layers.Embedding(9, 3)
    mine(ids)
    theirs.build(ids.shape)
    theirs.set_weights(mine.get_weights())
    _close(mine(ids), theirs(ids), "embedding")


def test_moving_statistics():
    import lamina

    x = np.random.default_rng(0).normal(1.0, 2.0, (16, 3)).astype(np.float32)
    theirs = keras.layers.BatchNormalization(momentum=0.8)
    theirs(x, training=True)
    model = lamina.Sequential([layers.BatchNormalization(momentum=0.8)])
    model.compile(optimizer=lamina.optimizers.SGD(1e-9), loss="mse")
    model.fit(x, x, epochs=1, batch_size=16, verbose=0)
    for got, wanted in zip(model.get_weights()[2:4], theirs.non_trainable_variables, strict=True):
        _close(got, wanted.value, "moving statistics")
