"""Recurrent layers against Keras 3: the same weights, outputs and gradients."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.layers import GRU, LSTM, Bidirectional, SimpleRNN
from recurrent_layers import replay

keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("Keras runs on another backend than jax", allow_module_level=True)

CELLS = {"simple_rnn": SimpleRNN, "lstm": LSTM, "gru": GRU, "gru_reset_before": GRU}
ROWS, STEPS, FEATURES, UNITS = 6, 7, 5, 4


def keras_layer(cell, **options):
    if cell == "simple_rnn":
        return keras.layers.SimpleRNN(UNITS, **options)
    if cell == "lstm":
        return keras.layers.LSTM(UNITS, **options)
    return keras.layers.GRU(UNITS, reset_after=cell == "gru", **options)


def by_keras(layer, inputs, targets, mask):
    """Return outputs and gradients as ``replay`` does, by automatic differentiation."""
    fixed = [v.value for v in layer.non_trainable_variables]

    def loss(weights, arrays):
        states = list(arrays[1:]) or None
        y, _ = layer.stateless_call(weights, fixed, arrays[0], initial_state=states, mask=mask)
        y = list(y) if isinstance(y, (list, tuple)) else [y]
        return sum(((a - t) ** 2).mean() for a, t in zip(y, targets, strict=True)), y

    weights = [v.value for v in layer.trainable_variables]
    arrays = [jax.numpy.asarray(a) for a in inputs]
    both = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
    (_, outputs), (of_weights, of_inputs) = both(weights, arrays)
    return outputs, of_weights, of_inputs


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
    theirs = keras_layer(cell, **options)
    theirs.build(x.shape)
    weights = [(rng.normal(size=v.shape) * 0.5).astype("float32") for v in theirs.weights]
    theirs.set_weights(weights)
    _build(mine, x)
    assert [w.shape for w in mine.get_weights()] == [w.shape for w in weights]
    mine.set_weights(weights)
    mask = _mask(rng) if masked else None
    shape = (ROWS, STEPS, UNITS) if options["return_sequences"] else (ROWS, UNITS)
    shapes = [shape, *[(ROWS, UNITS)] * (mine._state_count if states else 0)]
    targets = [rng.normal(size=s).astype("float32") for s in shapes]
    got = replay(mine, inputs, targets, mask)
    want = by_keras(theirs, inputs, targets, mask)
    for kind, ours, keras_s in zip(("output", "weight", "input"), got, want, strict=True):
        for a, b in zip(ours, keras_s, strict=True):
            b = np.asarray(b)  # noqa: PLW2901
            assert a.shape == b.shape
            error = np.abs(a - b).max() / max(np.abs(b).max(), 1e-3)
            assert error < 1e-5, f"gradient of {kind}: relative error {error:.2e}"


def _build(layer, x):
    from lamina.layers import weights
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
        "use_cudnn", "self", "kwargs",
    }  # fmt: skip
    for name, mine in (("SimpleRNN", SimpleRNN), ("LSTM", LSTM), ("GRU", GRU)):
        theirs = inspect.signature(getattr(keras.layers, name).__init__).parameters
        wanted = [(p.name, p.default) for p in theirs.values() if p.name not in left_out]
        got = [
            (p.name, p.default)
            for p in inspect.signature(mine).parameters.values()
            if p.name != "base"
        ]
        assert got == wanted, name


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("merge", "sequences"), [("concat", True), ("sum", False), ("mul", True), ("ave", False)]
)
def test_bidirectional_same_as_keras(cell, merge, sequences):
    rng = np.random.default_rng(14)
    extra = {"reset_after": cell == "gru"} if CELLS[cell] is GRU else {}
    mine = Bidirectional(CELLS[cell](UNITS, return_sequences=sequences, **extra), merge)
    theirs = keras.layers.Bidirectional(keras_layer(cell, return_sequences=sequences), merge)
    x = rng.normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
    theirs.build(x.shape)
    weights = [(rng.normal(size=v.shape) * 0.5).astype("float32") for v in theirs.weights]
    theirs.set_weights(weights)
    _build(mine, x)
    mine.set_weights(weights)
    width = 2 * UNITS if merge == "concat" else UNITS
    targets = [rng.normal(size=(ROWS, *[STEPS] * sequences, width)).astype("float32")]
    got = replay(mine, [x], targets)
    want = by_keras(theirs, [x], targets, None)
    for ours, keras_s in zip(got, want, strict=True):
        for a, b in zip(ours, keras_s, strict=True):
            b = np.asarray(b)  # noqa: PLW2901
            assert np.abs(a - b).max() < 1e-5 * max(np.abs(b).max(), 1e-3)
