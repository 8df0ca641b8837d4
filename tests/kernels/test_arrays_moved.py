"""Permute, pad, crop, repeat, upsample and resize: NumPy's bits, and gradients."""

import itertools

import numpy as np
import pytest

import golden
from harness import DTYPES, assert_same_bits, check_invariants, check_kernel
from lamina import kernels
from thread_proof import same_on_threads


def normal(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


# --- copies: exact

SHAPES = [(), (0, 3), (1,), (5, 7), (3, 1, 4), (2, 3, 4, 5), (9, 17, 33), (64, 65), (3, 100, 3)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_permute(shape, dtype):
    x = normal(*shape).astype(dtype)
    for order in itertools.permutations(range(len(shape))):
        want = x.transpose(order).copy()
        (got,) = check_invariants(lambda x, order=order: kernels.permute(x, order), [x])
        assert_same_bits([got], [want], f"{order}")
        back = kernels.permute(got, [int(k) for k in np.argsort(order)])
        assert_same_bits([back], [x], f"{order} and back")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 130])
def test_transposition_of_odd_sizes(rows, dtype):
    for cols in (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 64, 65, 200):
        x = normal(rows, cols).astype(dtype)
        assert_same_bits([kernels.permute(x, (1, 0))], [np.ascontiguousarray(x.T)], f"{cols}")


def test_permute_many_axes():
    x = normal(2, 3, 2, 2, 3, 1, 2, 2)
    for order in [(7, 6, 5, 4, 3, 2, 1, 0), (4, 0, 6, 2, 1, 3, 7, 5), (0, 2, 1, 3, 4, 5, 7, 6)]:
        assert_same_bits(
            [kernels.permute(x, order)], [np.ascontiguousarray(x.transpose(order))], ""
        )
    with pytest.raises(ValueError, match="permute: at most 8 axes can be moved at once; got 9"):
        kernels.permute(np.ones((1,) * 9), range(9))


def test_bits_are_moved():
    x = np.array([[0x7FC12345, 0xFF812345, 0x80000001]], np.uint32).view(np.float32)
    got = kernels.permute(np.tile(x, (9, 5)), (1, 0)).view(np.uint32)
    np.testing.assert_array_equal(got, np.tile(x, (9, 5)).T.view(np.uint32))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5,), (0, 2), (3, 4), (2, 3, 17), (2, 5, 6, 3)])
def test_pad_and_crop(shape, dtype):
    x = normal(*shape).astype(dtype)
    for seed in range(4):
        pairs = np.random.default_rng(seed).integers(0, 4, (len(shape), 2)).tolist()
        (got,) = check_invariants(lambda x, pairs=pairs: kernels.pad(x, pairs), [x])
        assert_same_bits([got], [np.pad(x, pairs)], "pad")
        (back,) = check_invariants(lambda x, pairs=pairs: kernels.crop(x, pairs), [got])
        assert_same_bits([back], [x], "crop")
    all_of_it = [(n, 0) for n in shape]
    assert kernels.crop(x, all_of_it).shape == (0,) * len(shape)


# --- repeats and their sums


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4,), (0, 3), (3, 5), (2, 3, 17), (5, 1, 33)])
@pytest.mark.parametrize("times", [1, 2, 5, 40])
def test_repeat(shape, times, dtype):
    for axis in range(-1, len(shape)):
        k = axis % len(shape)

        def summed(dy, x, k=k):
            parts = dy.reshape(*shape[: k + 1], times, *shape[k + 1 :])
            return parts.sum(k + 1)

        check_kernel(
            lambda x, axis=axis: kernels.repeat_forward(x, times, axis),
            lambda x, axis=axis: np.repeat(x, times, axis),
            [normal(*shape)],
            dtype,
            backward=lambda dy, x, axis=axis: kernels.repeat_backward(dy, times, axis),
            oracle_backward=summed,
            reduction=times,
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(2, 3, 1), (2, 3, 4, 1), (1, 5, 7, 3), (2, 3, 5, 19), (0, 2, 2, 3)]
)
def test_upsample(shape, dtype):
    size = (2, 3)[: len(shape) - 2]

    def oracle(x):
        for axis, n in enumerate(size, 1):
            x = np.repeat(x, n, axis)
        return x

    def summed(dy, x):
        for axis, n in enumerate(size, 1):
            split = (*dy.shape[:axis], dy.shape[axis] // n, n, *dy.shape[axis + 1 :])
            dy = dy.reshape(split).sum(axis + 1)
        return dy

    check_kernel(
        lambda x: kernels.upsample_forward(x, size),
        oracle,
        [normal(*shape)],
        dtype,
        backward=lambda dy, x: kernels.upsample_backward(dy, size),
        oracle_backward=summed,
        reduction=6,
    )


def test_sums_are_in_index_order():
    dy = normal(3, 50, 21).astype(np.float32)
    want = np.zeros((3, 1, 21), np.float32)
    for i in range(50):
        want[:, 0] += dy[:, i]
    assert_same_bits([kernels.repeat_backward(dy, 50, 1)], [want], "order")


# --- resizing


def linear_matrix(size, to):
    """Row i holds the weights of output i: half-pixel centres, edges repeated."""
    matrix = np.zeros((to, size))
    for i in range(to):
        at = min(max((i + 0.5) * size / to - 0.5, 0), size - 1)
        low = min(int(at), max(size - 2, 0))
        matrix[i, low] += 1 - (at - low)
        matrix[i, min(low + 1, size - 1)] += at - low
    return matrix


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("inner", [1, 3, 17, 600])
@pytest.mark.parametrize(("size", "to"), [(1, 1), (1, 4), (2, 4), (3, 9), (5, 7), (7, 5), (6, 1)])
def test_resize(size, to, inner, dtype):
    matrix = linear_matrix(size, to)
    check_kernel(
        lambda x: kernels.resize_forward(x, to, 1),
        lambda x: np.einsum("ts,nsc->ntc", matrix, x),
        [normal(3, size, inner)],
        dtype,
        backward=lambda dy, x: kernels.resize_backward(dy, size, 1),
        oracle_backward=lambda dy, x: np.einsum("ts,ntc->nsc", matrix, dy),
        magnitude=lambda x: np.broadcast_to(np.abs(x).max((1,), keepdims=True), (3, to, inner)),
        reduction=2 + to // size,
    )


def test_resize_is_bilinear_upsampling():
    x = normal(2, 5, 4, 3).astype(np.float32)
    image = golden.Peer("jax.image")
    want = golden.ask(lambda: image.resize(x, (2, 15, 8, 3), "bilinear"), x)
    got = kernels.resize_forward(kernels.resize_forward(x, 15, 1), 8, 2)
    np.testing.assert_allclose(got, want, atol=2e-6)


def test_resize_keeps_infinities_in_place():
    x = np.array([np.inf, 1.0, 2.0, -np.inf])
    np.testing.assert_array_equal(kernels.resize_forward(x, 4, 0), x)
    assert kernels.resize_forward(x, 8, 0)[[0, -1]].tolist() == [np.inf, -np.inf]
    assert kernels.resize_forward(np.ones((0, 3)), 5, 1).shape == (0, 5)


# --- threads, refusals


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_moves_on_threads(dtype):
    x = normal(40, 61, 33, 7).astype(dtype)

    alone = same_on_threads(
        lambda: kernels.permute(x, (0, 3, 1, 2)),
        lambda: kernels.permute(x, (3, 2, 1, 0)),
        lambda: kernels.permute(x.reshape(-1, 231), (1, 0)),
        lambda: kernels.permute(x, (0, 1, 2, 3)),
        lambda: kernels.pad(x, [(0, 1), (2, 3), (0, 0), (1, 1)]),
        lambda: kernels.crop(x, [(1, 0), (0, 5), (3, 0), (0, 0)]),
        lambda: kernels.upsample_forward(x, (2, 3)),
        lambda: kernels.upsample_backward(np.repeat(x, 2, 1), (2, 3)),
        lambda: kernels.repeat_backward(x, 61, 1),
        lambda: kernels.repeat_backward(x.ravel(), 5),
        lambda: kernels.resize_forward(x, 99, 2),
        lambda: kernels.resize_backward(x, 20, 1),
    )
    assert_same_bits(alone[0], [np.ascontiguousarray(x.transpose(0, 3, 1, 2))], "permute")
    assert_same_bits(alone[1], [np.ascontiguousarray(x.T)], "all axes turned round")
    assert_same_bits(alone[2], [np.ascontiguousarray(x.reshape(-1, 231).T)], "matrix")
    assert_same_bits(alone[3], [x], "copy")


def test_refused():
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"axes must name each of 2 axes once; got \(0, 0"):
        kernels.permute(x, (0, 0))
    with pytest.raises(ValueError, match=r"pad: padding must hold \(before, after\) for each axis"):
        kernels.pad(x, [(1, 1)])
    with pytest.raises(ValueError, match=r"pad: padding must lie in \[0, \d+\]; got -1"):
        kernels.pad(x, [(1, 1), (-1, 0)])
    with pytest.raises(ValueError, match=r"crop: cropping must leave something of shape \(3, 2\)"):
        kernels.crop(x, [(2, 2), (0, 0)])
    with pytest.raises(ValueError, match=r"repeat_forward: times must lie in \[1, \d+\]; got 0"):
        kernels.repeat_forward(x, 0)
    with pytest.raises(ValueError, match=r"repeat_backward: dy must have axes that are multiples"):
        kernels.repeat_backward(x, 2)
    with pytest.raises(ValueError, match="upsample_forward: size must hold one integer for each"):
        kernels.upsample_forward(x, (2,))
    with pytest.raises(ValueError, match=r"resize_forward: axis must lie in \[-2, 2\)"):
        kernels.resize_forward(x, 3, 2)
    with pytest.raises(ValueError, match="x and size must have a length of at least 1"):
        kernels.resize_forward(np.ones((2, 0)), 3, 1)
    with pytest.raises(TypeError, match=r"resize_forward: size must be an integer; got 2\.5"):
        kernels.resize_forward(x, 2.5, 0)
