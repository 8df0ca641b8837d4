"""Dense layers and convolutions whose products are in bfloat16: results, gradients, bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

import lamina
from bfloat16 import bound, needs_bfloat16, rounded, spread, windows
from lamina import _core

pytestmark = needs_bfloat16


def run(operation, x, weights, dy, products="bfloat16", **settings):
    """Record an operation on (x, *weights) and replay it: y, dx, and the weights' gradients."""
    graph = _core.Graph("float32")
    given = graph.input(x.shape[1:], "x")
    held = [_core.Parameter(f"w{i}", w.shape, "float32") for i, w in enumerate(weights)]
    _core.allocate(held)
    for parameter, values in zip(held, weights, strict=True):
        parameter.array[...] = values
    graph.products = products
    y = getattr(graph, operation)(given, *map(graph.parameter, held), **settings)
    graph.products = "float32"
    there = graph.input(y.shape, "dy")
    product = graph.multiply([y, there])  # its sum has the gradient dy at y
    graph.add_loss(graph.sum(product, list(range(len(y.shape)))), reduction="sum")
    graph.add_output(y)
    graph.build()
    execution = _core.Execution(graph, len(x), True, input_gradients=True)
    execution.bind([x, dy])
    execution.gradients(None, 0, len(x))
    return SimpleNamespace(
        y=np.array(execution.output(0)),
        dx=np.array(execution.input_gradient(0)),
        dw=np.array(execution.gradient_of(held[0])),
        db=np.array(execution.gradient_of(held[1])),
    )


def normal(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def check(got, exact, sizes, terms):
    assert got.shape == exact.shape
    assert np.all(np.abs(got - exact) <= bound(sizes, terms))


def check_all(got, x, kernel, bias, dy, apart, together):
    """Compare with float64 sums of rounded operands; `apart` and `together` are the products."""
    rows = x.size // x.shape[-1]
    y = apart(rounded(x), rounded(kernel)) + bias
    terms = kernel.size // kernel.shape[-1]
    check(got.y, y, apart(abs(x), abs(kernel)) + abs(bias), terms)
    dx, dw = together(rounded(dy), rounded(x), rounded(kernel))
    dx_sizes, dw_sizes = together(abs(dy), abs(x), abs(kernel))
    check(got.dx, dx, dx_sizes, kernel.size // kernel.shape[-2])
    check(got.dw, dw, dw_sizes, rows)
    sums = tuple(range(dy.ndim - 1))
    check(got.db, dy.sum(sums, np.float64), abs(dy).sum(sums), dy.size // dy.shape[-1])


# --- dense

# rows, inputs, units: odd numbers of terms, one row, several chunks, several blocks of columns
DENSE = [(1, 1, 1), (3, 5, 2), (12, 32, 16), (7, 33, 17), (64, 70, 100), (130, 1030, 65),
         (9, 6, 1500), (300, 40, 4)]  # fmt: skip


def dense_case(rows, inputs, units):
    rng = np.random.default_rng(rows)
    return normal(rng, rows, inputs), normal(rng, inputs, units), normal(rng, units)


@pytest.mark.parametrize("sizes", DENSE)
def test_dense(sizes):
    x, kernel, bias = dense_case(*sizes)
    dy = normal(np.random.default_rng(1), sizes[0], sizes[2])
    got = run("dense", x, [kernel, bias], dy)
    check_all(
        got, x, kernel, bias, dy,
        lambda x, w: x.astype(np.float64) @ w,
        lambda dy, x, w: (dy.astype(np.float64) @ w.T, x.T.astype(np.float64) @ dy),
    )  # fmt: skip


def test_the_rounding_is_seen():
    """1 + 2^-9 is at most halfway between neighbours of bfloat16: 1 is the nearest."""
    x, kernel = np.float32([[1 + 2**-9]]), np.float32([[3.0]])
    ones = np.ones((1, 1), np.float32)
    got = run("dense", x, [kernel, np.zeros(1, np.float32)], ones)
    assert got.y == 3.0
    assert run("dense", x, [kernel, np.zeros(1, np.float32)], ones, "float32").y == 3 + 3 * 2**-9
    halves = np.float32([[1 + 2**-8], [1 + 3 * 2**-8]])  # equally near: to the even mantissa
    got = run("dense", halves, [kernel, np.zeros(1, np.float32)], np.ones((2, 1), np.float32))
    assert got.y.tolist() == [[3.0], [3 + 6 * 2**-7]]


def test_the_bias_and_its_gradient_are_not_rounded():
    x, kernel = np.zeros((2, 1), np.float32), np.zeros((1, 1), np.float32)
    bias, dy = np.float32([1 + 2**-20]), np.float32([[1 + 2**-20], [0.0]])
    got = run("dense", x, [kernel, bias], dy)
    assert np.all(got.y == bias)
    assert got.db == dy.sum()


def test_infinite_and_missing_numbers_stay_where_they_are():
    x = np.ones((5, 7), np.float32)
    x[1, 3], x[2, 4], x[3, 6] = np.nan, np.inf, np.float32(3.4e38)  # the last rounds to infinity
    x.view(np.uint32)[4, 0] = 0x7F800001  # a NaN whose upper half alone would be infinite
    got = run(
        "dense",
        x,
        [np.ones((7, 3), np.float32), np.zeros(3, np.float32)],
        np.ones((5, 3), np.float32),
    )
    assert np.all(got.y[0] == 7)
    assert np.all(np.isnan(got.y[[1, 4]]))
    assert np.all(np.isposinf(got.y[2:4]))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_activations_are_of_float32_sums(activation):
    x, kernel, bias = dense_case(40, 20, 33)
    ones = np.ones((40, 33), np.float32)
    z = run("dense", x, [kernel, bias], ones).y
    y = run("dense", x, [kernel, bias], ones, activation=activation).y
    np.testing.assert_array_equal(y, lamina.kernels.activation_forward(z, activation))


# --- convolutions


@dataclass(frozen=True)
class Case:
    """A convolution of images (rows, height, width, channels)."""

    images: tuple[int, ...]
    filters: int
    window: tuple[int, int] = (3, 3)
    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, ...] = (1, 1, 1, 1)
    geometry: dict = field(init=False)

    def __post_init__(self):
        names = ("strides", "dilation", "padding")
        object.__setattr__(self, "geometry", {name: getattr(self, name) for name in names})

    def cells(self, x):
        return windows(x, self.window, **self.geometry)

    def weights(self, rng):
        shape = (*self.window, self.images[-1], self.filters)
        return normal(rng, *shape), normal(rng, self.filters)


CONVOLUTIONS = {
    "few channels": Case((3, 9, 7, 3), 5),
    "one channel": Case((2, 8, 8, 1), 32, (5, 5), padding=(0, 0, 0, 0)),
    "two channels, apart": Case((3, 9, 11, 2), 4, (3, 3), (2, 2), (2, 3), (2, 1, 3, 2)),
    "odd channels": Case((3, 6, 5, 7), 9),
    "one by one": Case((5, 4, 4, 6), 20, (1, 1), padding=(0, 0, 0, 0)),
    "strides": Case((3, 11, 10, 8), 12, (3, 2), (2, 3), padding=(1, 0, 0, 2)),
    "dilated": Case((2, 12, 9, 4), 6, (3, 3), (1, 1), (2, 3), (2, 2, 3, 3)),
    "many filters": Case((2, 3, 3, 16), 150),
    "a large window": Case((1, 8, 8, 130), 3),
    "bands of rows": Case((1, 60, 40, 4), 8),
    "many images": Case((33, 5, 5, 4), 8),
    "steps": Case((4, 1, 50, 8), 16, (1, 5), padding=(0, 0, 4, 0)),
}


def convolved(case, cells, kernel):
    flat = kernel.reshape(-1, case.filters).astype(np.float64)
    return cells.reshape(*cells.shape[:3], -1) @ flat


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("threads", [1, 3])
def test_convolutions(name, threads):
    lamina.set_num_threads(threads)
    case, rng = CONVOLUTIONS[name], np.random.default_rng(3)
    x, (kernel, bias) = normal(rng, *case.images), case.weights(rng)
    there = case.cells(x).shape[:3]
    dy = normal(rng, *there, case.filters)

    def gradients(dy, x, w):
        flat, wide = w.reshape(-1, case.filters), dy.reshape(-1, case.filters).astype(np.float64)
        cells = (wide @ flat.T).reshape(*there, -1, x.shape[-1])
        dw = case.cells(x).reshape(len(wide), -1).T @ wide
        return spread(cells, x.shape, case.window, **case.geometry), dw.reshape(w.shape)

    got = run("conv2d", x, [kernel, bias], dy, **case.geometry)
    check_all(got, x, kernel, bias, dy, lambda x, w: convolved(case, case.cells(x), w), gradients)


@pytest.mark.parametrize("name", ["strides", "odd channels", "few channels"])
def test_transposed_convolutions_are_the_gradients(name):
    """The layer maps outputs of a convolution to its inputs, as its gradient does, bit by bit."""
    case, rng = CONVOLUTIONS[name], np.random.default_rng(4)
    x, (kernel, bias) = normal(rng, *case.images), case.weights(rng)
    dy = normal(rng, *case.cells(x).shape[:3], case.filters)
    forward = run("conv2d", x, [kernel, bias], dy, **case.geometry)
    zeros = np.zeros(case.images[-1], np.float32)
    size = case.images[1:3]
    back = run("conv2d_transpose", dy, [kernel, zeros], x, **case.geometry, size=size)
    np.testing.assert_array_equal(back.y, forward.dx)
    np.testing.assert_array_equal(back.dw, forward.dw)
    np.testing.assert_array_equal(
        back.dx, run("conv2d", x, [kernel, 0 * bias], dy, **case.geometry).y
    )


@pytest.mark.parametrize(
    ("images", "weights", "groups"),
    [
        ((2, 6, 6, 4), (3, 3, 2, 6), 2),
        ((4, 16, 16, 64), (3, 3, 64, 64), 1),  # by Winograd's algorithm
        ((4, 24, 24, 64), (9, 9, 64, 64), 1),
    ],
)
@pytest.mark.parametrize("transposed", [False, True])
def test_groups_and_what_is_faster_there_stay_in_float32(images, weights, groups, transposed):
    rng = np.random.default_rng(5)
    x, kernel = normal(rng, *images), normal(rng, *weights)
    dy = normal(rng, *images[:3], weights[3])
    around = (weights[0] // 2,) * 4
    settings = {"strides": (1, 1), "dilation": (1, 1), "padding": around, "groups": groups}
    if transposed:
        settings["size"] = images[1:3]
        x, dy = dy, x
    weights = [kernel, normal(rng, dy.shape[-1])]
    here, exact = (
        run("conv2d_transpose" if transposed else "conv2d", x, weights, dy, products, **settings)
        for products in ("bfloat16", "float32")
    )
    for name, values in vars(here).items():
        np.testing.assert_array_equal(values, getattr(exact, name))


# --- bits


def results(operation, x, weights, dy, threads, **settings):
    lamina.set_num_threads(threads)
    return vars(run(operation, x, weights, dy, **settings)).values()


def test_bits_of_dense_layers_do_not_depend_on_threads_and_rows():
    x, kernel, bias = dense_case(300, 1100, 200)
    dy = normal(np.random.default_rng(6), 300, 200)
    one = list(results("dense", x, [kernel, bias], dy, 1))
    for threads in (2, 3):
        for a, b in zip(one, results("dense", x, [kernel, bias], dy, threads), strict=True):
            np.testing.assert_array_equal(a, b)
    few = run("dense", x[7:20], [kernel, bias], dy[7:20])
    np.testing.assert_array_equal(few.y, one[0][7:20])
    np.testing.assert_array_equal(few.dx, one[1][7:20])


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_bits_of_convolutions_do_not_depend_on_threads_and_rows(name):
    case, rng = CONVOLUTIONS[name], np.random.default_rng(7)
    x, weights = normal(rng, *case.images), case.weights(rng)
    dy = normal(rng, *case.cells(x).shape[:3], case.filters)
    one = list(results("conv2d", x, weights, dy, 1, **case.geometry))
    for threads in (2, 5):
        for a, b in zip(
            one, results("conv2d", x, weights, dy, threads, **case.geometry), strict=True
        ):
            np.testing.assert_array_equal(a, b)
    last = run("conv2d", x[-1:], weights, dy[-1:], **case.geometry)
    np.testing.assert_array_equal(last.y, one[0][-1:])
    np.testing.assert_array_equal(last.dx, one[1][-1:])


# --- without products in bfloat16


def test_a_graph_of_float64_has_none():
    graph = _core.Graph("float64")
    with pytest.raises(ValueError, match="need a float32 graph; got float64"):
        graph.products = "bfloat16"
    with pytest.raises(ValueError, match="must be 'bfloat16' or the graph's own 'float64'"):
        graph.products = "float32"


def test_equal_layers_of_other_products_stay_apart():
    graph = _core.Graph("float32")
    x, w = graph.input((3,), "x"), graph.parameter(_core.Parameter("w", (3, 2), "float32"))
    for products in ("bfloat16", "float32", "bfloat16"):
        graph.products = products
        graph.add_output(graph.dense(x, w))
    graph.build()
    assert graph.operations() == ["dense", "dense"]
