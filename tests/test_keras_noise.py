"""Layers that draw numbers, against Keras's code with the numbers drawn by lamina."""

from __future__ import annotations

import numpy as np
import pytest

import golden
from keras_peer import Theirs, assert_same_step, jax, keras, step, twins
from lamina import layers

ROWS = 64
WHOLE_BATCH = [  # one mask for all rows
    ("Dropout", (7,), {"rate": 0.4, "noise_shape": (1, None)}),
    ("Dropout", (3, 4), {"rate": 0.3, "noise_shape": (1, None, 1)}),
    ("Dropout", (3, 4), {"rate": 0.4, "noise_shape": (1, 3, 4)}),
]
CASES = [
    ("Dropout", (5,), {"rate": 0.4}),
    ("Dropout", (3, 4), {"rate": 0.1}),
    ("Dropout", (3, 4), {"rate": 0.3, "noise_shape": (None, 1, None)}),
    ("Dropout", (3, 4), {"rate": 0.4, "noise_shape": [None, 3, 1]}),
    ("Dropout", (3, 4, 2), {"rate": 0.3, "noise_shape": (None, 1, 4, 1)}),
    ("Dropout", (3, 4), {"rate": 0.3, "noise_shape": (None, 1, 1)}),
    *WHOLE_BATCH,
    ("SpatialDropout1D", (4, 6), {"rate": 0.3}),
    ("SpatialDropout2D", (3, 4, 5), {"rate": 0.25}),
    ("SpatialDropout2D", (5, 3, 4), {"rate": 0.25, "data_format": "channels_first"}),
    ("GaussianNoise", (5,), {"stddev": 0.7}),
    ("GaussianDropout", (5,), {"rate": 0.3}),
    ("AlphaDropout", (5,), {"rate": 0.2}),
    ("AlphaDropout", (3, 4), {"rate": 0.6}),
]


def made(name, options, feed=None):
    """Return lamina's layer and Keras's, which draws the numbers of ``feed``."""

    def theirs():
        if feed is not None:
            feed()
        return getattr(keras.layers, name)(**options)

    return getattr(layers, name)(**options, seed=3), Theirs(theirs)


def drawn(name, x, options):
    """Return the layer's factors, from an input of ones; for GaussianNoise, the summands."""
    probe = np.zeros_like(x) if name == "GaussianNoise" else np.ones_like(x)
    return step(made(name, options)[0], [probe])[0][0]


def feed(monkeypatch, name, options, values):
    """Make Keras draw the numbers that lamina drew."""

    def bernoulli(key, p, shape):
        kept = values != 0
        assert p == pytest.approx(1 - options["rate"])
        index = tuple(slice(0, n) for n in shape)  # whole channels: noise shape has ones
        assert (np.broadcast_to(kept[index], kept.shape) == kept).all()
        return jax.numpy.asarray(kept[index])

    def normal(shape, mean, stddev, dtype, seed):
        assert tuple(shape) == values.shape
        expected = options.get("stddev") or (options["rate"] / (1 - options["rate"])) ** 0.5
        assert stddev == pytest.approx(expected)
        assert mean == (0.0 if name == "GaussianNoise" else 1.0)
        return jax.numpy.asarray(values)

    def uniform(shape, seed):
        assert tuple(shape) == values.shape
        return jax.numpy.where(values == values.min(), 0.0, 1.0)  # the dropped ones are low

    monkeypatch.setattr(jax.random, "bernoulli", bernoulli)
    monkeypatch.setattr(keras.src.backend.random, "normal", normal)
    monkeypatch.setattr(keras.src.backend.random, "uniform", uniform)


@pytest.mark.parametrize(("name", "shape", "options"), CASES)
def test_training(monkeypatch, name, shape, options):
    x = np.random.default_rng(4).normal(size=(ROWS, *shape)).astype(np.float32)
    values = drawn(name, x, options)
    mine, theirs = made(name, options, lambda: feed(monkeypatch, name, options, values))
    theirs.build(x.shape)
    theirs.told.append(values)
    assert_same_step(mine, theirs, [x], training=True)


@pytest.mark.parametrize(("name", "shape", "options"), CASES)
def test_prediction_is_the_identity(name, shape, options):
    x = np.random.default_rng(5).normal(size=(7, *shape)).astype(np.float32)
    mine, theirs = made(name, options)
    np.testing.assert_array_equal(mine(x), x)
    np.testing.assert_array_equal(theirs(x, training=False), x)


@pytest.mark.parametrize(
    ("name", "shape", "options"), [case for case in CASES if case not in WHOLE_BATCH]
)
def test_the_law_is_keras_s(name, shape, options):
    """Both draw independently: shares, means and deviations agree within their errors."""
    x = np.ones((40_000, *shape), np.float32)
    ours = step(made(name, options)[0], [x])[0][0].astype(np.float64)

    def law():
        keras.utils.set_random_seed(1)
        others = np.asarray(getattr(keras.layers, name)(**options)(x, training=True), np.float64)
        low = others.min()
        return [float(n) for n in (others.mean(), others.std(), low, (others == low).mean())]

    mean, std, lowest, share = golden.ask(law, options, x.shape)
    free = {"SpatialDropout1D": shape[-1], "SpatialDropout2D": shape[0] if "data_format" in options
            else shape[-1]}.get(name, x[0].size)  # numbers drawn a row  # fmt: skip
    if "noise_shape" in options:
        row = zip(options["noise_shape"][1:], shape, strict=True)
        free = np.prod([n or size for n, size in row])
    error = 5 * np.sqrt(2 / (len(x) * free)) * std
    assert abs(ours.mean() - mean) < error
    assert abs(ours.std() / std - 1) < 0.02
    low = ours == ours.min()
    if not name.startswith("Gaussian"):
        assert abs(low.mean() - options["rate"]) < 5 * np.sqrt(0.25 / (len(x) * free))
        assert ours.min() == pytest.approx(lowest, abs=1e-6)
        assert abs(low.mean() - share) < 5 * np.sqrt(0.5 / (len(x) * free))


# --- recurrent layers: one mask per row for all steps, the same for all gates

FEATURES, UNITS = 5, 4
CELLS = {
    "SimpleRNN": {},
    "LSTM": {},
    "GRU": {"reset_after": True},
    "GRU before": {"reset_after": False},
}


RECURRENT = [
    {"dropout": 0.3, "recurrent_dropout": 0.0},
    {"dropout": 0.0, "recurrent_dropout": 0.4},
    {"dropout": 0.3, "recurrent_dropout": 0.4},
]


def recurrent_masks(dropout, recurrent_dropout):
    """Return the masks (scaled) that a layer of seed 3 draws, read off a linear SimpleRNN."""
    probe = layers.SimpleRNN(
        FEATURES, activation="linear", use_bias=False, kernel_initializer="identity",
        recurrent_initializer="zeros", dropout=dropout, seed=3,
    )  # fmt: skip
    x = np.ones((ROWS, 1, FEATURES), np.float32)
    probe(x)
    of_input = step(probe, [x])[0][0]
    probe = layers.SimpleRNN(
        UNITS, activation="linear", use_bias=False, kernel_initializer="zeros",
        recurrent_initializer="identity", recurrent_dropout=recurrent_dropout, seed=3,
    )  # fmt: skip
    h = np.ones((ROWS, UNITS), np.float32)
    probe([np.ones((ROWS, 1, FEATURES), np.float32), h])
    of_state = step(probe, [np.ones((ROWS, 1, FEATURES), np.float32), h])[0][0]
    return of_input, of_state


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("rates", RECURRENT)
def test_recurrent_dropout(monkeypatch, cell, rates):
    rng = np.random.default_rng(6)
    options = {**rates, "return_sequences": True, **CELLS[cell]}
    name = cell.split()[0]
    mine = getattr(layers, name)(UNITS, **options, seed=3)
    masks = dict(zip((FEATURES, UNITS), recurrent_masks(**rates), strict=True))

    def bernoulli(key, p, shape):
        return jax.numpy.asarray(masks[shape[-1]] != 0)

    def peer():
        monkeypatch.setattr(jax.random, "bernoulli", bernoulli)
        return getattr(keras.layers, name)(UNITS, **options)

    theirs = Theirs(peer)
    theirs.told.append(list(masks.values()))
    x = rng.normal(size=(ROWS, 6, FEATURES)).astype(np.float32)
    twins(mine, theirs, [x], rng, states=False)
    assert_same_step(mine, theirs, [x], training=True)


def test_the_masks_of_recurrent_dropout_have_their_rate():
    of_input, of_state = recurrent_masks(0.3, 0.4)
    assert set(np.unique(of_input)) == {0, np.float32(1 / 0.7)}
    assert set(np.unique(of_state)) == {0, np.float32(1 / 0.6)}
    assert abs((of_input == 0).mean() - 0.3) < 0.13
    assert abs((of_state == 0).mean() - 0.4) < 0.15
