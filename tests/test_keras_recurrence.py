"""Recurrent layers against Keras 3: the same weights, outputs and gradients."""

from __future__ import annotations

import numpy as np
import pytest

import golden
from keras_peer import Theirs, keras
from lamina.layers import GRU, LSTM, Bidirectional, SimpleRNN
from recurrent_layers import replay

CELLS = {"simple_rnn": SimpleRNN, "lstm": LSTM, "gru": GRU, "gru_reset_before": GRU}
ROWS, STEPS, FEATURES, UNITS = 6, 7, 5, 4


def keras_layer(cell, **options):
    if cell == "simple_rnn":
        return keras.layers.SimpleRNN(UNITS, **options)
    if cell == "lstm":
        return keras.layers.LSTM(UNITS, **options)
    return keras.layers.GRU(UNITS, reset_after=cell == "gru", **options)


# Every pair of settings occurs; all 192 combinations were compared once.
SETTINGS = ("return_sequences", "go_backwards", "return_state", "masked", "activation", "use_bias")
GRID = (
    (False, False, False, False, "tanh", True),
    (True, True, True, True, "tanh", True),
    (True, False, True, False, "relu", True),
    (False, True, False, True, "relu", True),
    (False, False, True, True, "softplus", False),
    (True, True, False, False, "softplus", False),
    (True, False, False, True, "tanh", False),
    (False, True, True, False, "tanh", False),
    (True, True, True, True, "softmax", True),
    (False, False, False, True, "softmax", True),
    (True, False, False, False, "log_softmax", False),
)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("row", GRID)
def test_same_as_keras(cell, row):
    rng = np.random.default_rng(12)
    options = dict(zip(SETTINGS, row, strict=True))
    masked, states = options.pop("masked"), options["return_state"]
    mine = CELLS[cell](
        UNITS, **options, **({"reset_after": cell == "gru"} if CELLS[cell] is GRU else {})
    )
    x = rng.normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
    inputs = [x]
    if states:
        inputs += [
            rng.normal(size=(ROWS, UNITS)).astype("float32") * 0.5 for _ in range(mine._state_count)
        ]
    theirs = Theirs(lambda: keras_layer(cell, **options))
    _give_weights(mine, theirs, x, rng)
    mask = _mask(rng) if masked else None
    shape = (ROWS, STEPS, UNITS) if options["return_sequences"] else (ROWS, UNITS)
    shapes = [shape, *[(ROWS, UNITS)] * (mine._state_count if states else 0)]
    targets = [rng.normal(size=s).astype("float32") for s in shapes]
    got = replay(mine, inputs, targets, mask)
    want = theirs.step(inputs, targets, states, mask=mask)
    for kind, ours, keras_s in zip(("output", "weight", "input"), got, want, strict=True):
        for a, b in zip(ours, keras_s, strict=True):
            assert a.shape == b.shape
            error = np.abs(a - b).max() / max(np.abs(b).max(), 1e-3)
            assert error < 1e-5, f"gradient of {kind}: relative error {error:.2e}"


def _give_weights(mine, theirs, x, rng):
    """Build both layers and give them the same weights."""
    _build(mine, x)
    theirs.build(x.shape)
    weights = [(rng.normal(size=w.shape) * 0.5).astype("float32") for w in mine.get_weights()]
    mine.set_weights(weights)
    theirs.set_weights(weights)


def _build(layer, x):
    from lamina.layers.base import weights
    from lamina.random import Seed

    layer.prepare(x.shape[1:], "float32", 0)
    weights.allocate([layer])
    weights.place(layer, 0, Seed(1))
    layer.settle()


def _mask(rng):
    return rng.random((ROWS, STEPS)) > 0.4


def test_defaults_and_order_of_arguments_are_keras_s():
    import inspect

    left_out = {
        "activity_regularizer", "kernel_constraint", "recurrent_constraint", "bias_constraint",
        "use_cudnn", "self", "kwargs", "zero_output_for_mask",
    }  # fmt: skip
    for name, mine in (("SimpleRNN", SimpleRNN), ("LSTM", LSTM), ("GRU", GRU)):

        def signature(name=name):
            theirs = inspect.signature(getattr(keras.layers, name).__init__).parameters
            return [[p.name, repr(p.default)] for p in theirs.values() if p.name not in left_out]

        got = [
            [p.name, repr(p.default)]
            for p in inspect.signature(mine).parameters.values()
            if p.name not in {*left_out, "base"}
        ]
        assert got == golden.ask(signature, name), name


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("merge", "sequences"), [("concat", True), ("sum", False), ("mul", True), ("ave", False)]
)
def test_bidirectional_same_as_keras(cell, merge, sequences):
    rng = np.random.default_rng(14)
    extra = {"reset_after": cell == "gru"} if CELLS[cell] is GRU else {}
    mine = Bidirectional(CELLS[cell](UNITS, return_sequences=sequences, **extra), merge)
    theirs = Theirs(
        lambda: keras.layers.Bidirectional(keras_layer(cell, return_sequences=sequences), merge)
    )
    x = rng.normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
    _give_weights(mine, theirs, x, rng)
    width = 2 * UNITS if merge == "concat" else UNITS
    targets = [rng.normal(size=(ROWS, *[STEPS] * sequences, width)).astype("float32")]
    got = replay(mine, [x], targets)
    want = theirs.step([x], targets)
    for ours, keras_s in zip(got, want, strict=True):
        for a, b in zip(ours, keras_s, strict=True):
            assert np.abs(a - b).max() < 1e-5 * max(np.abs(b).max(), 1e-3)
