"""TimeDistributed with a stateful layer: its steps run in turn."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import _core
from lamina.layers import GRU, LSTM, Bidirectional, Dropout, Embedding, TimeDistributed


@pytest.mark.parametrize("model", [False, True])
def test_steps_of_a_stateful_layer_are_one_sequence(model):
    x = np.random.default_rng(9).normal(size=(6, 3, 4, 5))
    inner = LSTM(2, stateful=True, return_sequences=True, dtype="float64")
    held = inner
    if model:
        held = lamina.Sequential([lamina.Input((4, 5)), inner], dtype="float64")
    layer = TimeDistributed(held)
    outer = lamina.Sequential([lamina.Input((3, 4, 5), batch_size=6), layer], dtype="float64")
    first, second = outer.predict(x), outer.predict(x)
    plain = LSTM(2, return_sequences=True, dtype="float64")
    plain(x[:, 0])
    plain.set_weights(inner.get_weights())
    want = plain(np.concatenate([x.reshape(6, 12, 5)] * 2, axis=1))
    np.testing.assert_allclose(
        np.concatenate([first, second], 1), want.reshape(6, 6, 4, 2), atol=1e-12
    )
    assert outer.stateful
    outer.reset_state()
    assert_same_bits([outer.predict(x)], [first], "after reset_state")
    outer.compile("sgd", "mse")
    outer.fit(x, np.zeros_like(first), batch_size=6, epochs=2, verbose=0)
    with pytest.raises(ValueError, match=r"is stateful and its states have 6 rows"):
        outer.predict(x[:4], batch_size=4)


@pytest.mark.parametrize("seed", [None, 3])
def test_steps_of_a_stateful_layer_draw_their_own_dropout(seed):
    drop = Dropout(0.5, seed=seed)
    inner = lamina.Sequential([lamina.Input((4, 5)), drop, GRU(5, stateful=True)])
    layer = TimeDistributed(inner)
    x = np.ones((8, 3, 4, 5), "float32")
    layer(x)
    graph = _core.Graph("float32")
    y = layer.record(graph, graph.input(x.shape[1:], "x"))
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input(tuple(y.shape), "y")))
    graph.build()
    run = _core.Execution(graph, 8, True, 1, True)
    run.bind([x, np.zeros((8, 3, 5), "float32")])
    run.gradients(None, 0, 8, 3)
    steps = run.input_gradient(0) == 0  # where the gradient is 0
    assert 0.3 < steps.mean() < 0.7
    assert (steps[:, 0] != steps[:, 1]).any()
    assert (steps[:, 1] != steps[:, 2]).any()
    assert drop.turn == 0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: TimeDistributed(LSTM(2, stateful=True))(
                np.ones((2, 3, 4, 5)), mask=np.ones((2, 3), bool)
            ),
            "time_distributed: takes neither masks nor token ids while 'lstm' is stateful; "
            "got a mask",
        ),
        (
            lambda: lamina.Sequential(
                [
                    lamina.Input((3, 4)),
                    TimeDistributed(
                        lamina.Sequential([Embedding(5, 2), Bidirectional(GRU(2, stateful=True))])
                    ),
                ]
            ).predict(np.ones((2, 3, 4))),
            "while '.*forward_gru' is stateful; got token ids",
        ),
    ],
)
def test_what_has_no_place_for_a_state_is_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()
