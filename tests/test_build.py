"""Simplifications by build(): constants are folded, equal operations are computed once."""

import numpy as np
import pytest

from graphs import parameters
from harness import assert_same_bits
from lamina import _core
from test_expressions import ROWS, Recorded


def constants(g):
    """Return tensors computed only from constants, by operation, and their expected values."""
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape).astype(g.dtype) for shape in ((3, 4), (4, 2)))
    i, m = np.arange(12, dtype=np.int32).reshape(3, 4), rng.random((3, 4)) < 0.5
    ta, tb, ti, tm = (g.constant(v) for v in (a, b, i, m))
    turned = g.permute(ta, [1, 0])
    return {
        "expression": (g.expression([("multiply", 0, 0), ("exp", 1)], [ta]), np.exp(a * a)),
        "chain": (g.sum(g.expression([("add", 0, 1)], [turned, turned]), [0]), 2 * a.sum(1)),
        "dense": (g.dense(ta, tb, None, "relu"), np.maximum(a @ b, 0)),
        "matmul": (g.matmul(ta, turned, False, False), a @ a.T),
        "transposed": (g.matmul(ta, ta, True), a.T @ a),
        "max": (g.max(ta, [1]), a.max(1)),
        "argmax": (g.argmax(ta, [1]), a.argmax(1)),
        "pad": (g.pad(ta, [(1, 0), (0, 2)]), np.pad(a, [(1, 0), (0, 2)])),
        "int": (g.flip(ti, 0), i[::-1]),
        "bool": (g.concatenate([tm, tm], 1), np.concatenate([m, m], 1)),
        "less": (g.expression([("less", 0, 3.0)], [ti], "bool"), i < 3),
        "stopped": (g.sum(g.stop_gradient(ta), [1]), a.sum(1)),
        "itself": (g.stop_gradient(ti), i),
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_made_of_constants_is_calculated_once(dtype):
    g = _core.Graph(dtype)
    known = constants(g)
    for tensor, _ in known.values():
        g.add_output(tensor)
    g.build()
    assert g.operations() == []
    run = _core.Execution(g, 1)
    run.bind([])
    run.test(None, 0, 1)
    for k, (name, (_, want)) in enumerate(known.items()):
        got = run.output(k)
        assert got.shape == want.shape
        if want.dtype.kind == "f":
            np.testing.assert_allclose(got, want, rtol=1e-5 if dtype == "float32" else 1e-13)
        else:
            assert np.array_equal(got, want), name


def test_constants_serve_rows_and_weights():
    net = Recorded([(3,)], [(3,)])
    g, (x,), (w,) = net.graph, net.x, net.w
    two = g.sum(g.constant(np.full((2, 3), 1.0)), [0])
    scaled = g.expression([("multiply", 0, 1)], [w, g.expression([("exp", 0)], [two])])
    net.build(g.sum(g.expression([("multiply", 0, 1), ("tanh", 2)], [x, scaled]), [0]))
    assert g.operations() == ["expression", "expression", "sum"]
    for _ in range(2):
        want = np.tanh(net.data[0] * net.values["w0"].array * np.exp(2.0)).sum(1)
        np.testing.assert_allclose(net.output(), want, rtol=1e-13)
        net.check_gradients()
        net.values["w0"].array[...] *= -0.5  # weights are not constants: they are read again


EQUAL = {
    "expression": lambda g, x, w: g.expression([("multiply", 0, 1), ("exp", 2)], [x, w]),
    "with a constant": lambda g, x, w: g.expression(
        [("multiply", 0, 1), ("add", 3, 2)], [x, w, g.constant(np.array([0.5]))]
    ),
    "permute": lambda g, x, w: g.permute(x, [1, 0]),
    "crop": lambda g, x, w: g.crop(x, [(1, 0), (0, 1)]),
    "pad": lambda g, x, w: g.pad(x, [(1, 0), (0, 1)]),
    "flip": lambda g, x, w: g.flip(x, 0),
    "repeat": lambda g, x, w: g.repeat(x, [2, 1]),
    "concatenate": lambda g, x, w: g.concatenate([x, x], 0),
    "sum": lambda g, x, w: g.sum(x, [0]),
    "whole": lambda g, x, w: g.expression([("exp", 0)], [w]),
    "max": lambda g, x, w: g.max(x, [1]),
    "dense": lambda g, x, w: g.dense(x, w, None, "tanh"),
    "matmul": lambda g, x, w: g.matmul(x, x, True),
    "multiply": lambda g, x, w: g.multiply([x, x]),
    "scale": lambda g, x, w: g.scale(x, -2.0),
    "softmax": lambda g, x, w: g.softmax(x),
    "log_softmax": lambda g, x, w: g.log_softmax(x),
    "chain": lambda g, x, w: g.matmul(g.permute(x, [1, 0]), g.dense(x, w)),
    "all_rows": lambda g, x, w: g.all_rows(x, ROWS),
    "each_row": lambda g, x, w: g.each_row(w),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_operations_are_one(name):
    make, found = EQUAL[name], []
    for twice in (False, True):
        net = Recorded([(3, 3)], [(3, 3)])
        g, (x,), (w,) = net.graph, net.x, net.w
        first = make(g, x, w)
        second = make(g, x, w) if twice else first
        y = g.concatenate([g.scale(first, 2.0), g.scale(second, 3.0)], 0)
        g.add_output(second)
        net.build(g.expression([("multiply", 0, 0)], [y]))
        net.run.gradients(None, 0, ROWS)
        found.append(
            (g.operations(), [net.run.output(0), net.run.output(1), net.run.gradient.copy()])
        )
        if name not in ("whole", "each_row"):
            found[-1][1].append(net.run.input_gradient(0))
        net.run.test(None, 0, ROWS)
    assert found[0][0] == found[1][0]
    assert_same_bits(found[1][1], found[0][1], name)


MADE_TWICE = {
    "weights": lambda g, x, w: g.expression([("exp", 0)], [w]),
    "all rows": lambda g, x, w: g.mean(x, [], True),
    "rows": lambda g, x, w: g.flip(x, 1),
}


@pytest.mark.parametrize("name", MADE_TWICE)
def test_two_inputs_that_became_one_have_both_gradients(name):
    for combined in (
        lambda g, x, w, a, b: g.expression(
            [("multiply", 0, 1), ("multiply", 4, 2), ("multiply", 5, 3)], [x, a, b, w]
        ),
        lambda g, x, w, a, b: g.expression([("multiply", 0, 1)], [g.matmul(a, b), w]),
        lambda g, x, w, a, b: g.expression([("add", 0, 1), ("multiply", 3, 2)], [a, b, w]),
    ):
        net = Recorded([(3, 3)], [(3, 3)])
        g, (x,), (w,) = net.graph, net.x, net.w
        a, b = (MADE_TWICE[name](g, x, w) for _ in range(2))
        y = g.matmul(combined(g, x, w, a, b), x)
        net.build(y)
        net.check_gradients()


DIFFERENT = {
    "formula": lambda g, x, w, k: g.expression([(("exp", "sin")[k], 0)], [x]),
    "constant": lambda g, x, w, k: g.expression([("multiply", 0, (0.0, -0.0)[k])], [x]),
    "inputs": lambda g, x, w, k: g.expression([("subtract", k, 1 - k)], [x, w]),
    "shape": lambda g, x, w, k: g.expression(
        [("add", 0, 1)], [x, g.reshape(g.sum(w, [0]), ((1, 3), (3, 1))[k])]
    ),
    "margins": lambda g, x, w, k: g.crop(x, [(k, 1 - k), (0, 0)]),
    "filled": lambda g, x, w, k: g.pad(x, [(k, 1 - k), (0, 0)]),
    "axis": lambda g, x, w, k: g.flip(x, k),
    "sum": lambda g, x, w, k: g.sum(x, [k]),
    "kind": lambda g, x, w, k: (g.max, g.min)[k](x, [0]),
    "activation": lambda g, x, w, k: g.activation(x, "elu", (1.0, 0.5)[k]),
    "turned": lambda g, x, w, k: g.matmul(x, x, bool(k), not k),
    "merge": lambda g, x, w, k: (g.maximum, g.minimum)[k]([x, g.activation(x, "tanh")]),
    "softmax": lambda g, x, w, k: (g.softmax, g.log_softmax)[k](x),
    "columns": lambda g, x, w, k: g.softmax(g.reshape(x, ((3, 3), (9,))[k])),
    "factor": lambda g, x, w, k: g.scale(x, (2.0, 3.0)[k]),
    "view": lambda g, x, w, k: g.sum(g.reshape(x, ((3, 3), (9, 1))[k]), [1 - k]),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_other_settings_are_another_operation(name):
    found = []
    for which in ([0], [1], [0, 1]):
        net = Recorded([(3, 3)], [(3, 3)])
        for k in which:
            net.graph.add_output(DIFFERENT[name](net.graph, *net.x, *net.w, k))
        net.build(net.graph.sum(net.x[0], [0, 1]))
        net.run.test(None, 0, ROWS)
        found += [net.run.output(k) for k in range(len(which))]
    assert_same_bits(found[2:], found[:2], name)
    assert found[0].shape != found[1].shape or found[0].tobytes() != found[1].tobytes()


RANDOM = {
    "dropout": lambda g, x: g.dropout(x, 0.5, 1),
    "always": lambda g, x: g.dropout(x, 0.5, 1, True),
    "noise": lambda g, x: g.noise(x, "gaussian", 1.0, 1),
    "spatial_dropout": lambda g, x: g.spatial_dropout(x, 0.5, 1),
    "random": lambda g, x: g.random("normal", (3, 3), 1),
    "each": lambda g, x: g.random("normal", (3, 3), 1, each=True),
}


@pytest.mark.parametrize("of", ["rows", "weights", "constants"])
@pytest.mark.parametrize("name", RANDOM)
def test_random_operations_are_neither_shared_nor_known(name, of):
    g = _core.Graph("float32")
    _, tensors = parameters(g, np.random.default_rng(0), w=(3, 3))
    x = {"rows": g.input((3, 3)), "weights": tensors["w"],
         "constants": g.constant(np.ones((3, 3), np.float32))}[of]  # fmt: skip
    for _ in range(2):
        g.add_output(RANDOM[name](g, x))
    kinds = g.operations()
    g.build()
    assert g.operations() == kinds
    assert len(kinds) == 2


def test_what_python_does_is_done_each_time():
    calls = []

    def forward(x):
        calls.append(len(x))
        return x

    g = _core.Graph("float32")
    x = g.input((3,))
    for _ in range(2):
        g.add_output(g.python([x], (3,), forward, None))
    g.build()
    _core.Predictor(g).predict([np.ones((4, 3), np.float32)], 4)
    assert calls == [4, 4]


def test_losses_metrics_states_and_weights_read_what_is_shared():
    g = _core.Graph("float64")
    x, y, weight = g.input((3,)), g.input((3,)), g.input(())
    _, tensors = parameters(g, np.random.default_rng(0), w=(3, 3))
    state = _core.State((3,), "float64")
    kept = []
    for _ in range(2):
        h = g.dense(x, tensors["w"], None, "tanh")
        doubled = g.expression([("multiply", 0, 2.0)], [weight])
        g.add_loss(g.sum(h, [0]), doubled)
        g.add_metric("mean_squared_error", h, y, doubled)
        g.add_output(h)
        kept.append(h)
    g.carry(state, kept[1])
    g.build()
    assert sorted(g.operations()) == ["dense+tanh", "expression", "sum"]
    rng = np.random.default_rng(1)
    data = [rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, 3)), rng.random(ROWS)]
    run = _core.Execution(g, ROWS, True)
    run.bind(data)
    run.gradients(None, 0, ROWS)
    h = np.tanh(data[0] @ run.trainable()[0].array)
    for k in range(2):
        np.testing.assert_allclose(run.output(k), h, rtol=1e-13)
        assert run.mean_losses[k] == pytest.approx(np.mean(2 * data[2] * h.sum(1)))
        total, weights = run.metrics[k]
        want = np.average(((h - data[1]) ** 2).mean(1), weights=2 * data[2])
        assert total / weights == pytest.approx(want)
    np.testing.assert_allclose(state.array, h, rtol=1e-13)
    slope = 2 * 2 * data[2][:, None] * (1 - h**2) / ROWS  # of both losses
    np.testing.assert_allclose(run.gradient[:9].reshape(3, 3), data[0].T @ slope, rtol=1e-12)


def test_folded_rows_are_not_those_of_the_batch():
    net = Recorded([(4, 3)])
    g, (x,) = net.graph, net.x
    apart = g.unfold(g.activation(g.fold(x), "tanh"), 4)
    net.build(g.expression([("add", 0, 1)], [apart, g.activation(x, "tanh")]))
    np.testing.assert_allclose(net.output(), 2 * np.tanh(net.data[0]), rtol=1e-13)
    net.check_gradients()
