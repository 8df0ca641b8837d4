"""Element-wise expressions on arrays: chains, sizes, broadcasting, sums, threads."""

import numpy as np
import pytest

from element_functions import apply
from harness import DTYPES, ODD_SIZES, assert_same_bits
from lamina import _core
from thread_proof import same_on_threads

expression = _core.kernels.expression
expression_gradients = _core.kernels.expression_gradients


def test_where_and_constants_in_every_place():
    for dtype in DTYPES:
        rng = np.random.default_rng(6)
        c, x, y = rng.integers(0, 2, 77) > 0, *rng.normal(size=(2, 77)).astype(dtype)
        np.testing.assert_array_equal(apply("where", c, x, y), np.where(c, x, y))
        np.testing.assert_array_equal(apply("where", c, 1.5, y), np.where(c, dtype_of(1.5, y), y))
        np.testing.assert_array_equal(apply("where", c, x, -0.5), np.where(c, x, dtype_of(-0.5, x)))
        np.testing.assert_array_equal(
            apply("where", x, 1.0, np.nan * y), np.where(x != 0, 1, np.nan)
        )
        np.testing.assert_array_equal(apply("subtract", 2.0, x), 2 - x)
        np.testing.assert_array_equal(apply("divide", 2.0, x), 2 / x)
        np.testing.assert_array_equal(apply("less", 0.0, x), x > 0)
        np.testing.assert_array_equal(apply("maximum", 0.0, x), np.maximum(x, 0))
        # the accumulator is the second operand, then the third
        chain = [("exp", 0), ("subtract", 1, 3), ("where", 2, 0, 4), ("divide", 0, 5)]
        np.testing.assert_allclose(
            expression(chain, [x, y, c]),
            x / np.where(c, x, y - np.exp(x)),
            rtol=200 * np.finfo(dtype).eps,
        )


def dtype_of(value, like):
    return like.dtype.type(value)


def test_masks_and_labels_are_read_as_numbers():
    mask = np.array([True, False, True])
    labels = np.array([[3], [-7]], np.int32)
    got = expression([("multiply", 0, 1), ("add", 3, 2)], [mask, labels, np.ones(3, "float32")])
    np.testing.assert_array_equal(got, mask * labels + np.float32(1))
    assert got.dtype == np.float32
    got = expression([("equal", 0, 1)], [labels, np.arange(-8, 4, dtype=np.int32)])
    np.testing.assert_array_equal(got, labels == np.arange(-8, 4))


# --- sizes and broadcasting


@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes(dtype):
    chain = [("multiply", 0, 1), ("add", 2, 0.5), ("maximum", 3, 0)]
    for size in [0, *ODD_SIZES, 127, 128, 129, 255, 1000, 2047, 2049, 20_000]:
        x, y = np.random.default_rng(size).normal(size=(2, size)).astype(dtype)
        want = np.maximum(x * y + dtype_of(0.5, x), x)
        np.testing.assert_array_equal(expression(chain, [x, y]), want, err_msg=str(size))


SHAPES = [
    [(7, 5), (5,)],
    [(7, 5), (7, 1)],
    [(7, 5), ()],
    [(1, 5), (7, 1)],
    [(300, 3), (3,), (300, 1)],
    [(40, 700), (700,), (40, 1)],
    [(3, 5000), (5000,), (3, 1)],
    [(2, 3, 4, 5), (3, 1, 5), (2, 1, 4, 1)],
    [(5, 1, 1, 7), (1, 6, 1, 1), (2, 1)],
    [(2, 1, 3, 1, 2, 1, 2, 3), (1, 2, 1, 3, 1, 2, 1, 1)],
    [(33, 1, 65), (1, 20, 1)],
    [(0, 4), (4,)],
    [(3, 0), (3, 1)],
    [(1,), (1, 1, 1)],
    [(4, 1, 2100), (3, 1)],
    [(9000, 2), (1, 2)],
    [(2, 9000), (2, 1)],
    [(20, 9000), (9000,), (1, 1)],
    [(3, 70, 90), (70, 1), (1, 1, 90), (3, 1, 1)],
]


def arrays_of(shapes, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 2, s).astype(dtype) for s in shapes]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcasting(shapes):
    for dtype in DTYPES:
        xs = arrays_of(shapes, dtype)
        chain = [("multiply", 0, 1), *[("add", len(xs) + k, k + 2) for k in range(len(xs) - 2)]]
        want = xs[0] * xs[1]
        for x in xs[2:]:
            want = want + x
        got = expression(chain, xs)
        assert got.shape == want.shape
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_gradients_of_what_is_broadcast_are_sums(shapes):
    xs = arrays_of(shapes, "float64")
    chain = [("multiply", 0, 1), *[("add", len(xs) + k, k + 2) for k in range(len(xs) - 2)]]
    whole = np.broadcast_shapes(*shapes)
    dy = np.random.default_rng(1).uniform(0.5, 2, whole)
    factors = [np.broadcast_to(xs[1], whole), np.broadcast_to(xs[0], whole)]
    for k, (dx, shape) in enumerate(zip(expression_gradients(dy, chain, xs), shapes, strict=True)):
        terms = dy * (factors[k] if k < 2 else 1)
        assert dx.shape == shape
        np.testing.assert_allclose(dx, summed_to(terms, shape), rtol=1e-13)


def summed_to(x, shape):
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    return x.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)


# --- threads

THREADED = {
    "dense": [(300_000,), (300_000,)],
    "row": [(3000, 100), (100,)],
    "column": [(3000, 100), (3000, 1)],
    "wide": [(30, 10_000), (10_000,)],
    "middle": [(20, 150, 100), (150, 1), (20, 1, 1)],
    "scalar": [(300_000,), (1,)],
}


@pytest.mark.parametrize("shapes", THREADED.values(), ids=THREADED)
def test_threads(shapes):
    xs = arrays_of(shapes, "float32")
    chain = [("multiply", 0, 1), ("exp", len(xs)), ("tanh", len(xs) + 1)]
    dy = np.random.default_rng(2).normal(size=np.broadcast_shapes(*shapes)).astype("float32")
    same_on_threads(
        lambda: expression(chain, xs), lambda: tuple(expression_gradients(dy, chain, xs))
    )


def test_rows_do_not_depend_on_other_rows():
    x, w = arrays_of([(517, 37), (37,)], "float32")
    chain = [("multiply", 0, 1), ("exp", 2), ("sin", 3), ("power", 4, 1)]
    whole = expression(chain, [x, w])
    for rows in (slice(0, 1), slice(100, 117), slice(516, 517)):
        assert_same_bits([expression(chain, [x[rows], w])], [whole[rows]], str(rows))
