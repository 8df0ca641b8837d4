"""Softmax and log-softmax over the last axis."""

from functools import partial

import numpy as np
import pytest

import golden
from harness import DTYPES, ODD_SIZES, assert_same_bits, check_kernel
from lamina import kernels
from thread_proof import same_on_threads


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def log_softmax(x):
    z = x - x.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_backward(dy, y):
    return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


PAIRS = {
    "softmax": (
        kernels.softmax_forward, kernels.softmax_backward, softmax, softmax_backward
    ),
    "log_softmax": (
        kernels.log_softmax_forward, kernels.log_softmax_backward, log_softmax, log_softmax_backward
    ),
}  # fmt: skip


def check(name, shape, dtype, scale=3.0):
    forward, backward, oracle, oracle_backward = PAIRS[name]
    x = np.random.default_rng(8).normal(size=shape, scale=scale)
    check_kernel(
        forward,
        oracle,
        [x],
        dtype,
        backward=lambda dy, x: backward(dy, forward(x)),
        oracle_backward=lambda dy, x: oracle_backward(dy, oracle(x)),
        # log-softmax: x - max and log(sum) each round at their own size
        magnitude=(lambda x: 1 + np.abs(x - x.max(axis=-1, keepdims=True)))
        if name == "log_softmax"
        else None,
        reduction=shape[-1],
        factor=2.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(PAIRS))
@pytest.mark.parametrize("size", ODD_SIZES)
def test_odd_sizes(name, size, dtype):
    check(name, (5, size), dtype)
    check(name, (size, 10), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(PAIRS))
@pytest.mark.parametrize("shape", [(0, 3), (4,), (2, 3, 4), (3, 1000), (200, 100)])
def test_shapes(name, shape, dtype):
    check(name, shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(PAIRS))
@pytest.mark.parametrize("classes", [2, 10, 24, 25, 100])
def test_rows_do_not_depend_on_the_batch(name, classes, dtype):
    forward, backward, *_ = PAIRS[name]
    x = np.random.default_rng(8).normal(size=(70, classes)).astype(dtype)
    dy = x[::-1].copy()
    y = forward(x)
    dx = backward(dy, y)
    for rows in (1, 3, 8, 17, 69):
        assert_same_bits([forward(x[:rows])], [y[:rows]], f"{rows} rows")
        assert_same_bits([backward(dy[:rows], y[:rows])], [dx[:rows]], f"{rows} rows")


@pytest.mark.parametrize("classes", [10, 300])
def test_many_rows_on_threads(classes):
    x = np.random.default_rng(8).normal(size=(200_000 // classes, classes)).astype(np.float32)
    for forward, backward, *_ in PAIRS.values():
        same_on_threads(partial(forward, x), partial(backward, x, forward(x)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1e4, 1e30])
@pytest.mark.parametrize("classes", [3, 40])
def test_extreme_logits(size, classes, dtype):
    x = np.zeros((3, classes), dtype)
    x[0, 0], x[1, 1], x[2] = size, -size, size
    y = kernels.softmax_forward(x)
    assert y[0, 0] == 1
    assert not y[0, 1:].any()
    assert y[1, 1] == 0
    np.testing.assert_allclose(y[2], 1 / classes, rtol=1e-6)
    log = kernels.log_softmax_forward(x)
    assert log[0, 0] == 0
    assert (log[0, 1:] == -x[0, 0]).all()
    assert np.isfinite(log).all()
    for dx in (kernels.softmax_backward(x, y), kernels.log_softmax_backward(np.ones_like(x), log)):
        assert np.isfinite(dx).all()


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_minus_infinity_masks_a_class(name):
    x = np.array([[0.0, -np.inf, 0.0]])
    want = [0.5, 0.0, 0.5]
    y = PAIRS[name][0](x)
    np.testing.assert_allclose(np.exp(y) if name == "log_softmax" else y, [want], rtol=1e-15)
    assert np.isnan(PAIRS[name][0](np.array([[0.0, np.nan]]))).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch(dtype):
    x = np.random.default_rng(8).normal(size=(9, 12)).astype(dtype)
    atol = 20 * np.finfo(dtype).eps
    for name, (forward, *_) in PAIRS.items():

        def by_torch(name=name):
            torch = golden.Peer("torch")
            return getattr(torch, name)(torch.from_numpy(x), -1)

        want = golden.ask(by_torch, name, x)
        np.testing.assert_allclose(forward(x), want, atol=atol, rtol=atol)


def test_refused():
    with pytest.raises(
        ValueError, match=r"softmax_forward: x must have at least 1 axis \(..., classes\)"
    ):
        kernels.softmax_forward(1.0)
    with pytest.raises(ValueError, match="x must have at least one column"):
        kernels.softmax_forward(np.ones((3, 0)))
    with pytest.raises(ValueError, match=r"dy must have shape \(2, 3\); got shape \(2, 2\)"):
        kernels.log_softmax_backward(np.ones((2, 2)), np.ones((2, 3)))
