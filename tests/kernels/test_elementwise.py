"""Element-wise operations, reductions, row selection."""

import numpy as np
import pytest

from harness import (
    DTYPES,
    ODD_SIZES,
    assert_close,
    assert_same_bits,
    check_added,
    check_invariants,
    check_kernel,
)
from lamina import kernels
from thread_proof import same_on_threads


def normal(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, *ODD_SIZES, 70_001])
def test_maps(size, dtype):
    x = normal(size)
    check_kernel(lambda x: kernels.scale(x, 0.3), lambda x: 0.3 * x, [x], dtype)
    check_kernel(lambda x: kernels.clip(x, 0.5), lambda x: np.clip(x, -0.5, 0.5), [x], dtype)
    x = x.astype(dtype)
    check_added(lambda y: kernels.add_into(y, x), [x], 1)


def test_clip_keeps_nan():
    got = kernels.clip(np.array([np.nan, np.inf, -np.inf]), 2)
    np.testing.assert_array_equal(got, [np.nan, 2, -2])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0, 3), (5,), (7, 1), (33, 13), (4, 5, 17), (2000, 9)])
def test_normalize(shape, dtype):
    mean, std = normal(shape[-1], seed=2), 0.5 + np.abs(normal(shape[-1], seed=3))
    inputs = [normal(*shape), mean, std]
    check_kernel(
        kernels.normalize_forward,
        lambda x, mean, std: (x - mean) / std,
        inputs,
        dtype,
        backward=lambda dy, x, mean, std: kernels.normalize_backward(dy, std),
        oracle_backward=lambda dy, x, mean, std: dy / std,
        magnitude=lambda x, mean, std: (np.abs(x) + np.abs(mean)) / std,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", ODD_SIZES)
@pytest.mark.parametrize("rows", [0, 1, 7, 300])
def test_column_sums(rows, columns, dtype):
    x = normal(rows, columns)
    check_kernel(
        kernels.column_sums,
        lambda x: x.sum(0),
        [x],
        dtype,
        magnitude=lambda x: np.abs(x).sum(0),
        reduction=max(rows, 1),
    )
    x = x.astype(dtype)
    check_added(lambda out: kernels.column_sums(x, out), [kernels.column_sums(x)], max(rows, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, *ODD_SIZES, 1000, 200_003])
def test_sums(size, dtype):
    a, b = normal(size).astype(dtype), normal(size, seed=2).astype(dtype)
    wide = a.astype(float), b.astype(float)
    eps = 4 * np.finfo(float).eps * (4 + np.sqrt(size))
    for got, terms in [
        (check_invariants(kernels.dot, [a, b])[0], wide[0] * wide[1]),
        (check_invariants(kernels.dot, [a])[0], wide[0]),
        (check_invariants(kernels.absolute_sum, [a])[0], np.abs(wide[0])),
    ]:
        assert abs(got - terms.sum()) <= eps * np.abs(terms).sum()


def test_ten_million_tenths():
    tenths = np.full(10_000_000, 0.1, np.float32)
    exact = 1e7 * float(np.float32(0.1))
    assert abs(kernels.dot(tenths) - exact) <= 1e-12 * exact


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, *ODD_SIZES])
def test_penalty(size, dtype):
    w = normal(size)
    w[::5] = 0
    check_kernel(
        lambda w: kernels.penalty_backward(w, 0.25, 0.5),
        lambda w: 0.25 * np.sign(w) + w,
        [w],
        dtype,
        magnitude=lambda w: 0.25 + np.abs(w),
    )
    w = w.astype(dtype)
    fresh = kernels.penalty_backward(w, 0.1, 0.3)
    check_added(lambda dw: kernels.penalty_backward(w, 0.1, 0.3, dw), [fresh], 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5,), *((9, size) for size in ODD_SIZES), (4, 3, 2), (5, 0)])
def test_gather(shape, dtype):
    x = normal(*shape).astype(dtype)
    index = np.random.default_rng(3).integers(shape[0], size=11)
    (got,) = check_invariants(kernels.gather_rows, [x, index])
    assert_same_bits([got], [x[index]], "gather")
    assert kernels.gather_rows(x, []).shape == (0, *shape[1:])


def test_gather_many_rows():
    x = normal(5000, 30).astype(np.float32)
    index = kernels.permutation(5000, 1)
    assert_same_bits([kernels.gather_rows(x, index)], [x[index]], "gather")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, *ODD_SIZES, 1000, 100_001])
def test_find_nonfinite(size, dtype):
    x = normal(size).astype(dtype)
    if size:
        x[0] = np.finfo(dtype).max
    assert kernels.find_nonfinite(x) == -1
    for position in {0, size // 2, size - 2, size - 1} & set(range(size)):
        for bad in (np.nan, np.inf, -np.inf):
            broken = x.copy()
            broken[position] = bad
            broken[min(position + 70, size - 1)] = np.nan  # a second NaN later changes nothing
            assert kernels.find_nonfinite(broken) == position
    assert kernels.find_nonfinite(np.array([[1, np.nan], [np.nan, 1]], order="F")) == 1


@pytest.mark.parametrize("size", [300_007])
def test_long_maps_on_threads(size):
    x = normal(size).astype(np.float32)

    def added():
        y = x.copy()
        kernels.add_into(y, x[::-1])
        return y

    alone = same_on_threads(
        added,
        lambda: kernels.scale(x, 3),
        lambda: kernels.clip(x, 1),
        lambda: kernels.penalty_backward(x, 1, 2),
        lambda: kernels.dot(x, x),
        lambda: kernels.absolute_sum(x),
        lambda: kernels.column_sums(x[: size // 7 * 7].reshape(-1, 7)),
        lambda: kernels.find_nonfinite(x),
    )
    assert_close(alone[0][0], x.astype(float) + x[::-1], magnitude=np.abs(x))


def test_refused():
    x = np.ones((3, 2))
    with pytest.raises(
        ValueError, match=r"gather_rows: index must lie in \[0, 3\), the rows; got 3 at position 1"
    ):
        kernels.gather_rows(x, [0, 3])
    with pytest.raises(ValueError, match="got -1 at position 0"):
        kernels.gather_rows(x, [-1])
    with pytest.raises(ValueError, match="got 18446744073709551615 at position 0"):
        kernels.gather_rows(x, np.array([2**64 - 1], np.uint64))
    with pytest.raises(TypeError, match="index must hold integers; got dtype float64"):
        kernels.gather_rows(x, [0.5])
    with pytest.raises(
        ValueError, match=r"std must have shape \(columns,\) = \(2,\); got shape \(3,\)"
    ):
        kernels.normalize_forward(x, np.ones(2), np.ones(3))
    with pytest.raises(
        ValueError, match="clip: limit must be a finite number of at least 0; got -1"
    ):
        kernels.clip(x, -1)
    with pytest.raises(TypeError, match="scale: factor must be a number; got 'a'"):
        kernels.scale(x, "a")
    with pytest.raises(ValueError, match="y is updated in place and must not share memory with x"):
        kernels.add_into(x, x)
