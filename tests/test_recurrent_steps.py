"""Recurrent layers whose activations are no part of their operation: steps recorded one by one."""

import numpy as np
import pytest

import lamina
from lamina import ops
from lamina.layers import GRU, LSTM, Bidirectional, SimpleRNN


def tanh(x):
    return ops.tanh(x)


def sigmoid(x):
    return ops.sigmoid(x)


@pytest.mark.parametrize("cell", [SimpleRNN, LSTM, GRU])
@pytest.mark.parametrize(
    "options",
    [
        {"stateful": True},
        {"return_sequences": True, "go_backwards": True, "zero_output_for_mask": True},
        {"return_state": True, "dtype": "float64"},
    ],
)
def test_steps_recorded_one_by_one_compute_the_same_as_one_operation(cell, options):
    rng = np.random.default_rng(2)
    x, mask = rng.normal(size=(3, 4, 2)), rng.random((3, 4)) > 0.4
    gate = {} if cell is SimpleRNN else {"recurrent_activation": sigmoid}
    one, each = cell(3, **options), cell(3, activation=tanh, **gate, **options)
    for layer in (one, each):
        layer(x)
        if layer.stateful:
            layer.reset_state()
    each.set_weights(one.get_weights())
    for given in (mask, None):
        results = (layer(x, mask=given) for layer in (one, each))
        for a, b in zip(*(r if isinstance(r, list) else [r] for r in results), strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_steps_recorded_one_by_one_share_a_draw_of_dropout():
    layer = SimpleRNN(
        8, lambda x: x, use_bias=False, kernel_initializer="identity",
        recurrent_initializer="zeros", dropout=0.5, return_sequences=True,
    )  # fmt: skip
    y = layer(np.ones((50, 3, 8)), training=True)
    assert set(np.unique(y)) == {0, 2}
    assert (y == y[:, :1]).all()
    assert (layer(np.ones((2, 3, 8))) == 1).all()


def test_a_model_whose_activation_is_of_a_whole_row_is_fitted_and_saved(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(12, 4, 2)).astype("float32")
    inner = Bidirectional(GRU(3, activation="softmax", return_sequences=True))
    last = LSTM(2, recurrent_activation="softmax", recurrent_dropout=0.2)
    model = lamina.Sequential([lamina.Input((None, 2)), inner, last], seed=1)
    model.compile("adam", "mse")
    losses = model.fit(x, x[:, -1], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for ending in ("lamina", "keras"):
        model.save(tmp_path / f"m.{ending}")
        again = lamina.models.load_model(tmp_path / f"m.{ending}")
        np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_steps_recorded_one_by_one_are_written_as_onnx():
    from onnx_peer import same_in_onnx

    model = lamina.Sequential([lamina.Input((4, 2)), LSTM(3, activation="softmax")], seed=1)
    same_in_onnx(model, np.random.default_rng(4).normal(size=(5, 4, 2)).astype("f4"))
