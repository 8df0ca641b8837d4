"""Weights set from live arrays of the same model: all values are read before any is written."""

import copy

import numpy as np
import pytest

import lamina
from lamina import layers
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


class PartlyKnown(lamina.Model):
    """A model with weights that need no data, and weights that do."""

    def __init__(self):
        super().__init__(seed=3)
        self.first = layers.Dense(3)
        self.factor = self.add_weight(shape=(3,), name="factor")
        self.inner = lamina.Sequential([lamina.Input((3,)), layers.Dense(3)])
        self.norm = layers.BatchNormalization()
        self.norm.build((None, 3))

    def call(self, x):
        return self.norm(self.inner(self.first(x * self.factor)))


def test_weights_that_need_no_data_are_there_before_the_model_is_built():
    model, x = PartlyKnown(), np.ones((2, 3), "float32")
    shapes = [(3,), (3, 3), (3,), (3,), (3,), (3,), (3,)]  # as in Keras, which has this order too
    assert [w.shape for w in model.weights] == shapes
    counts = {"trainable_weights": 5, "non_trainable_variables": 2, "variables": 7}
    assert {name: len(getattr(model, name)) for name in counts} == counts
    assert not model.built
    early = model.weights
    model.set_weights([np.full(shape, 7.0) for shape in shapes])
    assert all((w == 7).all() for w in copy.deepcopy(model).get_weights())
    with pytest.raises(ValueError, match="shapes must broadcast"):
        model(np.ones((2, 4), "float32"))
    assert all((w == 7).all() for w in model.get_weights())
    model(x)
    assert [w.shape for w in model.weights] == [shapes[0], (3, 3), (3,), *shapes[1:]]
    assert all(any(w is each for each in model.weights) and (w.numpy() == 7).all() for w in early)
    early[0].assign(np.zeros(3))
    np.testing.assert_array_equal(model.get_weights()[0], 0)


def test_weights_read_early_and_those_made_later_differ():
    first, again, x = PartlyKnown(), PartlyKnown(), np.ones((2, 3), "float32")
    for model in (first, again):
        optimizer = lamina.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)
        model(x)
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(first.first.get_weights()[0] - first.inner.get_weights()[0]).min() > 1e-6


def test_weights_of_an_unbuilt_model_cannot_be_set_for_layers_without():
    class Empty(lamina.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(2)

        def call(self, x):
            return self.last(x)

    assert Empty().weights == [] == Empty().get_weights()
    Empty().set_weights([])
    with pytest.raises(ValueError, match="the input shape is not known yet"):
        Empty().set_weights([np.ones((3, 2)), np.ones(2)])
