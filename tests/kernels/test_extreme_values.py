"""Numbers whose squares or sums do not fit their type, though the result does."""

import numpy as np
import pytest

from harness import assert_close, assert_same_bits
from lamina import _core, kernels

# Magnitudes for a type: squares overflow, are near the largest number, or vanish.
SIZES = [
    ("float32", 1e20),
    ("float32", 3e37),
    ("float32", 1e17),
    ("float32", 1e-25),
    ("float64", 1e200),
    ("float64", 3e305),
    ("float64", 1e-200),
]


def numbers(dtype, size, shape=(6, 37), seed=0):
    """Return rows of that magnitude, their values in longdouble, and a suitable epsilon."""
    x = (np.random.default_rng(seed).normal(size=shape) * size).astype(dtype)
    return x, x.astype(np.longdouble), 0.0 if size < 1 else 1e-3


def column_gradients(dy, x, gamma, epsilon, kept):
    """Return dx, dgamma and dbeta of a batch normalisation over the rows kept."""
    mean = x[kept].mean(0)
    std = np.sqrt(x[kept].var(0) + epsilon)
    normal = (x - mean) / std
    dbeta, dgamma = dy.sum(0), (dy * normal).sum(0)
    share = (kept / kept.sum())[:, None]
    return gamma / std * (dy - share * (dbeta + normal * dgamma)), dgamma, dbeta


@pytest.mark.parametrize(("dtype", "size"), SIZES)
def test_layer_norm(dtype, size):
    x, exact, epsilon = numbers(dtype, size)
    dy = numbers(dtype, 1.0, seed=1)[0]
    gamma, beta = numbers(dtype, 1.0, (2, 37), seed=2)[0]
    mean, std = exact.mean(-1, keepdims=True), np.sqrt(exact.var(-1, keepdims=True) + epsilon)
    normal = (exact - mean) / std
    y, kept_mean, inverse = kernels.layer_norm_forward(x, gamma, beta, epsilon)
    assert_close(y, normal * gamma + beta, 37, 4.0, what="y")
    assert_close(inverse, 1 / std[:, 0], 37, what="1 / std")
    g = dy.astype(np.longdouble) * gamma
    dx = (g - g.mean(-1, keepdims=True) - normal * (g * normal).mean(-1, keepdims=True)) / std
    got = kernels.layer_norm_backward(dy, x, kept_mean, inverse, gamma)
    assert_close(got[0] * dtype_of(dtype)(size), dx * size, 37, 8.0, what="dx")
    assert_close(got[1], (dy * normal).sum(0), 37, 8.0, what="dgamma")
    # A row's bits do not depend on other rows: an ordinary row among huge ones.
    mixed = x.copy()
    mixed[1::2] /= dtype_of(dtype)(size)
    whole = kernels.layer_norm_forward(mixed, gamma, beta, 1e-3)
    for r in range(len(x)):
        alone = kernels.layer_norm_forward(mixed[r : r + 1], gamma, beta, 1e-3)
        assert_same_bits(alone, [a[r : r + 1] for a in whole], "a row alone")


def dtype_of(name):
    return np.dtype(name).type


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("columns", [1, 5, 70])
@pytest.mark.parametrize(("dtype", "size"), SIZES)
def test_batch_norm(dtype, size, columns, masked):
    x, exact, epsilon = numbers(dtype, size, (33, columns))
    x[:, ::3] /= dtype_of(dtype)(size)  # ordinary columns between them
    x[:, ::3] += dtype_of(dtype)(3)
    if columns == 1:
        x = numbers(dtype, size, (33, 1))[0]
    exact = x.astype(np.longdouble)
    dy = numbers(dtype, 1.0, (33, columns), seed=1)[0]
    gamma, beta = numbers(dtype, 1.0, (2, columns), seed=2)[0]
    kept = np.arange(33) % 3 > 0 if masked else np.ones(33, bool)
    mask = kept if masked else None
    mean, std = exact[kept].mean(0), np.sqrt(exact[kept].var(0) + epsilon)
    y, got_mean, variance = kernels.batch_norm_forward(x, gamma, beta, epsilon=epsilon, mask=mask)
    assert_close(y, (exact - mean) / std * gamma + beta, 33, 8.0, what="y")
    assert_close(got_mean, mean, 33, np.abs(exact).max(0), what="mean")
    got = kernels.batch_norm_backward(dy, x, got_mean, variance, gamma, epsilon, mask=mask)
    want = column_gradients(dy.astype(np.longdouble), exact, gamma, epsilon, kept)
    scale = np.where(np.abs(exact).max(0) > 100, size, 1.0) if size > 1 else std
    assert_close(got[0] * scale.astype(dtype), want[0] * scale, 33, 8.0, what="dx")
    assert_close(got[1], want[1], 33, 16.0, what="dgamma")
    assert_close(got[2], want[2], 33, 8.0, what="dbeta")


def test_batch_norm_gradients_accumulate():
    x = numbers("float32", 1e20, (9, 3))[0]
    _, mean, variance = kernels.batch_norm_forward(x)
    assert np.isinf(variance).all()  # 1e40 exceeds float32
    dy = numbers("float32", 1.0, (9, 3), seed=1)[0]
    fresh = kernels.batch_norm_backward(dy, x, mean, variance)
    dgamma, dbeta = np.ones((2, 3), np.float32)
    kernels.batch_norm_backward(dy, x, mean, variance, dgamma=dgamma, dbeta=dbeta)
    np.testing.assert_allclose(dgamma, 1 + fresh[1], rtol=1e-6)
    np.testing.assert_allclose(dbeta, 1 + fresh[2], rtol=1e-6)


def test_normalisations_of_what_is_not_finite():
    for value in (np.nan, np.inf):
        x = np.full((4, 3), 1e20, np.float32)
        x[1, 1] = value
        y = kernels.layer_norm_forward(x)[0]
        assert np.isnan(y[1]).all()
        assert np.isfinite(y[0]).all()
        y, mean, _ = kernels.batch_norm_forward(x)
        assert np.isnan(y[:, 1]).all()
        assert np.isfinite(y[:, [0, 2]]).all()
        assert not np.isfinite(mean[1])


@pytest.mark.parametrize("size", [1e200, 1e300])
def test_unit_rows_whose_squares_overflow(size):
    x = numbers("float64", size, (3, 9))[0]
    dy = numbers("float64", size, (3, 9), seed=1)[0]
    exact, slope = x.astype(np.longdouble), dy.astype(np.longdouble)
    length = np.sqrt((exact**2).sum(-1, keepdims=True))
    unit = exact / length
    assert_close(_core.kernels.unit_rows_forward(x), unit, 9, what="y")
    want = (slope - unit * (unit * slope).sum(-1, keepdims=True)) / length
    assert_close(_core.kernels.unit_rows_backward(dy, x), want, 9, 4.0, what="dx")


@pytest.mark.parametrize("columns", [5, 40, 20_000])
@pytest.mark.parametrize(("dtype", "most"), [("float32", 1e38), ("float64", 1e308)])
def test_losses_whose_sum_overflows(dtype, most, columns):
    rng = np.random.default_rng(columns)
    p = rng.uniform(0.5, 1.0, (4, columns)).astype(dtype)
    t = np.zeros_like(p)
    p[0] *= dtype_of(dtype)(most)
    p[2] *= dtype_of(dtype)(np.sqrt(most))
    exact = p.astype(np.longdouble)
    got = kernels.loss_forward("mean_absolute_error", t, p)
    assert_close(got, exact.mean(-1), columns, what="mean_absolute_error")
    got = kernels.loss_forward("mean_squared_error", t, p)
    assert np.isinf(got[0])  # the mean itself does not fit
    assert_close(got[1:], (exact[1:] ** 2).mean(-1), columns, what="mean_squared_error")
    for r in range(4):  # an overflow in another row does not change a row
        alone = kernels.loss_forward("mean_squared_error", t[r : r + 1], p[r : r + 1])
        assert_same_bits([alone], [got[r : r + 1]], "a row alone")
    delta = float(np.sqrt(most))
    got = kernels.loss_forward("huber", t, p / dtype_of(dtype)(8), delta=delta)
    part = exact / 8
    want = np.where(part <= delta, part**2 / 2, delta * (part - delta / 2)).mean(-1)
    assert_close(got[1:], want[1:], columns, what="huber")


def test_masked_mean_whose_sum_overflows():
    x = np.random.default_rng(0).uniform(1e38, 3e38, (2, 9, 21)).astype(np.float32)
    mask = np.arange(18).reshape(2, 9) % 4 > 0
    x[1, :, 3] = 1.0
    exact = x.astype(float)
    want = (exact * mask[..., None]).sum(1) / mask.sum(1)[:, None]
    assert_close(_core.kernels.masked_mean_forward(x, mask), want, 9, what="mean")


def test_a_factor_below_the_normal_numbers():
    """A norm of 1e40 clipped to 1: the factor has no float32 of full precision."""
    x = np.array([3e38, -1e38, 1e30, 0], np.float32)
    np.testing.assert_allclose(kernels.scale(x, 1e-40), x.astype(float) * 1e-40, rtol=1e-6)
