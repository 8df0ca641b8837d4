"""Biases, activations and sigmoids written as expressions are fused with products and losses."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import _core

RNG = np.random.default_rng(3)
X = RNG.normal(size=(7, 3)).astype("float32")
W, B = RNG.normal(size=(3, 4)).astype("float32"), RNG.normal(size=4).astype("float32")


def run(record, x=X):
    """Return the operations of a graph after building, and its predictions."""
    graph = _core.Graph("float32")
    graph.add_output(record(graph, graph.input(x.shape[1:], "x")))
    graph.build()
    return graph.operations(), _core.Predictor(graph).predict([x], len(x))[0]


def added(graph, a, b):
    return graph.expression([("add", 0, 1)], [a, b])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "selu", "softsign"])
def test_a_dense_layer_written_out_is_the_fused_one(name, swapped):
    def written(graph, x):
        z, bias = graph.dense(x, graph.constant(W)), graph.constant(B)
        return graph.expression([(name, 0)], [added(graph, *((bias, z) if swapped else (z, bias)))])

    kinds, y = run(written)
    assert kinds == [f"dense+{name}"]
    fused = run(lambda g, x: g.dense(x, g.constant(W), g.constant(B), name))
    np.testing.assert_array_equal(y, fused[1])


def test_a_convolution_takes_its_bias_and_relu():
    kernel = RNG.normal(size=(2, 2, 1, 4)).astype("float32")
    image = RNG.normal(size=(3, 5, 6, 1)).astype("float32")
    options = {"strides": (1, 1), "dilation": (1, 1), "padding": (0, 0, 0, 0)}

    def written(graph, x):
        z = graph.conv2d(x, graph.constant(kernel), None, **options)
        return graph.expression([("relu", 0)], [added(graph, z, graph.constant(B))])

    kinds, y = run(written, image)
    assert kinds == ["conv2d+relu"]
    fused = run(
        lambda g, x: g.conv2d(x, g.constant(kernel), g.constant(B), activation="relu", **options),
        image,
    )
    np.testing.assert_array_equal(y, fused[1])


def test_what_is_made_after_the_product_or_read_twice_stays_apart():
    def later(graph, x):
        z = graph.dense(x, graph.constant(W))
        total = graph.sum(graph.dense(x, graph.constant(W)), [], True)  # needs all rows first
        return added(graph, z, total)

    kinds, y = run(later)
    assert "expression" in kinds
    np.testing.assert_allclose(y, X @ W + (X @ W).sum(0), rtol=1e-5, atol=1e-5)

    def twice(graph, x):
        z = graph.dense(x, graph.constant(W))
        return graph.expression([("multiply", 0, 1)], [added(graph, z, graph.constant(B)), z])

    kinds, y = run(twice)
    assert kinds == ["dense", "expression"]
    np.testing.assert_allclose(y, (X @ W + B) * (X @ W), rtol=1e-5)


def test_a_sigmoid_written_as_an_expression_leaves_the_loss_exact():
    graph = _core.Graph("float32")
    z, y = graph.input((1,), "z"), graph.input((1,), "y")
    p = graph.expression([("sigmoid", 0)], [z])
    graph.add_loss(graph.loss("binary_crossentropy", p, y))
    graph.build()
    execution = _core.Execution(graph, 1, False)
    execution.bind([np.array([[200.0]], "float32"), np.zeros((1, 1), "float32")])
    assert execution.test(None, 0, 1) == 200.0


def test_an_axis_of_one_element_needs_no_reduction():
    kinds, y = run(lambda g, x: g.mean(g.reshape(x, (3, 1)), [1]))
    assert kinds == []
    np.testing.assert_array_equal(y, X)
