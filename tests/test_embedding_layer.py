"""Embedding against NumPy's indexing, and in training."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from harness import assert_close
from lamina import _core, layers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forward_and_gradient(dtype):
    layer = layers.Embedding(7, 3, dtype=dtype)
    ids = np.random.default_rng(0).integers(0, 7, (5, 4)).astype(np.int32)
    y = layer(ids)
    (table,) = layer.get_weights()
    np.testing.assert_array_equal(y, table[ids])
    graph = _core.Graph(dtype)
    out = layer.record(graph, graph.input((4,), "x", "int32"))
    target = graph.input((4, 3), "target")
    graph.add_loss(graph.loss("mean_squared_error", out, target))
    graph.build()
    run = _core.Execution(graph, 8, True, 1, True)
    wanted = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    run.bind([ids, wanted])
    run.gradients(None, 0, 5, 3)
    expected = np.zeros_like(table)
    np.add.at(expected, ids, 2 * (y - wanted) / y.size)
    got = np.array(run.gradient_of(layer.parameters[0]))
    assert_close(got, expected, 20, np.abs(expected).max())
    with pytest.raises(ValueError, match=r"\[0, 7\)"):
        run.bind([ids + 3, wanted])


def test_model_learns_from_tokens():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 10, (256, 6))
    y = (x == 3).any(axis=1).astype("float32")[:, None]
    model = lamina.Sequential(
        [layers.Embedding(10, 8), layers.Flatten(), layers.Dense(1, activation="sigmoid")], seed=2
    )
    model.compile(optimizer=lamina.optimizers.Adam(0.01), loss="binary_crossentropy")
    losses = model.fit(x, y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.25 * losses[0]


@pytest.mark.parametrize(
    ("x", "text"), [([[0, 4]], "got 4 in row 0, position 1"), ([[0.5]], "whole numbers; got 0.5")]
)
def test_tokens_out_of_range(x, text):
    with pytest.raises(ValueError, match="embedding") as caught:
        layers.Embedding(4, 2)(x)
    assert text in str(caught.value)
