"""Losses of predicted distributions: a mean with its variance, and quantiles."""

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, losses

torch = golden.Peer("torch")
RNG = np.random.default_rng(12)
MEAN, Y = RNG.normal(size=(2, 8, 3))
VARIANCE = np.exp(RNG.normal(size=(8, 3)))
WEIGHT = RNG.uniform(size=8)


@pytest.mark.parametrize("full", [False, True])
def test_gaussian_nll_is_pytorch_s(full):
    def question():
        given = [torch.tensor(a) for a in (MEAN, Y, VARIANCE)]
        loss = torch.nn.GaussianNLLLoss(full=full, reduction="none")(*given)
        return loss.numpy()

    expected = golden.ask(question, MEAN, Y, VARIANCE, full)
    both = np.concatenate([MEAN, VARIANCE], axis=1)
    loss = losses.GaussianNLL(full=full)
    np.testing.assert_allclose(loss(Y, both), expected.mean(), rtol=1e-12)
    weighted = (WEIGHT[:, None] * expected).mean()
    np.testing.assert_allclose(loss(Y, both, WEIGHT), weighted, rtol=1e-12)
    logs = np.concatenate([MEAN, np.log(VARIANCE)], axis=1)
    of_logs = losses.GaussianNLL("log_variance", full)
    np.testing.assert_allclose(of_logs(Y, logs), expected.mean(), rtol=1e-12)


def test_a_model_learns_mean_and_variance():
    x = RNG.uniform(size=(4000, 1))
    y = 2.0 * x + RNG.normal(size=x.shape) * np.exp(x - 1.0)
    model = lamina.Sequential([lamina.Input((1,)), layers.Dense(2)], seed=1)
    model.compile(lamina.optimizers.Adam(0.02), losses.GaussianNLL("log_variance"))
    model.fit(x, y, epochs=30, batch_size=100, verbose=0)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose([*kernel[0], *bias], [2.0, 2.0, 0.0, -2.0], atol=0.15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pinball_of_several_quantiles_is_the_mean_of_each(dtype):
    y, shares = RNG.normal(size=9), [0.1, 0.5, 0.8]
    p = RNG.normal(size=(9, 3)).astype(dtype)
    error = y[:, None] - p
    each = np.where(error > 0, np.array(shares) * error, (np.array(shares) - 1) * error)
    loss = losses.Pinball(shares)
    for true in (y, y[:, None]):
        np.testing.assert_allclose(loss(true, p), each.mean(), rtol=1e-6)
    for place, share in enumerate(shares):
        one = losses.Pinball(share)(y[:, None], p[:, [place]])
        np.testing.assert_allclose(one, each[:, place].mean(), rtol=1e-6)
    assert losses.get(losses.serialize(loss)).get_config() == loss.get_config()


def test_a_model_learns_quantiles_at_once():
    y = RNG.normal(size=2000)
    model = lamina.Sequential([lamina.Input((1,)), layers.Dense(3)], seed=1, dtype="float64")
    model.compile(lamina.optimizers.SGD(0.3), losses.Pinball([0.1, 0.5, 0.9]))
    x = np.arange(2000.0)[:, None] % 2
    model.fit(x, y, batch_size="all", epochs=400, verbose=0)
    for group in (0, 1):
        expected = np.quantile(y[group::2], [0.1, 0.5, 0.9])
        np.testing.assert_allclose(model.predict([[group]])[0], expected, atol=0.06)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: losses.GaussianNLL("scale"), "predicts must be one of"),
        (lambda: losses.GaussianNLL()(Y, MEAN[:, :1]), "an even number of columns"),
        (lambda: losses.Pinball([0.1, 1.0]), r"quantiles must be in \(0, 1\); got 1.0"),
        (lambda: losses.Pinball([0.1, 0.2])(Y, Y), "a column for each of 2 quantiles"),
    ],
)
def test_what_does_not_fit(make, text):
    with pytest.raises(ValueError, match=text):
        make()
