"""Bidirectional: trainable weights, penalties, the steps of its outputs."""

import numpy as np
import pytest

import lamina
from lamina.layers import LSTM, Bidirectional, Dense, GlobalAveragePooling1D, Masking, SimpleRNN

X, Y = np.ones((4, 3, 2)), np.ones((4, 1))


@pytest.mark.parametrize("frozen", ["outer", "inner", "later", None])
def test_frozen_directions_keep_their_weights(frozen):
    layer = Bidirectional(LSTM(2, trainable=frozen != "inner"), trainable=frozen != "outer")
    model = lamina.Sequential([lamina.Input((3, 2)), layer, Dense(1)], seed=1)
    if frozen == "later":
        layer.trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    moved = [bool((a != b).any()) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved == [frozen is None] * 6 + [True] * 2


def test_both_directions_pay_their_penalty():
    layer = Bidirectional(
        SimpleRNN(2, kernel_initializer="ones", kernel_regularizer=lamina.regularizers.L2(0.5)),
        backward_layer=SimpleRNN(
            3, kernel_initializer="ones", kernel_regularizer=lamina.regularizers.L1(0.1),
            go_backwards=True,
        ),
    )  # fmt: skip
    model = lamina.Sequential([lamina.Input((3, 2)), layer], dtype="float64")
    model.compile("sgd", "mse")
    y = model.predict(X)
    assert model.evaluate(X, y) == pytest.approx(0.5 * 4 + 0.1 * 6, rel=1e-12)


@pytest.mark.parametrize("which", [0, 1])
def test_outputs_that_are_not_merged_keep_the_mask(which):
    x = np.random.default_rng(1).normal(size=(5, 4, 2))
    x[:, 2:] = 0.0
    steps = lamina.Input((4, 2))
    layer = Bidirectional(SimpleRNN(3, return_sequences=True), merge_mode=None)
    both = layer(Masking()(steps))
    mean = GlobalAveragePooling1D()(both[which])
    model = lamina.Model(steps, [both[which], mean], dtype="float64")
    y, got = model.predict(x)
    np.testing.assert_allclose(got, y[:, :2].mean(1), rtol=1e-12)


@pytest.mark.parametrize("merge", ["concat", "sum", None])
def test_outputs_of_hidden_steps_are_0(merge):
    x = np.random.default_rng(2).normal(size=(5, 4, 2))
    mask = np.random.default_rng(3).random((5, 4)) > 0.5
    layer = Bidirectional(SimpleRNN(3, return_sequences=True), merge, dtype="float64")
    outputs = layer(x, mask=mask)
    for y in outputs if merge is None else [outputs]:
        assert not y[~mask].any()
        assert y[mask].all()


def test_a_layer_that_goes_backwards_is_joined_by_one_that_goes_forwards():
    x = np.random.default_rng(4).normal(size=(5, 4, 2))
    given = SimpleRNN(3, go_backwards=True, return_sequences=True)
    layer = Bidirectional(given, merge_mode=None, dtype="float64")
    outputs = layer(x)
    for y, direction, backwards in zip(outputs, layer.directions, (True, False), strict=True):
        alone = SimpleRNN(3, go_backwards=backwards, return_sequences=True, dtype="float64")
        alone.build(x.shape)
        alone.set_weights(direction.get_weights())
        # Both outputs are in the order of the layer's first direction, which is the given one.
        expected = alone(x) if backwards else alone(x)[:, ::-1]
        np.testing.assert_allclose(y, expected, rtol=1e-12)
