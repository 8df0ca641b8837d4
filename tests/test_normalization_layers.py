"""Batch and layer normalisation against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina import layers
from layer_harness import check_layer


def _batch(axis, epsilon):
    def oracle(x, gamma, beta, mean, variance):
        shape = [1] * x.ndim
        shape[axis] = -1
        g, b, m, v = (a.reshape(shape) for a in (gamma, beta, mean, variance))
        return (x - m) / np.sqrt(v + epsilon) * g + b

    return oracle


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "axis"), [((5,), -1), ((4, 3, 2), -1), ((3, 5), 1)])
def test_batch_normalization(shape, axis, dtype):
    check_layer(
        lambda **base: layers.BatchNormalization(axis=axis, **base),
        shape,
        _batch(axis, 1e-3),
        dtype=dtype,
        rows=(2, 7, 33),
        reduction=4,
        magnitude=8.0,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((5,), -1), ((4, 6), -1), ((3, 4, 5), (2, 3)), ((4, 6), 1), ((3, 4, 5), (3, 1))],
)
def test_layer_normalization(shape, axis, dtype):
    def oracle(x, gamma, beta):
        axes = (axis % x.ndim,) if isinstance(axis, int) else axis
        mean = x.mean(axis=axes, keepdims=True)
        variance = x.var(axis=axes, keepdims=True)
        sizes = [n if place in axes else 1 for place, n in enumerate(x.shape)]
        gamma, beta = gamma.reshape(sizes), beta.reshape(sizes)
        return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta

    check_layer(
        lambda **base: layers.LayerNormalization(axis=axis, **base),
        shape,
        oracle,
        dtype=dtype,
        reduction=20,
        magnitude=8.0,
    )


def _model(**options):
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.BatchNormalization(**options), layers.Dense(1)], seed=1
    )
    model.compile(optimizer="sgd", loss="mse")
    return model


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # targets of zeros
def test_moving_statistics_follow_training_alone():
    rng = np.random.default_rng(0)
    x, y = rng.normal(2.0, 3.0, (32, 3)).astype("float32"), np.zeros((32, 1), "float32")
    model = _model(momentum=0.75)
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    mean, variance = model.layers[0].get_weights()[2:]
    np.testing.assert_allclose(mean, 0.25 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(variance, 0.75 + 0.25 * x.var(0), rtol=1e-5)
    model.predict(x)
    model.evaluate(x, y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[2], mean)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # targets of zeros
def test_frozen_layer_predicts_in_training():
    rng = np.random.default_rng(0)
    x, y = rng.normal(2.0, 3.0, (32, 3)).astype("float32"), np.zeros((32, 1), "float32")
    model = _model(trainable=False)
    before = model.evaluate(x, y, verbose=0)
    weights = model.layers[0].get_weights() if model.layers[0].built else None
    history = model.fit(x, y, epochs=1, batch_size=32, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"][0], before, rtol=1e-5)
    assert weights is not None
    for a, b in zip(weights, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # targets of zeros
def test_freezing_between_fits_holds_without_trainable_weights():
    rng = np.random.default_rng(0)
    x, y = rng.normal(2.0, 3.0, (32, 3)).astype("float32"), np.zeros((32, 1), "float32")
    model = _model(center=False, scale=False)
    model.fit(x, y, epochs=1, verbose=0)
    layer = model.layers[0]
    layer.trainable = False
    mean = np.array(layer.moving_mean)
    model.fit(x, y, epochs=1, verbose=0)
    np.testing.assert_array_equal(layer.moving_mean, mean)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.BatchNormalization(momentum=1.5), "momentum must be in [0, 1]; got 1.5"),
        (lambda: layers.BatchNormalization(axis=3)([[1.0]]), "axis must be one of input (rows, 1)"),
        (lambda: layers.BatchNormalization(axis=0)([[1.0]]), "other than the rows; got 0"),
        (lambda: layers.LayerNormalization(axis=0)([[[1.0]]]), "other than the rows; got 0"),
        (
            lambda: layers.LayerNormalization(axis=[1, -2])([[[1.0]]]),
            "at least one axis of input (rows, 1, 1), and each once; got [1, -2]",
        ),
        (lambda: layers.LayerNormalization(axis=[])([[[1.0]]]), "at least one axis"),
    ],
)
def test_refused(make, text):
    with pytest.raises(ValueError, match="ormalization") as caught:
        make()
    assert text in str(caught.value)


def test_weights_by_their_names():
    x = np.random.default_rng(1).normal(size=(4, 5))
    layer = layers.BatchNormalization()
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    assert [getattr(layer, name) for name in names] == [None] * 4
    layer(x)
    for name, weight in zip(names, layer.weights, strict=True):
        assert getattr(layer, name) is weight or np.shares_memory(getattr(layer, name), weight)
    assert layers.BatchNormalization(scale=False).gamma is None
    layer = layers.LayerNormalization(center=False)
    layer(x)
    assert layer.beta is None
    np.testing.assert_array_equal(layer.gamma, np.ones(5))
    layer = layers.PReLU("ones")
    assert layer.alpha is None
    layer(x)
    np.testing.assert_array_equal(layer.alpha, np.ones(5))
