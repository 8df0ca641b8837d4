"""Batch and layer normalisation."""

from functools import partial

import numpy as np
import pytest

import golden
from harness import DTYPES, ODD_SIZES, assert_close, assert_same_bits, check_added, check_kernel
from lamina import kernels

EPSILON = 1e-3


def normal(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def flat(x):
    return x.reshape(-1, x.shape[-1])


# --- batch normalisation


def moments(x, mask=None):
    rows = flat(x)[slice(None) if mask is None else mask.ravel()]
    if len(rows) == 0:
        return np.zeros(x.shape[-1]), np.zeros(x.shape[-1])
    return rows.mean(0), rows.var(0)


def batch_oracle(x, gamma, beta, mask=None):
    mean, variance = moments(x, mask)
    return (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta, mean, variance


def batch_oracle_backward(dy, x, gamma, beta, mask=None):
    mean, variance = moments(x, mask)
    std = np.sqrt(variance + EPSILON)
    normalised = (x - mean) / std
    dbeta, dgamma = flat(dy).sum(0), flat(dy * normalised).sum(0)
    kept = np.ones(x.shape[:-1]) if mask is None else mask.astype(float)
    share = (kept / max(kept.sum(), 1))[..., None]
    return gamma / std * (dy - share * (dbeta + normalised * dgamma)), dgamma, dbeta


def batch_magnitude(x, gamma, beta, mask=None):
    _, variance = moments(x, mask)
    size = np.abs(x).max(initial=1)
    return (
        np.abs(gamma) * (np.abs(x) + size) / np.sqrt(variance + EPSILON) + np.abs(beta),
        size,
        size**2,
    )


def batch_forward(x, gamma, beta, mask=None):
    return kernels.batch_norm_forward(x, gamma, beta, epsilon=EPSILON, mask=mask)


def batch_backward(dy, x, gamma, beta, mask=None):
    _, mean, variance = batch_forward(x, gamma, beta, mask)
    return kernels.batch_norm_backward(dy, x, mean, variance, gamma, EPSILON, mask=mask)


def check_batch(shape, dtype, mask=False):
    inputs = [2 * normal(*shape) + 0.5, 1 + normal(shape[-1], seed=2), normal(shape[-1], seed=3)]
    if mask:
        inputs.append(np.random.default_rng(4).random(shape[:-1]) < 0.6)
    exact = [x.astype(dtype).astype(float) if x.dtype.kind == "f" else x for x in inputs]
    _, variance = moments(exact[0], *exact[3:])
    steep = 1 / np.sqrt(
        variance.min(initial=1) + EPSILON
    )  # how much the backward magnifies errors of x

    def backward_magnitude(dy, x, gamma, *rest):
        terms = np.abs(dy).sum()
        size = (
            np.abs(gamma).max(initial=0)
            * steep
            * max(np.abs(dy).max(initial=0), 1)
            * (1 + 4 * steep**2)
        )
        return size, terms * (1 + 4 * steep), terms

    check_kernel(
        batch_forward,
        batch_oracle,
        inputs,
        dtype,
        backward=batch_backward,
        differentiable=(0, 1, 2),
        oracle_backward=batch_oracle_backward,
        magnitude=batch_magnitude,
        backward_magnitude=backward_magnitude,
        reduction=int(np.prod(shape[:-1])),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_batch_odd_sizes(size, dtype):
    check_batch((9, size), dtype)
    check_batch((size + 1, 3), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape",
    [(0, 4), (131, 1), (3, 5, 6, 7), (700, 130), (40, 530), (20_001, 3), (513, 64)],
)
@pytest.mark.parametrize("mask", [False, True])
def test_batch_shapes(shape, mask, dtype):
    check_batch(shape, dtype, mask)


@pytest.mark.parametrize("columns", [1, 3, 16, 40, 200])
@pytest.mark.parametrize("offset", [1e4, -1e4])
def test_batch_variance_does_not_cancel(columns, offset):
    x = (normal(30_000, columns) + offset).astype(np.float32)
    _, mean, variance = kernels.batch_norm_forward(x)
    np.testing.assert_allclose(mean, x.astype(float).mean(0), rtol=2e-7)
    np.testing.assert_allclose(variance, x.astype(float).var(0), rtol=1e-5)
    x[0::64] = 0  # the shift of the values may be far from the mean
    _, mean, variance = kernels.batch_norm_forward(x)
    np.testing.assert_allclose(variance, x.astype(float).var(0), rtol=1e-4)


def test_batch_constant_columns_and_no_rows():
    y, mean, variance = kernels.batch_norm_forward(np.full((1000, 3), 0.1, np.float32))
    assert not variance.any()
    np.testing.assert_array_equal(mean, np.float32(0.1))
    assert not y.any()
    x = np.ones((4, 3))
    none = np.zeros(4, bool)
    _, mean, variance = kernels.batch_norm_forward(x, mask=none)
    assert not mean.any()
    assert not variance.any()
    dx = kernels.batch_norm_backward(x, x, mean, variance, mask=none)[0]
    np.testing.assert_allclose(dx, x / np.sqrt(EPSILON))
    assert kernels.batch_norm_forward(np.ones((2, 0)))[0].shape == (2, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_batch_given_statistics(dtype):
    x, gamma, beta, mean = (a.astype(dtype) for a in (normal(33, 9), *normal(3, 9, seed=2)))
    variance = np.square(normal(9, seed=5)).astype(dtype) + np.ones((), dtype)
    dy = normal(33, 9, seed=6).astype(dtype)
    y, same_mean, same_variance = kernels.batch_norm_forward(x, gamma, beta, mean, variance)
    assert_same_bits([same_mean, same_variance], [mean, variance], "given")
    x64, g64, b64, m64, v64, dy64 = (a.astype(float) for a in (x, gamma, beta, mean, variance, dy))
    std = np.sqrt(v64 + EPSILON)
    assert_close(y, (x64 - m64) / std * g64 + b64, magnitude=10)
    dx, dgamma, dbeta = kernels.batch_norm_backward(
        dy, x, mean, variance, gamma, batch_statistics=False
    )
    assert_close(dx, dy64 * g64 / std)
    assert_close(dgamma, (dy64 * (x64 - m64) / std).sum(0), 33, 50)
    assert_close(dbeta, dy64.sum(0), 33, 30)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(9, 5), (600, 40), (0, 3)])
def test_gradients_accumulate(shape, dtype):
    x, dy = normal(*shape).astype(dtype), normal(*shape, seed=2).astype(dtype)
    _, mean, variance = kernels.batch_norm_forward(x)
    fresh = kernels.batch_norm_backward(dy, x, mean, variance)[1:]
    check_added(
        lambda g, b: kernels.batch_norm_backward(dy, x, mean, variance, dgamma=g, dbeta=b),
        fresh,
        shape[0],
    )
    _, mean, inverse = kernels.layer_norm_forward(x)
    fresh = kernels.layer_norm_backward(dy, x, mean, inverse)[1:]
    check_added(
        lambda g, b: kernels.layer_norm_backward(dy, x, mean, inverse, dgamma=g, dbeta=b),
        fresh,
        shape[0],
    )


# --- layer normalisation


def layer_oracle(x, gamma, beta):
    mean = x.mean(-1, keepdims=True)
    inverse = 1 / np.sqrt(x.var(-1, keepdims=True) + EPSILON)
    return (x - mean) * inverse * gamma + beta, mean[..., 0], inverse[..., 0]


def layer_oracle_backward(dy, x, gamma, beta):
    inverse = 1 / np.sqrt(x.var(-1, keepdims=True) + EPSILON)
    normalised = (x - x.mean(-1, keepdims=True)) * inverse
    g = dy * gamma
    product = (g * normalised).mean(-1, keepdims=True)
    dx = inverse * (g - g.mean(-1, keepdims=True) - normalised * product)
    return dx, flat(dy * normalised).sum(0), flat(dy).sum(0)


def layer_backward(dy, x, gamma, beta):
    _, mean, inverse = kernels.layer_norm_forward(x, gamma, beta, EPSILON)
    return kernels.layer_norm_backward(dy, x, mean, inverse, gamma)


def check_layer(shape, dtype):
    x = 2 * normal(*shape) + 0.5
    inputs = [x, 1 + normal(shape[-1], seed=2), normal(shape[-1], seed=3)]
    steep = 1 / np.sqrt(x.var(-1).min(initial=1) + EPSILON)
    size = np.abs(x).max(initial=1)

    def magnitude(x, gamma, beta):
        return np.abs(gamma) * size * steep * (1 + size * steep) + np.abs(beta), size, 9 * steep**3

    def backward_magnitude(dy, x, gamma, beta):
        terms = np.abs(dy).sum()
        wide = 1 + size * steep
        return np.abs(gamma).max() * 4 * steep * wide**2, terms * wide**2, terms

    check_kernel(
        lambda *a: kernels.layer_norm_forward(*a, EPSILON),
        layer_oracle,
        inputs,
        dtype,
        backward=layer_backward,
        differentiable=(0, 1, 2),
        oracle_backward=layer_oracle_backward,
        magnitude=magnitude,
        backward_magnitude=backward_magnitude,
        reduction=shape[-1],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [n for n in ODD_SIZES if n > 1])
def test_layer_odd_sizes(size, dtype):
    check_layer((5, size), dtype)
    check_layer((size, 6), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0, 4), (3, 5, 12), (700, 130), (3, 5000), (2001, 20)])
def test_layer_shapes(shape, dtype):
    check_layer(shape, dtype)


def test_layer_variance_does_not_cancel():
    x = (normal(50, 257) + 1e4).astype(np.float32)
    _, mean, inverse = kernels.layer_norm_forward(x, epsilon=0)
    np.testing.assert_allclose(mean, x.astype(float).mean(-1), rtol=3e-7)
    np.testing.assert_allclose(inverse, 1 / x.astype(float).std(-1), rtol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_rows_do_not_depend_on_the_batch(dtype):
    x, dy = normal(300, 70).astype(dtype), normal(300, 70, seed=2).astype(dtype)
    whole = kernels.layer_norm_forward(x)
    dx = kernels.layer_norm_backward(dy, x, *whole[1:])[0]
    for rows in (1, 2, 31, 299):
        part = kernels.layer_norm_forward(x[:rows])
        assert_same_bits(part, [a[:rows] for a in whole], str(rows))
        got = kernels.layer_norm_backward(dy[:rows], x[:rows], *part[1:])[0]
        assert_same_bits([got], [dx[:rows]], str(rows))


# --- both


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch(dtype):
    plain = [a.astype(dtype) for a in (normal(33, 12), *normal(2, 12))]
    dy = normal(33, 12, seed=4).astype(dtype)
    close = {"atol": 300 * np.finfo(dtype).eps, "rtol": 300 * np.finfo(dtype).eps}

    def batch_norm(f, x, gamma, beta):
        return f.batch_norm(x, None, None, gamma, beta, training=True, eps=EPSILON)

    def layer_norm(f, x, gamma, beta):
        return f.layer_norm(x, (12,), gamma, beta, EPSILON)

    def by_torch(law):
        torch = golden.Peer("torch")
        tensors = [torch.tensor(a, requires_grad=True) for a in plain]
        y = law(torch.nn.functional, *tensors)
        return y, torch.autograd.grad(y, tensors, torch.tensor(dy))

    for law, ours, backward in (
        (batch_norm, batch_forward, batch_backward),
        (layer_norm, kernels.layer_norm_forward, layer_backward),
    ):
        y, gradients = golden.ask(partial(by_torch, law), law.__name__, dy, *plain)
        np.testing.assert_allclose(ours(*plain)[0], y, **close)
        for got, want in zip(backward(dy, *plain), gradients, strict=True):
            np.testing.assert_allclose(got, want, **close)


def test_refused():
    x = np.ones((4, 3))
    with pytest.raises(ValueError, match=r"batch_norm_forward: gamma must have shape \(columns,\)"):
        kernels.batch_norm_forward(x, np.ones(4))
    with pytest.raises(ValueError, match="mean and variance must be given together"):
        kernels.batch_norm_forward(x, mean=np.ones(3))
    with pytest.raises(ValueError, match="mask must have shape of x without its last axis"):
        kernels.batch_norm_forward(x, mask=np.ones(3, bool))
    with pytest.raises(TypeError, match="mask must hold booleans; got dtype float64"):
        kernels.batch_norm_forward(x, mask=np.ones(4))
    with pytest.raises(ValueError, match="epsilon must be a finite number of at least 0; got -1"):
        kernels.layer_norm_forward(x, epsilon=-1)
    with pytest.raises(ValueError, match="at least one column"):
        kernels.layer_norm_forward(np.ones((3, 0)))
    with pytest.raises(ValueError, match="dgamma and dbeta must be given together"):
        kernels.layer_norm_backward(x, x, np.ones(4), np.ones(4), dgamma=np.zeros(3))
