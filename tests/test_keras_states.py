"""Statistics, states and masks of layers against Keras 3."""

from __future__ import annotations

import numpy as np
import pytest

import golden
import lamina
from keras_peer import Theirs, assert_near, assert_same_step, keras, twins
from lamina import layers

ROWS, STEPS, FEATURES, UNITS = 6, 7, 5, 4


def normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def some_steps(rng, first=0):
    mask = rng.random((ROWS, STEPS)) > 0.4
    mask[:, first] = True  # before the first unmasked step Keras returns zeros
    return mask


# --- batch normalisation: the statistics of a step, and the moving statistics

NORMS = [
    ((4,), {}),
    ((4,), {"momentum": 0.7, "epsilon": 0.05}),
    ((6, 3), {"momentum": 0.5, "center": False}),
    ((6, 3), {"axis": 1, "momentum": 0.0, "scale": False}),
    ((4, 5, 3), {"axis": -2, "momentum": 0.9, "center": False, "scale": False}),
    ((4, 5, 3), {"axis": 3, "momentum": 1.0}),
]


@pytest.mark.parametrize(("shape", "options"), NORMS)
def test_batch_normalization(shape, options):
    rng = np.random.default_rng(1)
    x = rng.normal(2.0, 3.0, (8, *shape)).astype(np.float32)
    mine = layers.BatchNormalization(**options)
    theirs = Theirs(lambda: keras.layers.BatchNormalization(**options))
    twins(mine, theirs, [x], rng, states=False)
    assert_near(mine(x), theirs(x, training=False), "prediction")
    assert_same_step(mine, theirs, [x], training=True)


@pytest.mark.parametrize(("shape", "options"), NORMS)
def test_moving_statistics_of_three_steps(shape, options):
    rng = np.random.default_rng(2)
    model = lamina.Sequential([lamina.Input(shape), layers.BatchNormalization(**options)])
    model.compile(lamina.optimizers.SGD(1e-9), "mse")
    batches = [rng.normal(2.0, 3.0, (8, *shape)).astype(np.float32) for _ in range(3)]

    def moved():
        theirs = keras.layers.BatchNormalization(**options)
        for x in batches:
            theirs(x, training=True)
        return [v.value for v in theirs.non_trainable_variables]

    for x in batches:
        model.train_on_batch(x, x)
    theirs = golden.ask(moved, options, batches)
    for got, wanted in zip(model.get_weights()[-2:], theirs, strict=True):
        assert_near(got, wanted, "moving statistics")


def test_masked_steps_have_no_part_in_the_statistics():
    rng = np.random.default_rng(3)
    x, mask = normal(rng, ROWS, STEPS, FEATURES), some_steps(rng)
    mine = layers.BatchNormalization()
    theirs = Theirs(lambda: keras.layers.BatchNormalization(name="norm"))
    twins(mine, theirs, [x], rng, states=False)
    assert_same_step(mine, theirs, [x], mask=mask, training=True)


def test_a_frozen_layer_uses_its_moving_statistics():
    rng = np.random.default_rng(4)
    x = normal(rng, 8, 5)
    mine = layers.BatchNormalization(trainable=False)
    theirs = Theirs(lambda: keras.layers.BatchNormalization(trainable=False))
    twins(mine, theirs, [x], rng, states=False)
    assert_same_step(mine, theirs, [x], training=True)


# --- recurrent layers

NAMES = (
    "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "sigmoid", "softsign", "hard_sigmoid",
    "mish", "linear",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_activations_of_a_simple_rnn(name):
    rng = np.random.default_rng(5)
    x = normal(rng, ROWS, 4, FEATURES) * 0.5
    mine = layers.SimpleRNN(UNITS, activation=name)
    theirs = Theirs(lambda: keras.layers.SimpleRNN(UNITS, activation=name))
    twins(mine, theirs, [x], rng, states=False)
    assert_same_step(mine, theirs, [x])


PAIRS = [("tanh", "hard_sigmoid"), ("softsign", "sigmoid"), ("relu", "tanh"), ("elu", "softsign")]
GATED = [
    (cell, {"activation": activation, "recurrent_activation": recurrent, **more})
    for cell, more in (
        ("LSTM", {}),
        ("GRU", {"reset_after": True}),
        ("GRU", {"reset_after": False}),
    )
    for activation, recurrent in PAIRS
]


@pytest.mark.parametrize(("name", "options"), GATED)
def test_activations_of_gated_cells(name, options):
    rng = np.random.default_rng(6)
    x = normal(rng, ROWS, 4, FEATURES) * 0.5
    mine = getattr(layers, name)(UNITS, **options)
    theirs = Theirs(lambda: getattr(keras.layers, name)(UNITS, **options))
    twins(mine, theirs, [x], rng, states=False)
    assert_same_step(mine, theirs, [x])


UNROLLED = {"unroll": True, "return_sequences": True}


@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU"])
def test_unrolling_changes_nothing(cell):
    rng = np.random.default_rng(7)
    x = normal(rng, ROWS, 4, FEATURES)
    mine = getattr(layers, cell)(UNITS, **UNROLLED)
    theirs = Theirs(lambda: getattr(keras.layers, cell)(UNITS, **UNROLLED))
    twins(mine, theirs, [x], rng, states=False)
    assert_same_step(mine, theirs, [x])


BOTH = [
    # cell, merge, settings of both, masked
    ("LSTM", None, {"return_sequences": True}, False),
    ("GRU", None, {}, False),
    ("SimpleRNN", "concat", {"return_state": True}, False),
    ("LSTM", "sum", {"return_state": True, "return_sequences": True}, False),
    ("GRU", "concat", {"return_sequences": True}, True),
    ("LSTM", "ave", {}, True),
    ("SimpleRNN", "mul", {"return_state": True, "use_bias": False}, False),
]


@pytest.mark.parametrize(("cell", "merge", "options", "masked"), BOTH)
def test_bidirectional(cell, merge, options, masked):
    rng = np.random.default_rng(8)
    x = normal(rng, ROWS, STEPS, FEATURES)
    mine = layers.Bidirectional(getattr(layers, cell)(UNITS, **options), merge)
    theirs = Theirs(
        lambda: keras.layers.Bidirectional(getattr(keras.layers, cell)(UNITS, **options), merge)
    )
    twins(mine, theirs, [x], rng, states=False)
    mask = None
    if masked:  # unmasked at both ends, for the reason above
        mask = some_steps(rng)
        mask[:, -1] = True
    assert_same_step(mine, theirs, [x], mask=mask)


def test_bidirectional_of_two_kinds():
    rng = np.random.default_rng(9)
    x = normal(rng, ROWS, STEPS, FEATURES)

    def made(kit):
        return kit.Bidirectional(
            kit.LSTM(3, return_sequences=True),
            backward_layer=kit.GRU(5, return_sequences=True, go_backwards=True),
        )

    mine, theirs = made(layers), Theirs(lambda: made(keras.layers))
    twins(mine, theirs, [x], rng, states=False)
    assert_same_step(mine, theirs, [x])


@pytest.mark.parametrize(("cell", "count"), [("SimpleRNN", 2), ("LSTM", 4)])
def test_initial_states_of_both_directions(cell, count):
    rng = np.random.default_rng(10)
    mine = layers.Bidirectional(getattr(layers, cell)(UNITS))
    theirs = Theirs(lambda: keras.layers.Bidirectional(getattr(keras.layers, cell)(UNITS)))
    inputs = [normal(rng, ROWS, STEPS, FEATURES), *(normal(rng, ROWS, UNITS) for _ in range(count))]
    twins(mine, theirs, inputs, rng, states=True)
    assert_same_step(mine, theirs, inputs, states=True)
