"""Rows as a whole value and back, and a whole value for every row."""

import numpy as np
import pytest

from graphs import parameters
from lamina import _core
from test_expressions import ROWS, Recorded
from thread_proof import same_gradients_on_threads


def test_rows_and_a_whole_value_hold_the_same_elements():
    net = Recorded([(2, 3)], [(ROWS, 4), (3,)])
    g, (x,), (table, w) = net.graph, net.x, net.w
    whole = g.all_rows(x, ROWS)
    assert tuple(whole.shape) == (ROWS, 2, 3)
    assert g.whole(whole)
    turned = g.expression([("multiply", 0, 1)], [g.permute(whole, [1, 0, 2]), w])
    back = g.by_rows(g.permute(turned, [1, 0, 2]))
    assert not g.whole(back)
    y = g.expression(
        [("multiply", 0, 0), ("add", 3, 1), ("add", 4, 2)],
        [g.sum(back, [0, 1]), g.sum(g.by_rows(table), [0]), g.sum(g.each_row(w), [0])],
    )
    net.build(y)
    w = net.values["w1"].array
    by_hand = (net.data[0] * w).sum((1, 2)) ** 2 + net.values["w0"].array.sum(1) + w.sum()
    np.testing.assert_allclose(net.output(), by_hand, rtol=1e-13)
    net.check_gradients()
    assert g.rows == ROWS


def test_rows_of_their_own_run_apart_from_the_batch():
    net = Recorded([(3,)], [(5, 3), (3, 2), (2,)])
    g, (x,), (table, kernel, bias) = net.graph, net.x, net.w
    own = g.own_rows(table)
    assert tuple(own.shape) == (3,)
    assert not g.whole(own)
    hidden = g.softmax(g.dense(own, kernel, bias))
    both = g.of_own_rows(g.expression([("multiply", 0, 1)], [hidden, g.dense(own, kernel, bias)]))
    assert tuple(both.shape) == (5, 2)
    assert g.whole(both)
    y = g.expression(
        [("multiply", 0, 1)], [g.sum(g.dense(x, kernel, bias), [0]), g.sum(both, [0, 1])]
    )
    with pytest.raises(ValueError, match="rows of the batch, or rows of their own; got both"):
        g.add([own, x])
    for take in (g.add_output, lambda t: g.all_rows(t, ROWS), lambda t: g.sum(t, [], True)):
        with pytest.raises(ValueError, match=r"folded|needs rows of the batch|no axis of rows"):
            take(own)
    net.build(y)
    table, kernel, bias = (net.values[f"w{k}"].array for k in range(3))
    z = table @ kernel + bias
    of_table = (z * np.exp(z) / np.exp(z).sum(-1, keepdims=True)).sum()
    by_hand = (net.data[0] @ kernel + bias).sum(-1) * of_table
    np.testing.assert_allclose(net.output(), by_hand, rtol=1e-13)
    net.check_gradients()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_labels_and_masks_move_too(dtype):
    g = _core.Graph(dtype)
    x, ids, mask = g.input((3,)), g.input((3,), "", "int32"), g.input((3,), "", "bool")
    known = [np.arange(12).reshape(4, 3).astype(t) for t in (dtype, np.int32, bool)]
    for value in (x, ids, mask):
        g.add_output(g.all_rows(value, 4))
        g.add_output(g.by_rows(g.all_rows(value, 4)))
    for value in known:
        g.add_output(g.by_rows(g.constant(value)))
        g.add_output(g.each_row(g.constant(value)))
    g.build()
    data = [v + 1 if v.dtype != bool else ~v for v in known]
    out = _core.Predictor(g).predict(data, 9)
    want = [v for v in data for _ in range(2)]
    want += [v for k in known for v in (k, np.tile(k, (4, 1, 1)))]
    for got, expected in zip(out, want, strict=True):
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)


def test_any_number_of_rows_has_the_same_value_in_each():
    net = Recorded([()], [(2, 3)])
    y = net.graph.expression(
        [("multiply", 0, 1)], [net.graph.each_row(net.w[0]), net.x[0]]
    )  # fmt: skip
    net.build(y)
    w = net.values["w0"].array
    np.testing.assert_array_equal(net.output(), w * net.data[0][:, None, None])
    net.check_gradients()
    assert net.graph.rows is None
    net.run.gradients(None, 0, 2)  # fewer rows than planned
    gradient = net.run.gradient_of(net.values["w0"])
    np.testing.assert_allclose(gradient, np.full((2, 3), net.data[0][:2].sum() / 12), rtol=1e-14)


def test_a_gradient_read_twice_is_both():
    net = Recorded([()], [(3,)])
    g, w = net.graph, net.w[0]
    twice = g.expression([("multiply", 0, 1), ("multiply", 3, 2)], [g.each_row(w), net.x[0], w])
    net.build(g.expression([("add", 0, 1)], [twice, g.each_row(w)]))
    net.check_gradients()


def only_for(rows, training, **settings):
    g = _core.Graph("float64")
    x, y = g.input((3,)), g.input((3,))
    values, tensors = parameters(g, np.random.default_rng(0), w=(3, 3))
    state = _core.State((3,), "float64")
    g.carry(state, x)
    h = g.by_rows(g.permute(g.all_rows(g.dense(x, tensors["w"]), rows), [0, 1]))
    g.add_loss(g.loss("mean_squared_error", h, y))
    g.add_output(h)
    g.build()
    run = _core.Execution(g, rows + 2, training, **settings)
    run.bind([np.ones((9, 3)), np.ones((9, 3))])
    if training:
        run.set_update("sgd", [np.zeros(run.gradient_size)])
    return g, run, values["w"], state


CALLS = {
    "train": lambda run, stop: run.train(None, 0, stop, 0.1, 1, 0),
    "train in order": lambda run, stop: run.train(np.arange(9), 0, stop, 0.1, 1, 0),
    "train_by": lambda run, stop: run.train_by(None, 0, stop, 0, lambda: None),
    "gradients": lambda run, stop: run.gradients(None, 0, stop),
    "test": lambda run, stop: run.test(None, 0, stop),
    "first_nonfinite": lambda run, stop: run.first_nonfinite(None, 0, stop),
    "profile": lambda run, stop: run.profile(None, 0, stop, 0.1, 1, 0),
}


@pytest.mark.parametrize("call", CALLS)
def test_another_number_of_rows_is_refused_and_nothing_changes(call):
    _, run, weights, state = only_for(4, True)
    before = weights.array.copy()
    for rows in (0, 1, 3, 5):
        with pytest.raises(ValueError, match=f"recorded for batches of 4 rows; got {rows}$"):
            CALLS[call](run, rows)
    assert np.array_equal(weights.array, before)
    assert state.array is None
    assert run.completed_steps == 0
    assert run.mean_loss == 0
    CALLS[call](run, 4)


def test_predictors_and_objectives_refuse_another_number_of_rows():
    g, _, _, state = only_for(4, False)
    x = np.arange(36.0).reshape(12, 3)
    predictor = _core.Predictor(g)
    want = predictor.predict([x, x], 4)[0]  # three batches
    state.reset()
    for count, batch, got in [(11, 4, 3), (3, 4, 3), (5, 8, 5), (12, 5, 5), (9, 12, 9), (0, 4, 0)]:
        with pytest.raises(ValueError, match=f"recorded for batches of 4 rows; got {got}$"):
            predictor.predict([x[:count], x[:count]], batch)
    assert state.array is None
    assert np.array_equal(predictor.predict([x, x], 4)[0], want)
    with pytest.raises(ValueError, match=r"recorded for batches of 4 rows; got 5$"):
        _core.Objective(g, [x[:5], x[:5]])
    with pytest.raises(ValueError, match=r"recorded for batches of 4 rows; got 3$"):
        _core.Execution(g, 3)


def test_what_does_not_fit_is_refused():
    g = _core.Graph("float64")
    x, whole = g.input((4, 3)), g.constant(np.ones((5, 3)))
    folded = g.fold(x)
    for call, text in [
        (lambda: g.all_rows(whole, 5), "all_rows: needs values row by row; got a tensor without"),
        (lambda: g.all_rows(folded, 5), "all_rows: needs a tensor that is not folded; got 4 rows"),
        (lambda: g.all_rows(x, 0), "all_rows: rows must be at least 1; got 0"),
        (lambda: g.by_rows(x), r"by_rows: needs a tensor without rows; got .* of shape \(4, 3\)"),
        (
            lambda: g.by_rows(g.constant(np.ones(()))),
            r"by_rows: x has shape \(\), needs at least 1",
        ),
        (
            lambda: g.by_rows(g.constant(np.ones((5, 0)))),
            r"by_rows: a row needs at least 1 element",
        ),
        (lambda: g.each_row(x), "each_row: needs a tensor without rows; got values row by row"),
        (lambda: g.require_rows(0), "require_rows: rows must be at least 1; got 0"),
    ]:
        with pytest.raises(ValueError, match="^" + text):
            call()
    assert g.rows is None
    g.by_rows(whole)
    g.require_rows(5)
    assert g.rows == 5
    for call in (lambda: g.all_rows(x, 4), lambda: g.require_rows(6)):
        with pytest.raises(ValueError, match="is recorded for batches of 5 rows; got"):
            call()
    g.build()
    with pytest.raises(RuntimeError, match="graph is built"):
        g.require_rows(5)


def test_threads_change_no_bit():
    rows, width = 600, 1500
    net = Recorded([(width,)], [(width,), (rows, width)], "float32")
    net.data = [net.rng.normal(size=(rows, width)).astype("float32")]
    g, (x,), (w, table) = net.graph, net.x, net.w
    whole = g.expression([("multiply", 0, 1)], [g.all_rows(x, rows), table])
    y = g.expression([("multiply", 0, 1)], [g.by_rows(whole), g.each_row(w)])
    net.build(y, rows)
    same_gradients_on_threads(net.run, rows, 1)
