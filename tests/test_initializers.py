"""Initial weights: moments, bounds, orthogonality, seeds."""

import numpy as np
import pytest

import lamina
from lamina import initializers
from lamina.random import Stream

SHAPE = (200, 300)  # 60,000 values: a mean is known to 1/245 standard deviation
TRUNCATED = 0.87962566103423978


def draw(initializer, shape=SHAPE, dtype="float64"):
    return initializer(shape, dtype=dtype, rng=Stream(3))


@pytest.mark.parametrize(
    ("name", "stddev", "bound"),
    [
        ("random_uniform", 0.1 / np.sqrt(12), 0.05),
        ("random_normal", 0.05, np.inf),
        ("truncated_normal", 0.05 * TRUNCATED, 0.1),
        ("variance_scaling", 200**-0.5, 2 * 200**-0.5 / TRUNCATED),
        ("glorot_uniform", (2 / 500) ** 0.5, (6 / 500) ** 0.5),
        ("glorot_normal", (2 / 500) ** 0.5, 2 * (2 / 500) ** 0.5 / TRUNCATED),
        ("he_uniform", (2 / 200) ** 0.5, (6 / 200) ** 0.5),
        ("he_normal", (2 / 200) ** 0.5, 2 * (2 / 200) ** 0.5 / TRUNCATED),
        ("lecun_uniform", (1 / 200) ** 0.5, (3 / 200) ** 0.5),
        ("lecun_normal", (1 / 200) ** 0.5, 2 * (1 / 200) ** 0.5 / TRUNCATED),
    ],
)
def test_moments_and_bounds(name, stddev, bound):
    w = draw(initializers.get(name))
    assert abs(w.mean()) < 5 * stddev / np.sqrt(w.size)
    assert w.std() == pytest.approx(stddev, rel=0.015)
    assert np.abs(w).max() <= bound * (1 + 1e-12)


@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
@pytest.mark.parametrize(("mode", "n"), [("fan_in", 200), ("fan_out", 300), ("fan_avg", 250)])
def test_variance_scaling(mode, n, distribution):
    w = draw(initializers.VarianceScaling(scale=3.0, mode=mode, distribution=distribution))
    assert w.std() == pytest.approx((3 / n) ** 0.5, rel=0.015)


def test_constants():
    assert (draw(initializers.Zeros()) == 0).all()
    assert (draw(initializers.Ones()) == 1).all()
    assert (draw(initializers.Constant(2.5)) == 2.5).all()
    np.testing.assert_array_equal(draw(initializers.Identity(2.0), (3, 4)), 2 * np.eye(3, 4))


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (7, 3), (3, 7), (1, 4), (4, 1), (2, 3, 4)])
def test_orthogonal(shape):
    w = draw(initializers.Orthogonal(gain=2.0), shape).reshape(-1, shape[-1])
    gram = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-13)


@pytest.mark.parametrize("shape", [(6, 4), (256, 256), (257, 257), (400, 151)])
def test_orthogonal_is_the_q_of_a_qr_with_positive_diagonal(shape):
    a = Stream(3).normal(shape)
    q, r = np.linalg.qr(a)
    expected = q * np.sign(np.diag(r))
    drawn = draw(initializers.Orthogonal(), shape)
    np.testing.assert_allclose(drawn, expected, atol=1e-11)
    before = lamina.get_num_threads()
    try:
        lamina.set_num_threads(1)
        np.testing.assert_array_equal(draw(initializers.Orthogonal(), shape), drawn)
    finally:
        lamina.set_num_threads(before)


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((4,), (4, 4)), ((3, 5), (3, 5)), ((3, 3, 16, 32), (144, 288))],
)
def test_fans(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_a_seed_of_its_own_repeats_and_the_stream_goes_on():
    own = initializers.HeNormal(seed=5)
    np.testing.assert_array_equal(own((4, 5)), own((4, 5)))
    np.testing.assert_array_equal(own((4, 5)), own((4, 5), rng=Stream(9)))
    rng, given = Stream(9), initializers.HeNormal()
    first, second = given((4, 5), rng=rng), given((4, 5), rng=rng)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, given((4, 5), rng=Stream(9)))


def test_float32_is_float64_rounded():
    exact = draw(initializers.GlorotUniform())
    np.testing.assert_array_equal(
        draw(initializers.GlorotUniform(), dtype="float32"), exact.astype("float32")
    )


@pytest.mark.parametrize("name", ["HeNormal", "he_normal", "orthogonal", "zero", "normal", "Ones"])
def test_names_and_configurations(name):
    initializer = initializers.get(name)
    copy = initializers.get(initializers.serialize(initializer))
    assert type(copy) is type(initializer)
    assert copy.get_config() == initializer.get_config()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: initializers.get("he_norm"), ValueError, "unknown .*did you mean 'he_normal'"),
        (lambda: initializers.get(3), TypeError, "got 3"),
        (lambda: initializers.Zeros()((2, -1)), ValueError, "Zeros: shape"),
        (lambda: initializers.Zeros()(("a",)), TypeError, "Zeros: shape"),
        (lambda: initializers.Zeros()((2**40, 2**40)), ValueError, "Zeros: shape"),
        (lambda: initializers.Zeros()((2,), dtype="int32"), ValueError, "got 'int32'"),
        (lambda: initializers.Identity()((2,)), ValueError, r"2 axes; got \(2,\)"),
        (lambda: initializers.Orthogonal()((2,)), ValueError, r"at least 2 axes; got \(2,\)"),
        (lambda: initializers.HeNormal(seed=-1), ValueError, "seed"),
        (lambda: initializers.HeNormal(seed=1.5), TypeError, "seed"),
        (lambda: initializers.RandomUniform(1.0, 0.0), ValueError, "minval must not exceed"),
        (lambda: initializers.RandomNormal(stddev=-1), ValueError, "RandomNormal: stddev"),
        (lambda: initializers.VarianceScaling(scale=0), ValueError, "scale"),
        (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "got 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="cauchy"), ValueError, "'cauchy'"),
        (lambda: initializers.compute_fans("ab"), TypeError, "compute_fans: shape must be a tuple"),
        (lambda: initializers.compute_fans((2, -1)), ValueError, r"compute_fans: shape\[1\]"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
