"""Folded tensors and states of the engine, without the layers that use them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lamina import _core
from lamina.layers import Dense, TimeDistributed


def test_folds_do_not_mix():
    graph = _core.Graph("float32")
    x = graph.input((4, 3), "x")
    folded = graph.fold(x)
    assert tuple(folded.shape) == (3,)
    assert tuple(graph.unfold(folded, 4).shape) == (4, 3)
    assert tuple(graph.unfold(folded, 2).shape) == (2, 3)
    with pytest.raises(ValueError, match="all inputs need as many rows; got 4 and 1"):
        graph.add([folded, graph.input((3,), "y")])
    with pytest.raises(ValueError, match="not folded; got 4 rows for each row of the batch"):
        graph.add_output(folded)
    with pytest.raises(ValueError, match="unfold: needs a divisor of the 4 rows"):
        graph.unfold(folded, 3)
    with pytest.raises(ValueError, match="fold: needs a row of at least 1 step"):
        graph.fold(graph.fold(folded))


def test_folding_copies_nothing():
    x = np.zeros((8, 16, 64), "float32")
    sizes = []
    for make in (Dense, lambda units: TimeDistributed(Dense(units))):
        layer = make(64)
        layer(x[:1])
        graph = _core.Graph("float32")
        y = layer.record(graph, graph.input((16, 64), "x"))
        graph.add_loss(graph.loss("mean_squared_error", y, graph.input((16, 64), "target")))
        graph.build()
        sizes.append(_core.Execution(graph, 8, True).arena_bytes)
    assert sizes[0] == sizes[1]


def test_the_engine_s_states():
    state = _core.State((2,), "float32")
    assert state.rows == 0
    assert state.array is None
    graph = _core.Graph("float32")
    x = graph.input((2,), "x")
    y = graph.add([x, graph.state(state, "sum")])
    with pytest.raises(ValueError, match=r"carry: the state has shape \(2,\); got \(1, 2\)"):
        graph.carry(state, graph.reshape(x, (1, 2)))
    with pytest.raises(ValueError, match="sum: its state is float64; the graph is float32"):
        graph.state(_core.State((2,), "float64"), "sum")
    graph.carry(state, y, "sum")
    graph.add_output(y)
    graph.build()
    predictor = _core.Predictor(graph)
    ones = np.ones((3, 2), "float32")
    for total in (1, 2, 3):  # a running sum
        np.testing.assert_array_equal(predictor.predict([ones], 3)[0], total * ones)
    assert predictor.predict([ones[:0]], 3)[0].shape == (0, 2)
    np.testing.assert_array_equal(state.array, 3 * ones)
    with pytest.raises(ValueError, match=r"sum: .* shape \(3, 2\); got a batch of 2 rows"):
        predictor.predict([ones[:2]], 3)
    state.reset(2)
    with pytest.raises(ValueError, match=r"holds a state of shape \(2, 2\)"):
        predictor.predict([ones], 3)
    np.testing.assert_array_equal(predictor.predict([ones[:2]], 3)[0], ones[:2])
    with pytest.raises(ValueError, match="at least 0; got -1"):
        state.reset(-1)


def counting(state, forward):
    """A running sum whose batches call `forward` in the middle."""
    graph = _core.Graph("float32")
    y = graph.add([graph.input((2,), "x"), graph.state(state, "sum")])
    graph.carry(state, y, "sum")
    graph.add_output(graph.python([y], (2,), forward, None))
    graph.build()
    return _core.Predictor(graph)


def test_a_state_is_not_read_while_a_batch_runs():
    state, refused = _core.State((2,), "float32"), []

    def forward(a):
        for touch in (lambda: state.array, state.reset):
            with pytest.raises(RuntimeError, match="another thread is using the state"):
                touch()
            refused.append(touch)
        return a

    predictor = counting(state, forward)
    predictor.predict([np.ones((3, 2), "float32")], 3)
    assert len(refused) == 2
    np.testing.assert_array_equal(state.array, np.ones((3, 2)))


def test_no_batch_fails_for_a_reader():
    """A batch waits while the state is copied; the copy is that of one batch, never of two."""
    state = _core.State((2,), "float32")
    predictor = counting(state, lambda a: a)
    done, torn = threading.Event(), []

    def read():
        while not done.is_set():
            try:
                seen = state.array
            except RuntimeError:
                continue
            if seen is not None and not (seen == seen[0, 0]).all():
                torn.append(seen)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    ones = np.ones((64, 2), "float32")
    for _ in range(300):
        predictor.predict([ones], 64)
    done.set()
    for reader in readers:
        reader.join()
    assert not torn
    np.testing.assert_array_equal(state.array, 300 * ones)
