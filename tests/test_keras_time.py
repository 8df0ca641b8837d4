"""TimeDistributed and stateful layers against Keras 3: the same weights, outputs, gradients."""

from __future__ import annotations

import numpy as np
import pytest

from keras_peer import Theirs, assert_near, assert_same_step, keras, step, twins
from lamina import layers

ROWS, STEPS, UNITS = 6, 4, 3

INNER = {
    "dense": (lambda kit: kit.Dense(3, "tanh"), (4, 5)),
    "conv2d": (lambda kit: kit.Conv2D(3, 2, activation="relu"), (3, 5, 4, 2)),
    "max_pooling2d": (lambda kit: kit.MaxPooling2D(2), (3, 5, 4, 2)),
    "flatten": (lambda kit: kit.Flatten(), (3, 2, 4)),
    "lstm": (lambda kit: kit.LSTM(3), (3, 5, 4)),
    "gru_sequences": (lambda kit: kit.GRU(3, return_sequences=True), (3, 5, 4)),
    "layer_normalization": (lambda kit: kit.LayerNormalization(), (3, 6)),
    "batch_normalization": (lambda kit: kit.BatchNormalization(), (3, 4)),
    "batch_normalization_of_images": (lambda kit: kit.BatchNormalization(), (3, 4, 3, 2)),
}


def in_both(make):
    """Return ``make(layers)`` of lamina and of Keras."""
    return make(layers), Theirs(lambda: make(keras.layers))


def pair(kind):
    inner, shape = INNER[kind]
    rng = np.random.default_rng(31)
    x = rng.normal(size=(ROWS, *shape)).astype("float32")
    both = in_both(lambda kit: kit.TimeDistributed(inner(kit)))
    twins(*both, [x], rng, False)
    return *both, x


@pytest.mark.parametrize("kind", INNER)
def test_time_distributed_same_as_keras(kind):
    mine, theirs, x = pair(kind)
    assert_near(mine(x), theirs(x), "in inference")
    assert_same_step(mine, theirs, [x], training=True)


@pytest.mark.parametrize("masked", [False, True])
def test_moving_statistics_same_as_keras(masked):
    mine, theirs, x = pair("batch_normalization")
    mask = np.random.default_rng(32).random((ROWS, 3)) > 0.3 if masked else None
    y = step(mine, [x], None, mask)[0][0]
    assert_near(y, theirs(x, training=True, **({"mask": mask} if masked else {})), "output")
    for ours, others in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        assert_near(ours, others, "moving statistics")


def test_mask_of_words_same_as_keras():
    mine, theirs, x = pair("lstm")
    mask = np.random.default_rng(33).random((ROWS, 3, 5)) > 0.4
    assert_same_step(mine, theirs, [x], mask=mask, training=True)


CELLS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
STATEFUL = [{"stateful": True, "return_sequences": sequences} for sequences in (False, True)]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("options", STATEFUL)
@pytest.mark.parametrize("cell", CELLS)
def test_three_batches_same_as_keras(cell, options, bidirectional):
    rng = np.random.default_rng(34)
    batches = [rng.normal(size=(ROWS, STEPS, 5)).astype("float32") for _ in range(3)]

    def made(kit):
        layer = getattr(kit, CELLS[cell])(UNITS, **options)
        return kit.Bidirectional(layer) if bidirectional else layer

    mine, theirs = in_both(made)
    twins(mine, theirs, [batches[0]], rng, False)
    width = UNITS * (1 + bidirectional)
    firsts = []
    for i, x in enumerate(batches):
        shape = (ROWS, STEPS, width) if options["return_sequences"] else (ROWS, width)
        targets = [rng.normal(size=shape).astype("float32")]
        wanted = theirs.step([x], targets, training=True)
        got = step(mine, [x], targets)
        firsts.append(theirs(x))  # outside of a gradient Keras updates its state
        for kind, ours, others in zip(("output", "weight", "input"), got, wanted, strict=True):
            for a, b in zip(ours, others, strict=True):
                assert_near(a, b, f"batch {i}: {kind}")
    for reset in ("reset_state", "reset_states"):
        getattr(mine, reset)()
        for x, first in zip(batches, firsts, strict=True):
            assert_near(mine(x), first, "after a reset")


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_of_a_stateful_layer_same_as_keras(cell, bidirectional):
    """Each step begins with the state of the step before it, the first with the last batch's."""
    rng = np.random.default_rng(35)
    batches = [rng.normal(size=(ROWS, 3, STEPS, 5)).astype("float32") for _ in range(3)]

    def made(kit):
        layer = getattr(kit, CELLS[cell])(UNITS, stateful=True, return_sequences=True)
        return kit.TimeDistributed(kit.Bidirectional(layer) if bidirectional else layer)

    mine, theirs = in_both(made)
    twins(mine, theirs, [batches[0]], rng, False)
    for i, x in enumerate(batches):
        targets = [rng.normal(size=(ROWS, 3, STEPS, UNITS * (1 + bidirectional)))]
        targets = [t.astype("float32") for t in targets]
        wanted = theirs.step([x], targets, training=True)
        got = step(mine, [x], targets)
        theirs(x)  # outside of a gradient Keras updates its state
        for kind, ours, others in zip(("output", "weight", "input"), got, wanted, strict=True):
            for a, b in zip(ours, others, strict=True):
                assert_near(a, b, f"batch {i}: {kind}")


@pytest.mark.parametrize("cell", CELLS)
def test_states_same_as_keras(cell):
    rng = np.random.default_rng(36)
    x = rng.normal(size=(ROWS, STEPS, 5)).astype("float32")
    mine, theirs = in_both(lambda kit: getattr(kit, CELLS[cell])(UNITS, stateful=True))
    twins(mine, theirs, [x], rng, False)
    assert mine.states is None  # Keras's are zeros: it was told the rows
    for _ in range(2):
        mine(x)
        wanted = theirs.ask(lambda layer: [layer(x), *layer.states][1:], x)
        for ours, others in zip(mine.states, wanted, strict=True):
            assert_near(ours, others, "states")
    plain, peer = in_both(lambda kit: getattr(kit, CELLS[cell])(UNITS))
    plain(x)
    assert plain.states is None
    assert peer.ask(lambda layer: [layer(x), layer.states][1]) is None
