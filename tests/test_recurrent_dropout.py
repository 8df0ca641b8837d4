"""Dropout of recurrent layers: separate masks for input, state and direction."""

import numpy as np
import pytest

from lamina import Input, Sequential
from lamina.layers import GRU, LSTM, Bidirectional, SimpleRNN, TimeDistributed
from recurrent_layers import replay

ROWS, SIZE = 200, 8
X = np.ones((ROWS, 1, SIZE))


def adder(**options):
    """A layer of h' = x + h, linear."""
    return SimpleRNN(
        SIZE, "linear", use_bias=False, kernel_initializer="identity",
        recurrent_initializer="identity", dtype="float64", **options,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [None, 3])
def test_input_and_state_have_masks_of_their_own(seed):
    layer, h = adder(dropout=0.5, recurrent_dropout=0.5, seed=seed), np.full((ROWS, SIZE), 10.0)
    layer([X, h])
    y = replay(layer, [X, h])[0][0]
    shares = [(y == value).mean() for value in (0, 2, 20, 22)]
    assert sum(shares) == 1
    np.testing.assert_allclose(shares, 0.25, atol=5 * np.sqrt(0.1875 / y.size))


def test_directions_have_masks_of_their_own():
    layer = Bidirectional(adder(dropout=0.5), dtype="float64")
    layer(X)
    y = replay(layer, [X])[0][0]
    forward, backward = y[:, :SIZE], y[:, SIZE:]
    assert set(np.unique(y)) == {0, 2}
    assert abs((forward == backward).mean() - 0.5) < 5 * 0.5 / np.sqrt(forward.size)


@pytest.mark.parametrize("cell", [SimpleRNN, LSTM, GRU])
def test_layers_of_two_streams_count_as_two(cell):
    """The next layer draws from a stream that neither of them uses."""
    alone = cell(2, dropout=0.5)
    assert alone.streams == 2
    assert Bidirectional(alone).streams == 4
    assert TimeDistributed(alone).streams == 2


@pytest.mark.parametrize("rates", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
def test_dropout_that_is_asked_for_acts_outside_training_too(rates):
    """Monte-Carlo dropout: each call with ``training=True`` draws new masks."""
    model = Sequential([Input((3, SIZE)), GRU(SIZE, **rates)], seed=2)
    x = np.random.default_rng(0).normal(size=(ROWS, 3, SIZE))
    first, second = model(x, training=True), model(x, training=True)
    assert (first != second).any()
    assert (model(x) == model(x)).all()
    many = np.mean([model(x, training=True) for _ in range(50)], axis=0)
    np.testing.assert_allclose(many.mean(), model(x).mean(), atol=0.05)
