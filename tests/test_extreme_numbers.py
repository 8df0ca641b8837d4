"""Models over very wide rows, and over numbers whose squares do not fit their type."""

import math

import numpy as np
import pytest

import lamina
from lamina import layers, optimizers, regularizers
from lamina.layers import Dense, Input, LayerNormalization, Normalization, PReLU

WIDE = 2**14 + 1
LOSSES = {
    "mse": (lambda t, p: ((p - t) ** 2).mean(), "signal"),
    "mae": (lambda t, p: np.abs(p - t).mean(), "signal"),
    "binary_crossentropy": (
        lambda t, p: -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(),
        "sides",
    ),
    "categorical_crossentropy": (
        lambda t, p: -(t * np.log(p / p.sum(-1, keepdims=True))).sum(-1).mean(),
        "classes",
    ),
    "sparse_categorical_crossentropy": (
        lambda t, p: -np.log(p / p.sum(-1, keepdims=True))[np.arange(len(t)), t].mean(),
        "labels",
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_rows_wider_than_a_chunk(loss):
    law, kind = LOSSES[loss]
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 0.9, (4, WIDE))
    labels = np.array([0, WIDE - 1, 7, 8191])
    y = {
        "signal": x[::-1],
        "sides": rng.integers(0, 2, x.shape),
        "classes": np.arange(WIDE) == labels[:, None],
        "labels": labels,
    }[kind]
    model = lamina.Sequential([Input((WIDE,)), PReLU()], dtype="float64")
    model.compile(optimizer="sgd", loss=loss)
    want = law(y if kind == "labels" else y.astype(float), x)  # a PReLU changes no positive number
    assert model.evaluate(x, y, verbose=0) == pytest.approx(want, rel=1e-9)
    assert model.train_on_batch(x, y) == pytest.approx(want, rel=1e-9)
    np.testing.assert_array_equal(model.predict(x), x)


def clipped(dtype, size, rows=5, **settings):
    """Return a fitted step of a linear model, its gradient being the inputs of one row."""
    x = (np.random.default_rng(0).uniform(0.5, 1.0, (1, rows)) * size).astype(dtype)
    model = lamina.Sequential(
        [Input((rows,)), Dense(1, use_bias=False, kernel_initializer="zeros")], dtype=dtype
    )
    model.compile(optimizer=optimizers.SGD(1.0, **settings), loss="mae")
    model.train_on_batch(x, -np.ones((1, 1)))
    return model.get_weights()[0].ravel(), x.ravel().astype(np.longdouble)


@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize(
    ("dtype", "size", "limit"),
    [
        ("float32", 3e38, 1.0),
        ("float32", 3e38, 1e-3),
        ("float64", 1e200, 1.0),
        ("float64", 1e307, 1.0),
    ],
)
def test_gradients_of_any_size_are_clipped_to_the_norm(dtype, size, limit, clip):
    weights, x = clipped(dtype, size, **{clip: limit})
    want = -x / np.sqrt((x**2).sum()) * limit
    np.testing.assert_allclose(weights, want.astype(float), rtol=1e-6)
    # The rule in NumPy, which user-defined optimizers inherit.
    rule = optimizers.SGD(1.0, **{clip: limit})
    held = np.zeros(5, dtype)
    rule.apply([x.astype(dtype)], [held])
    np.testing.assert_allclose(held, want.astype(float), rtol=1e-6)


def test_penalties_of_weights_whose_squares_overflow():
    penalty = regularizers.L2(1e-20)
    w = np.full(4, 1e160)
    assert penalty(w) == pytest.approx(4e300)
    model = lamina.Sequential([Input((4,)), Dense(1, kernel_regularizer=penalty)], dtype="float64")
    model.compile(loss="mse")
    model.set_weights([w[:, None], np.zeros(1)])
    assert model.evaluate(np.zeros((2, 4)), np.zeros((2, 1)), verbose=0) == pytest.approx(4e300)


@pytest.mark.parametrize("size", [1e20, 1e30])
def test_layer_normalization_trains_on_huge_inputs(size):
    x = np.random.default_rng(0).normal(size=(8, 6)) * size
    model = lamina.Sequential([Input((6,)), LayerNormalization(), Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    y = model.layers[-2](x.astype("float32"))
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(-1), 1, rtol=1e-5)
    before = model.evaluate(x, np.ones(8), verbose=0)
    model.fit(x, np.ones(8), epochs=3, verbose=0)
    assert model.evaluate(x, np.ones(8), verbose=0) < before


@pytest.mark.parametrize("size", [1.0, 1e9, 1e30, 3e38])
def test_softmax_hides_whatever_the_logits_are(size):
    rng = np.random.default_rng(0)
    x = (rng.uniform(-1, 1, (5, 7)) * size).astype("float32")
    mask = rng.integers(0, 2, (5, 7)).astype(bool)
    mask[:, 0] = True
    x[2, mask[2]] = -abs(x[2, mask[2]])  # the hidden values are larger than all others
    x[2, ~mask[2]] = size
    mask[4] = False
    y = layers.Softmax()(x, mask=mask)
    assert (y[~mask] == 0).all()
    kept = np.where(mask, x.astype(float), -np.inf)[:4]
    e = np.exp(kept - kept.max(-1, keepdims=True))
    np.testing.assert_allclose(y[:4], e / e.sum(-1, keepdims=True), rtol=1e-5)
    assert (y[4] == 0).all()  # no step is kept: Keras returns zeros too


@pytest.mark.parametrize("size", [1e-30, 1e-150, 1e20, 1e150])
def test_normalization_adapts_to_numbers_of_any_size(size):
    x = np.random.default_rng(0).normal(3, 1, (50, 2)) * size
    layer = Normalization(dtype="float64")
    layer.adapt(x)
    y = layer(x)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-12)


@pytest.mark.parametrize("size", [1e-180, 1e180])
def test_normalization_refuses_a_variance_that_does_not_fit(size):
    layer = Normalization(dtype="float64")
    x = np.ones((4, 2))
    x[:, 1] = np.arange(4) * size
    with pytest.raises(
        ValueError, match=r"adapt: data must have a .*variance.* in float64; column 1 ranges"
    ):
        layer.adapt(x)
    assert layer.variance is None
    if size > 1:
        with pytest.raises(ValueError, match="it ranges from -1e"):
            Normalization(axis=None, dtype="float64").adapt([[-size, size], [-size, size]])
    layer.adapt(x[:, :1])  # a constant column has variance 0
    assert math.isfinite(layer(x[:, :1]).sum())
