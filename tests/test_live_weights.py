"""Weights set from live arrays of the same model: all values are read before any is written."""

import numpy as np
import pytest

import lamina
from lamina.layers import LSTM, Bidirectional, Dense, Input, TimeDistributed


def model(seed=3):
    inner = lamina.Sequential([Input((4,)), Dense(4), Dense(4)])
    layers = [Input((3, 4)), TimeDistributed(Dense(4)), TimeDistributed(inner)]
    return lamina.Sequential(
        [*layers, Bidirectional(LSTM(2, return_sequences=True), "sum"), LSTM(4)], seed=seed
    )


def views(weights):
    """Return for each weight a reversed view of the next one of its shape."""
    return [
        next(w for w in [*weights[i + 1 :], *weights[: i + 1]] if w.shape == own.shape)[::-1]
        for i, own in enumerate(weights)
    ]


@pytest.mark.parametrize("form", [list, lambda w: [list(each) for each in w], tuple])
def test_weights_of_the_model_itself_in_another_order(form):
    one = model()
    expected = [np.array(w) for w in views(one.get_weights())]
    one.set_weights(form(views(one.weights)))
    for got, want in zip(one.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_weights_of_a_layer_itself():
    square = lamina.Sequential([Input((4,)), Dense(4), Dense(4)])
    for layer in square.layers:
        expected = layer.get_weights()[0].T
        layer.set_weights([layer.kernel.T, layer.bias[::-1]])
        np.testing.assert_array_equal(layer.kernel, expected)
    lstm = LSTM(2)
    lstm(np.ones((1, 3, 2)))
    kernel, recurrent, bias = lstm.get_weights()
    lstm.set_weights([lstm.recurrent_kernel, lstm.kernel, lstm.bias])
    np.testing.assert_array_equal(lstm.kernel, recurrent)
    np.testing.assert_array_equal(lstm.recurrent_kernel, kernel)
    np.testing.assert_array_equal(lstm.bias, bias)


def test_two_models_that_share_a_layer():
    shared = Dense(4)
    first = lamina.Sequential([Input((4,)), shared, Dense(4)])
    second = lamina.Sequential([Input((4,)), Dense(4), shared])
    expected = [second.get_weights()[i] for i in (2, 3, 0, 1)]
    first.set_weights([second.weights[i] for i in (2, 3, 0, 1)])
    for got, want in zip(first.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(got, want)
    swapped = [first.get_weights()[i] for i in (2, 3, 0, 1)]
    first.set_weights([first.weights[i] for i in (2, 3, 0, 1)])
    for got, want in zip(first.get_weights(), swapped, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_refused_list_of_live_weights_changes_none():
    one = model()
    before = one.get_weights()
    for last in (np.ones(3), None, "x", one.weights[0]):
        with pytest.raises((ValueError, TypeError)):
            one.set_weights([*views(one.weights)[:-1], last])
        for got, want in zip(one.get_weights(), before, strict=True):
            np.testing.assert_array_equal(got, want)
