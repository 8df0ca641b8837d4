"""Element-wise activations run in the pass of the product before them, with the same bits."""

import numpy as np
import pytest

from lamina import _core

FROM_OUTPUT = ("relu", "leaky_relu", "clipped_relu", "elu", "sigmoid", "tanh", "hard_sigmoid")
FROM_INPUT = ("gelu", "silu", "softplus", "hard_silu", "mish")
ROWS = 70


def of_dense(graph, weight):
    x = graph.input((30,), "x")
    return graph.dense(x, weight("w", (30, 45)), weight("b", (45,)))


def of_convolution(graph, weight):
    x = graph.input((9, 8, 5), "x")
    w, b = weight("w", (3, 3, 5, 20)), weight("b", (20,))
    return graph.conv2d(x, w, b, (1, 1), (1, 1), (0, 0, 0, 0))


def of_transposed(graph, weight):
    x = graph.input((6, 7, 4), "x")
    w = weight("w", (3, 3, 9, 4))
    return graph.conv2d_transpose(x, w, None, (2, 2), (1, 1), (0, 0, 0, 0), (13, 15))


PRODUCTS = {"dense": of_dense, "conv2d": of_convolution, "conv2d_transpose": of_transposed}


def built(product, kind, dtype, inference, apart=False):
    """Return a graph of the product and the activation; `apart`: the product is an output too."""
    graph, rng, made = _core.Graph(dtype), np.random.default_rng(4), []

    def weight(name, shape):
        made.append((_core.Parameter(name, shape, dtype), rng.normal(size=shape)))
        return graph.parameter(made[-1][0])

    z = PRODUCTS[product](graph, weight)
    graph.add_output(graph.activation(z, kind))
    if apart:
        graph.add_output(z)
    _core.allocate([parameter for parameter, _ in made])
    for parameter, values in made:
        parameter.array[...] = values
    graph.build(inference=inference)
    return graph


@pytest.mark.parametrize("kind", FROM_OUTPUT + FROM_INPUT)
@pytest.mark.parametrize("product", PRODUCTS)
def test_products_take_activations(product, kind):
    fused = [f"{product}+{kind}"]
    assert built(product, kind, "float32", True).operations() == fused
    if kind in FROM_OUTPUT:  # training needs the input of the others
        assert built(product, kind, "float32", False).operations() == fused
    else:
        assert built(product, kind, "float32", False).operations() == [product, kind]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", FROM_INPUT)
@pytest.mark.parametrize("product", PRODUCTS)
def test_bits_are_those_of_two_passes(product, kind, dtype):
    together, two = (built(product, kind, dtype, True, apart) for apart in (False, True))
    (shape,) = {"dense": [(30,)], "conv2d": [(9, 8, 5)], "conv2d_transpose": [(6, 7, 4)]}[product]
    x = np.random.default_rng(5).normal(size=(ROWS, *shape)).astype(dtype)
    for rows in (1, 7, ROWS):
        (one,) = _core.Predictor(together).predict([x[:rows]], rows)
        np.testing.assert_array_equal(one, _core.Predictor(two).predict([x[:rows]], rows)[0])
