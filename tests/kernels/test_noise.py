"""Noise: normal numbers against a float64 Box-Muller, statistics, masks, redrawn in backward."""

from functools import partial

import numpy as np
import pytest

from harness import DTYPES, ODD_SIZES, assert_close, assert_same_bits, check_kernel
from lamina import kernels
from thread_proof import same_on_threads

KEY = (11, 2, 3)
LIMIT = -1.7580993408473766


def cosine_and_sine(word):
    """Of word / 2^32 turns; whole quarters are subtracted as integers, so zeros are exact."""
    word = word.astype(np.int64)
    quarter = (word + 2**29) >> 30
    angle = (word - (quarter << 30)) * (2 * np.arctan(np.longdouble(1)) / 2**30)
    c, s = np.cos(angle), np.sin(angle)
    return np.choose(quarter % 4, [c, -s, -c, s]), np.choose(quarter % 4, [s, c, -s, -c])


def normals(size, key=KEY):
    """Box and Muller's method on the words of the key, in extended precision."""
    groups = -(-size // 64)
    words = kernels.random_bits(64 * groups, *key).reshape(groups, 2, 2, 16)
    radius = np.sqrt(-2 * np.log((words[:, :, 0] + np.longdouble(0.5)) / 2**32))
    pairs = np.stack([radius * part for part in cosine_and_sine(words[:, :, 1])], 2)
    return pairs.reshape(-1)[:size].astype(float)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, *ODD_SIZES, 64, 127, 300_001])
def test_normal_numbers_to_the_last_places(size, dtype):
    got = kernels.noise_forward(np.zeros(size, dtype), "gaussian", 1.0, *KEY)
    assert_close(got, normals(size), factor=1.5)


def test_normal_numbers_over_the_whole_range():
    got = kernels.noise_forward(np.zeros(3_000_000, np.float32), "gaussian", 1.0, 5)
    want = normals(3_000_000, (5, 0, 0))
    assert np.abs(want).max() > 4.8
    assert_close(got, want, factor=1.5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", [1, 2**63])
def test_statistics(seed, dtype):
    n = 1_000_000
    z = kernels.noise_forward(np.zeros(n, dtype), "gaussian", 1.0, seed).astype(float)
    error = 1 / np.sqrt(n)
    assert abs(z.mean()) < 4 * error
    assert abs(z.var() - 1) < 4 * np.sqrt(2) * error
    assert abs((z**3).mean()) < 4 * np.sqrt(15) * error
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96) * error
    for lag in (1, 16, 32, 64):  # neighbours, and the partners of one pair
        assert abs((z[:-lag] * z[lag:]).mean()) < 4 * error
        assert abs((z[:-lag] ** 2 * z[lag:] ** 2).mean() - 1) < 4 * np.sqrt(8) * error
    stats = pytest.importorskip("scipy.stats")
    assert stats.kstest(z, "norm").pvalue > 1e-3


KINDS = [("gaussian", 0.5), ("gaussian", 0.0), ("gaussian_dropout", 0.3), ("gaussian_dropout", 0.0),
         ("alpha_dropout", 0.1), ("alpha_dropout", 0.8), ("alpha_dropout", 0.0)]  # fmt: skip


def oracle(x, kind, amount):
    z = normals(x.size).reshape(x.shape)
    if kind == "gaussian":
        return x + amount * z
    if kind == "gaussian_dropout":
        return x * (1 + np.sqrt(amount / (1 - amount)) * z)
    a, b = alpha_law(amount)
    return a * np.where(kept(x.shape, amount), x, LIMIT) + b


def alpha_law(rate):
    a = ((1 - rate) * (1 + rate * LIMIT**2)) ** -0.5
    return a, -a * LIMIT * rate


def kept(shape, rate):
    return kernels.dropout_forward(np.ones(shape), rate, *KEY) != 0


def slope(dy, kind, amount):
    if kind == "gaussian":
        return dy
    if kind == "gaussian_dropout":
        return oracle(dy, kind, amount)
    return alpha_law(amount)[0] * np.where(kept(dy.shape, amount), dy, 0)


def check(shape, kind, amount, dtype):
    check_kernel(
        lambda x: kernels.noise_forward(x, kind, amount, *KEY),
        lambda x: oracle(x, kind, amount),
        [np.random.default_rng(1).normal(size=shape)],
        dtype,
        backward=lambda dy, x: kernels.noise_backward(dy, kind, amount, *KEY),
        oracle_backward=lambda dy, x: slope(dy, kind, amount),
        magnitude=lambda x: 4 * (np.abs(x) + 1),
        backward_magnitude=lambda dy, x: 8 * np.abs(dy),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("kind", "amount"), KINDS)
def test_laws(kind, amount, dtype):
    for shape in [(), (0, 3), (7, 9), (3, 4, 5), *ODD_SIZES]:
        check(shape, kind, amount, dtype)


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_alpha_dropout_keeps_mean_and_variance(rate):
    n = 400_000
    x = kernels.noise_forward(np.zeros(n), "gaussian", 1.0, 99)
    y = kernels.noise_forward(x, "alpha_dropout", rate, *KEY)
    assert abs(y.mean()) < 6 / np.sqrt(n)
    assert abs(y.var() - 1) < 0.02
    dropped = alpha_law(rate)[0] * LIMIT + alpha_law(rate)[1]
    np.testing.assert_allclose(y[~kept(n, rate)], dropped)


@pytest.mark.parametrize(("kind", "amount"), KINDS)
def test_a_prefix_and_threads_change_nothing(kind, amount):
    x = np.random.default_rng(2).normal(size=200_001).astype(np.float32)
    passes = [kernels.noise_forward]
    if kind != "gaussian":  # added noise passes the gradient on unchanged: a copy
        passes.append(kernels.noise_backward)
    alone = same_on_threads(*(partial(p, x, kind, amount, *KEY) for p in passes))
    for through, (whole,) in zip(passes, alone, strict=True):
        assert_same_bits([through(x[:1001], kind, amount, *KEY)], [whole[:1001]], "prefix")


def test_steps_streams_and_seeds_differ():
    x = np.zeros(100)
    draws = [kernels.noise_forward(x, "gaussian", 1.0, *key)
             for key in [(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)]]  # fmt: skip
    for i in range(4):
        for j in range(i):
            assert not (draws[i] == draws[j]).any()


# --- whole channels


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape",
    [(0, 4, 3), (3, 4), (2, 5, 1), (5, 7, 3), (3, 2, 4, 17), (4, 3, 65), (3, 0, 4), (2, 3, 700)],
)
@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_spatial_dropout(shape, rate, dtype):
    mask = kept((shape[0], shape[-1]), rate)
    mask = mask.reshape(shape[0], *(1,) * (len(shape) - 2), shape[-1])
    check_kernel(
        lambda x: kernels.spatial_dropout_forward(x, rate, *KEY),
        lambda x: np.where(mask, x / (1 - rate), 0),
        [np.random.default_rng(1).normal(size=shape)],
        dtype,
        backward=lambda dy, x: kernels.spatial_dropout_backward(dy, rate, *KEY),
        oracle_backward=lambda dy, x: np.where(mask, dy / (1 - rate), 0),
    )


def test_spatial_dropout_on_threads():
    x = np.random.default_rng(1).normal(size=(64, 30, 40, 33)).astype(np.float32)
    same_on_threads(
        lambda: kernels.spatial_dropout_forward(x, 0.4, *KEY),
        lambda: kernels.spatial_dropout_backward(x, 0.4, *KEY),
    )


def test_refused():
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match="noise_forward: kind must be 'gaussian', 'gaussian_drop"):
        kernels.noise_forward(x, "uniform", 0.5, 1)
    with pytest.raises(ValueError, match="amount must be a finite number of at least 0; got -1"):
        kernels.noise_forward(x, "gaussian", -1, 1)
    with pytest.raises(ValueError, match=r"noise_backward: amount must lie in \[0, 1\); got 1"):
        kernels.noise_backward(x, "alpha_dropout", 1, 1)
    with pytest.raises(ValueError, match="spatial_dropout_forward: x must have"):
        kernels.spatial_dropout_forward(np.ones(3), 0.5, 1)
