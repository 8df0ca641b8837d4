"""Layers of two inputs: element by element, concatenated, multiplied pair by pair."""

import numpy as np
import pytest

from harness import (
    DTYPES,
    ODD_SIZES,
    assert_close,
    assert_same_bits,
    check_added,
    check_gradient,
    check_invariants,
    check_kernel,
    results,
)
from lamina import _core, kernels
from thread_proof import same_on_threads


def normal(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


# --- element by element

KINDS = {
    "add": (np.add, lambda dy, a, b: (dy, dy)),
    "subtract": (np.subtract, lambda dy, a, b: (dy, -dy)),
    "multiply": (np.multiply, lambda dy, a, b: (dy * b, dy * a)),
    "maximum": (np.maximum, lambda dy, a, b: (dy * (a > b), dy * (b > a))),
    "minimum": (np.minimum, lambda dy, a, b: (dy * (a < b), dy * (b < a))),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, *ODD_SIZES, 70_001])
def test_combine(size, kind, dtype):
    forward, backward = KINDS[kind]
    check_kernel(
        lambda a, b: kernels.combine_forward(a, b, kind),
        forward,
        [normal(size), normal(size, seed=2)],
        dtype,
        backward=lambda dy, a, b: kernels.combine_backward(dy, a, b, kind),
        oracle_backward=backward,
        differentiable=(0, 1),
        magnitude=lambda a, b: np.abs(a) + np.abs(b),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_values_share_the_extreme(dtype):
    a = np.array([1, 2, 3, -0.0, np.inf, -np.inf] * 7, dtype)
    b = np.array([1, 1, 4, 0.0, np.inf, 5] * 7, dtype)
    da, db = kernels.combine_backward(np.full(42, 2, dtype), a, b, "maximum")
    np.testing.assert_array_equal(da, [1, 2, 0, 1, 1, 0] * 7)
    np.testing.assert_array_equal(db, [1, 0, 2, 1, 1, 2] * 7)
    da, db = kernels.combine_backward(np.full(42, 2, dtype), a, b, "minimum")
    np.testing.assert_array_equal(da, [1, 0, 2, 1, 1, 2] * 7)
    np.testing.assert_array_equal(db, [1, 2, 0, 1, 1, 0] * 7)


@pytest.mark.parametrize("kind", ["maximum", "minimum"])
def test_extremes_let_nan_through(kind):
    a, b = np.array([np.nan, 1.0, np.nan] * 9), np.array([1.0, np.nan, np.nan] * 9)
    assert np.isnan(kernels.combine_forward(a, b, kind)).all()


# --- concatenation


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(1,), (1, 1), (3, 0, 2), (17, 4, 9), (2, 65)])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_concatenate(sizes, axis, dtype):
    arrays = []
    for k, n in enumerate(sizes):
        shape = [4, 3, 5]
        shape[axis] = n
        arrays.append(normal(*shape, seed=k).astype(dtype))
    (got,) = check_invariants(lambda *xs: kernels.concatenate_forward(xs, axis), arrays)
    assert_same_bits([got], [np.concatenate(arrays, axis)], "concatenate")
    back = check_invariants(lambda y: kernels.concatenate_backward(y, sizes, axis), [got])
    assert_same_bits(back, arrays, "and apart again")


# --- dot products


def dot_oracle(a, b, axes, normalize):
    a, b = np.moveaxis(a, axes[0], -1), np.moveaxis(b, axes[1], -1)
    if normalize:
        a, b = (x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-7) for x in (a, b))
    rows = [x.reshape(len(x), int(np.prod(x.shape[1:-1])), x.shape[-1]) for x in (a, b)]
    shape = a.shape[1:-1] + b.shape[1:-1]
    return np.einsum("nik,njk->nij", *rows).reshape(len(a), *(shape or (1,)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("a_shape", "b_shape", "axes"),
    [
        ((0, 3), (0, 3), (1, 1)),
        ((5, 1), (5, 1), (1, 1)),
        ((7, 33), (7, 33), (-1, -1)),
        ((4, 6, 9), (4, 9), (2, 1)),
        ((4, 9), (4, 9, 6), (1, 1)),
        ((3, 5, 17), (3, 5, 2), (1, 1)),
        ((3, 5, 17), (3, 4, 17), (2, 2)),
        ((2, 3, 4, 5), (2, 5, 3), (3, 1)),
        ((70, 8, 16), (70, 9, 16), (2, 2)),
    ],
)
def test_dot(a_shape, b_shape, axes, normalize, dtype):
    def lengths(a, b):
        return dot_oracle(np.abs(a), np.abs(b), axes, normalize)

    check_kernel(
        lambda a, b: kernels.dot_forward(a, b, axes, normalize),
        lambda a, b: dot_oracle(a, b, axes, normalize),
        [normal(*a_shape), normal(*b_shape, seed=2)],
        dtype,
        backward=lambda dy, a, b: kernels.dot_backward(dy, a, b, axes, normalize),
        differentiable=(0, 1),
        magnitude=lengths,
        reduction=a_shape[axes[0]],
        factor=2.0,
    )


def test_dot_gradients_in_float32():
    a, b, dy = normal(6, 5, 9), normal(6, 7, 9, seed=2), normal(6, 5, 7, seed=3)
    single = [x.astype(np.float32) for x in (dy, a, b)]
    want = kernels.dot_backward(*(x.astype(float) for x in single), 2, True)
    for g, w in zip(kernels.dot_backward(*single, 2, True), want, strict=True):
        assert_close(g, w, 9, np.abs(w).max(), 2.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 2, 7, 33])
@pytest.mark.parametrize("n", [1, 5, 16, 31])
@pytest.mark.parametrize("k", [1, 3, 17, 600])
def test_batched_product(m, n, k, dtype):
    a, b = normal(3, m, k), normal(3, k, n, seed=2)
    product = _core.kernels.batched_product
    for left, right in [(False, False), (True, False), (False, True), (True, True)]:
        typed = [
            np.ascontiguousarray(x.swapaxes(1, 2) if turned else x).astype(dtype)
            for x, turned in ((a, left), (b, right))
        ]
        (got,) = check_invariants(lambda a, b, s=(left, right): product(a, b, *s), typed)
        wide = [x.astype(dtype).astype(float) for x in (a, b)]
        assert_close(got, wide[0] @ wide[1], k, np.abs(wide[0]) @ np.abs(wide[1]))


def test_products_of_empty_sums_are_zero():
    product = _core.kernels.batched_product
    for m, n in [(1, 1), (2, 3), (4, 1)]:
        assert (product(np.ones((2, m, 0)), np.ones((2, 0, n))) == np.zeros((2, m, n))).all()


@pytest.mark.parametrize(("batch", "m", "n", "k"), [(2, 300, 200, 150), (500, 20, 20, 16)])
def test_batched_products_on_threads(batch, m, n, k):
    a, b = normal(batch, m, k).astype(np.float32), normal(batch, k, n).astype(np.float32)
    ((alone,),) = same_on_threads(lambda: _core.kernels.batched_product(a, b))
    assert_close(alone, a.astype(float) @ b, k, np.abs(a).astype(float) @ np.abs(b))
    assert_same_bits(  # a pair does not depend on its neighbours either
        [_core.kernels.batched_product(a[1:2], b[1:2])], [alone[1:2]], "alone"
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cols", ODD_SIZES)
def test_unit_rows(cols, dtype):
    def unit(x):
        return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-7)

    check_kernel(
        _core.kernels.unit_rows_forward,
        unit,
        [normal(5, cols)],
        dtype,
        backward=_core.kernels.unit_rows_backward,
        reduction=cols,
    )


def test_unit_rows_at_the_ends_of_the_range():
    x = np.array([[0, 0], [3e30, 4e30], [3e-30, 4e-30]], np.float32)
    y = _core.kernels.unit_rows_forward(x)
    np.testing.assert_allclose(y, [[0, 0], [0.6, 0.8], [3e-23, 4e-23]], rtol=1e-6)
    dx = _core.kernels.unit_rows_backward(np.ones((1, 2)), np.zeros((1, 2)))
    np.testing.assert_allclose(dx, 1e7)


# --- ReLUs with bounds or learned slopes


def relu_oracle(x, m, s, t):
    return np.where(x >= m, m, np.where(x >= t, x, s * (x - t)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, *ODD_SIZES, 40_001])
@pytest.mark.parametrize("settings", [(None, 0, 0), (1, 0, 0), (None, 0.25, 0), (1.25, 0.5, 0.75)])
def test_bounded_relu(settings, size, dtype):
    m, s, t = settings
    m = np.inf if m is None else m
    check_kernel(
        lambda x: kernels.bounded_relu_forward(x, *settings),
        lambda x: relu_oracle(x, m, s, t),
        [normal(size)],
        dtype,
        backward=lambda dy, x: kernels.bounded_relu_backward(dy, x, *settings),
        oracle_backward=lambda dy, x: dy * np.where(x >= m, 0, np.where(x > t, 1, s)),
        magnitude=lambda x: np.abs(x) + t,
    )


def test_bounded_relu_at_the_ends():
    x = np.array([-np.inf, np.nan, np.inf, 0.0, 6.0, 3.0] * 5)
    np.testing.assert_array_equal(kernels.bounded_relu_forward(x, 6), [0, np.nan, 6, 0, 6, 3] * 5)
    y = kernels.bounded_relu_forward(x)
    np.testing.assert_array_equal(y, [0, np.nan, np.inf, 0, 6, 3] * 5)
    dx = kernels.bounded_relu_backward(np.ones(30), x, 6)
    np.testing.assert_array_equal(dx, [0, 0, 0, 0, 0, 1] * 5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "last"), [((0, 3), 1), ((5, 1), 1), ((7, 33), 1), ((4, 5, 6), 2), ((1500, 17), 1)]
)
def test_prelu(shape, last, dtype):
    rows = tuple(range(len(shape) - last))
    alpha = 0.1 + np.abs(normal(*shape[-last:], seed=4))
    arrays = [normal(*shape), alpha]
    check_kernel(
        kernels.prelu_forward,
        lambda x, alpha: np.where(x > 0, x, alpha * x),
        arrays,
        dtype,
        backward=kernels.prelu_backward,
        oracle_backward=lambda dy, x, alpha: (
            dy * np.where(x > 0, 1, alpha),
            (dy * np.minimum(x, 0)).sum(rows),
        ),
        differentiable=(0, 1),
        reduction=max(int(np.prod(shape[:-last])), 1),
        backward_magnitude=lambda dy, x, alpha: (
            np.abs(dy) * (1 + alpha),
            np.abs(dy * x).sum(rows) + 1e-9,
        ),
    )
    x, alpha = (v.astype(dtype) for v in arrays)
    dy = normal(*shape, seed=9).astype(dtype)
    fresh = kernels.prelu_backward(dy, x, alpha)[1]
    check_added(lambda into: kernels.prelu_backward(dy, x, alpha, into), [fresh], shape[0] + 1)


def test_prelu_on_threads():
    x, dy = normal(30_001, 5).astype(np.float32), normal(30_001, 5, seed=2).astype(np.float32)
    alpha = np.linspace(0, 1, 5).astype(np.float32)
    same_on_threads(
        lambda: kernels.prelu_forward(x, alpha), lambda: kernels.prelu_backward(dy, x, alpha)
    )


def test_gradients_by_differences_through_a_concatenation():
    a, b = normal(3, 4), normal(3, 2, seed=2)
    dy = normal(3, 6, seed=3)
    gradients = results(kernels.concatenate_backward(dy, (4, 2), 1))
    check_gradient(
        lambda: float((dy * kernels.concatenate_forward([a, b], 1)).sum()), [a, b], gradients
    )


# --- refusals


def test_refused():
    x = np.ones((3, 2))
    with pytest.raises(
        ValueError,
        match="kind must be 'add', 'subtract', 'multiply', 'maximum' or 'minimum'; got 'mean'",
    ):
        kernels.combine_forward(x, x, "mean")
    with pytest.raises(ValueError, match=r"combine_forward: b must have shape of a = \(3, 2\)"):
        kernels.combine_forward(x, np.ones(3), "add")
    with pytest.raises(TypeError, match="float32"):
        kernels.combine_forward(x, x.astype(np.float32), "add")
    with pytest.raises(TypeError, match="float32"):
        kernels.concatenate_forward([x, x.astype(np.float32)])
    with pytest.raises(ValueError, match="arrays must hold at least one array; got none"):
        kernels.concatenate_forward([])
    with pytest.raises(ValueError, match="arrays must differ along axis -1 alone"):
        kernels.concatenate_forward([x, np.ones((4, 2))])
    with pytest.raises(ValueError, match="sizes must add up to 2, axis -1 of dy"):
        kernels.concatenate_backward(x, [1, 2])
    with pytest.raises(ValueError, match="axes must not name the batch axis, 0; got 0"):
        kernels.dot_forward(x, x, 0)
    with pytest.raises(ValueError, match="must have one batch size and one length along axes"):
        kernels.dot_forward(x, np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"dot_backward: dy must have shape \(3, 1\)"):
        kernels.dot_backward(x, x, x)
    with pytest.raises(ValueError, match="alpha must have the shape of x's last axes"):
        kernels.prelu_forward(x, np.ones(3))
    with pytest.raises(ValueError, match="max_value must be a finite number of at least 0; got -1"):
        kernels.bounded_relu_forward(x, -1)
