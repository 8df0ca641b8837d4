"""``lamina.random``: distributions, seeds, and draws that are recorded."""

import numpy as np
import pytest
import scipy.special as sp

import lamina
from lamina import ops, random
from ops.running import Recorded, Rows, Whole

N = 20000
RAMP = np.add.outer(np.arange(8.0), np.arange(7.0))[..., None]
DRAWS = {
    "normal": (lambda **k: random.normal((N,), 1.0, 2.0, **k), 1.0, 2.0),
    "truncated_normal": (lambda **k: random.truncated_normal((N,), 1.0, 2.0, **k), 1.0, 1.7593),
    "uniform": (lambda **k: random.uniform((N,), -1.0, 3.0, **k), 1.0, 4 / 12**0.5),
    "randint": (lambda **k: random.randint((N,), 0, 5, **k), 2.0, 2**0.5),
    "bernoulli": (lambda **k: random.bernoulli((N,), 0.25, **k), 0.25, 0.1875**0.5),
    "binomial": (lambda **k: random.binomial((N,), 4, 0.25, **k), 1.0, 0.75**0.5),
    "categorical": (
        lambda **k: random.categorical(np.log([[0.25, 0.75]]), N, **k)[0], 0.75, 0.1875**0.5
    ),
    "dropout": (lambda **k: random.dropout(np.ones(N), 0.2, **k), 1.0, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_mean_and_deviation(name):
    draw, mean, deviation = DRAWS[name]
    x = draw(seed=5)
    assert abs(x.mean() - mean) < 5 * deviation / N**0.5
    assert abs(x.std() - deviation) < 0.03 * deviation
    assert np.array_equal(x, draw(seed=5))
    assert not np.array_equal(x, draw(seed=6))
    assert not np.array_equal(draw(), draw())
    one, other = (random.SeedGenerator(3) for _ in range(2))
    first = draw(seed=one)
    assert np.array_equal(first, draw(seed=other))
    assert not np.array_equal(first, draw(seed=one))


@pytest.mark.parametrize("name", ["normal", "truncated_normal", "uniform", "binomial"])
def test_refuses_types_without_fractions(name):
    draw, *_ = DRAWS[name]
    assert draw(dtype="float64").dtype == np.float64
    with pytest.raises(ValueError, match=f"{name}: dtype must be a floating type; got 'int32'"):
        draw(dtype="int32")


def test_gamma_and_beta_refuse_types_without_fractions():
    with pytest.raises(ValueError, match="gamma: dtype must be a floating type; got 'int32'"):
        random.gamma((3,), 2.0, dtype="int32")
    with pytest.raises(ValueError, match="beta: dtype must be a floating type; got <class 'bool'>"):
        random.beta((3,), 2.0, 1.0, dtype=bool)


def test_binomial_names_a_negative_count():
    with pytest.raises(ValueError, match="binomial: counts must be an integer from 0 on; got -1"):
        random.binomial((3,), -1, 0.5)


def test_set_random_seed_repeats_all():
    def draws():
        lamina.set_random_seed(4)
        return random.normal((3,)), random.uniform((3,), seed=random.SeedGenerator())

    assert np.array_equal(draws(), draws())


@pytest.mark.parametrize("alpha", [0.05, 0.8, 1.0, 300.0])
def test_gamma_and_beta_have_their_distributions(alpha):
    """The distribution function makes them uniform (Kolmogorov's bound for one in 10^6)."""
    n = 4000
    for shares in (
        sp.gammainc(alpha, random.gamma((N,), alpha, "float64", seed=2)),
        sp.betainc(alpha, 0.7, random.beta((n,), alpha, 0.7, "float64", seed=3)),
        sp.betainc(2, alpha + 1, random.beta((n,), 2.0, np.full(n, alpha + 1), "float64", 4)),
    ):
        apart = np.sort(shares) - np.linspace(0, 1, len(shares))
        assert np.abs(apart).max() < 2.7 / len(shares) ** 0.5


def test_gamma_and_beta_take_seeds():
    one, other = (random.SeedGenerator(3) for _ in range(2))
    first = random.beta((5,), 2.0, 3.0, seed=one)
    np.testing.assert_array_equal(first, random.beta((5,), 2.0, 3.0, seed=other))
    assert not np.array_equal(first, random.beta((5,), 2.0, 3.0, seed=one))
    np.testing.assert_array_equal(random.gamma((5,), 2.0, seed=1), random.gamma((5,), 2.0, seed=1))
    assert not np.array_equal(random.gamma((5,), 2.0), random.gamma((5,), 2.0))
    assert random.gamma((2, 3), [1.0, 2.0, 4.0]).shape == (2, 3)


def test_recorded_gamma_takes_tensors():
    alpha = np.full((1000, 2), [0.5, 8.0])

    def function(alpha):
        return random.gamma(ops.shape(alpha), alpha), random.beta((1000, 2), alpha[0], 1.0)

    drawn, shares = Recorded(function, (Rows(alpha),), {}, rows=1000).run()
    np.testing.assert_allclose(drawn.mean(0), alpha[0], 0.12)
    np.testing.assert_allclose(shares.mean(0), alpha[0] / (alpha[0] + 1), 0.12)
    assert len(np.unique(drawn)) == 2000
    with pytest.raises(ValueError, match=r"beta: beta must be positive; got 0\.0"):
        random.beta((2,), 1.0, 0.0)


def test_bounds():
    x = random.uniform((N,), 2.0, 3.0)
    assert x.dtype == np.float32
    assert x.min() >= 2.0
    assert x.max() < 3.0
    assert set(random.randint((N,), -1, 2).tolist()) == {-1, 0, 1}
    assert np.abs(random.truncated_normal((N,))).max() <= 2.0
    assert random.uniform((2,), dtype="float64").dtype == np.float64
    with pytest.raises(ValueError, match="randint: maxval must be above minval"):
        random.randint((2,), 3, 3)
    with pytest.raises(ValueError, match=r"dropout: rate must be in \[0, 1\]"):
        random.dropout(np.ones(3), 1.5)


def test_shuffle_keeps_entries_whole():
    x = np.arange(30).reshape(10, 3)
    y = random.shuffle(x, seed=1)
    assert not np.array_equal(x, y)
    assert np.array_equal(np.sort(y[:, 0]), x[:, 0])
    assert np.array_equal(y - y[:, :1], x - x[:, :1])
    assert np.array_equal(np.sort(random.shuffle(x, 1)), x)


def test_noise_shape():
    y = random.dropout(np.ones((50, 4, 3)), 0.5, noise_shape=(None, 1, None))
    assert np.array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert set(np.unique(y)) == {0.0, 2.0}


def test_recorded_draws_have_rows():
    x = np.zeros((50, 3))

    def function(x):
        shape = ops.shape(x)
        return x + random.normal(shape), random.uniform((shape[0], 2)), random.dropout(x + 1, 0.5)

    normal, uniform, dropped = Recorded(function, (Rows(x),), {}).run()
    assert normal.shape == (50, 3)
    assert len(np.unique(normal)) == 150
    assert uniform.shape == (50, 2)
    assert len(np.unique(uniform)) == 100
    assert set(np.unique(dropped)) == {0.0, 2.0}


def test_elastic_transform_moves_each_image_in_its_own_way():
    images = np.repeat(RAMP[None], 3, 0)

    def function(x):
        return ops.image.elastic_transform(x, 2.0, 1.5)

    (one, *others), again = Recorded(function, (Rows(images),), {}).run(), function(images)
    assert all(np.abs(one - other).max() > 0.1 for other in (*others, RAMP, *again))
    still = ops.image.elastic_transform(images, 0.0, 1.5, seed=1)
    np.testing.assert_allclose(still, images, 0, 1e-12)
    # A ramp along the columns shows how far pixels moved: by smoothed normal numbers.
    ramp = np.arange(60.0)[None, :, None] * np.ones((60, 1, 1))
    apart = (ops.image.elastic_transform(ramp, 2.0, 1.5, seed=1) - ramp)[8:-8, 8:-8]
    weights = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    expected = 2.0 * 1.5 * np.sum((weights / weights.sum()) ** 2)
    assert abs(apart.std() - expected) < 0.15 * expected


def test_a_number_as_seed_gives_constants():
    def function(x):
        return x + random.normal((4,), seed=3), random.shuffle(x, seed=3)

    plus, shuffled = Recorded(function, (Whole(np.arange(4.0)),), {}).run()
    np.testing.assert_allclose(plus, np.arange(4.0) + random.normal((4,), seed=3), 1e-6)
    np.testing.assert_array_equal(shuffled, random.shuffle(np.arange(4.0), seed=3))


def test_no_gradient_flows_through_stop_gradient():
    x = np.arange(1.0, 4.0)
    recorded = Recorded(lambda x: x * ops.stop_gradient(x * x), (Whole(x),), {}, loss=True)
    _, (gradient,) = recorded.gradients()
    np.testing.assert_allclose(gradient, np.cos(1.0 + np.arange(3)) * x**2)
    assert np.array_equal(ops.stop_gradient(x), x)
