"""Random numbers drawn by a graph, noise outside training, and stopped gradients."""

import math

import numpy as np
import pytest

from harness import THREADS, assert_same_bits
from lamina import _core, runtime
from test_expressions import ROWS, Recorded
from thread_proof import assert_on_threads

KINDS = ["uniform", "normal", "truncated_normal"]


def drawn(kind, shape, low=0.0, high=1.0, each=False, stream=5, dtype="float64", rows=1, seed=3):
    """Return an execution whose output is random."""
    g = _core.Graph(dtype)
    g.add_output(g.random(kind, shape, stream, low, high, each))
    g.build()
    return _core.Execution(g, rows, False, seed)


def numbers(run, rows=1, step=0):
    run.test(None, 0, rows, step)
    return run.output(0)


def distribution(kind, x):
    """Return the probability of a number below ``x``."""
    if kind == "uniform":
        return x
    below = 0.5 * (1 + math.erf(x / math.sqrt(2)))
    tail = 0.5 * (1 + math.erf(-math.sqrt(2)))
    return below if kind == "normal" else (below - tail) / (1 - 2 * tail)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_distributed_as_they_should(kind, dtype):
    count = 200_000
    y = np.sort(numbers(drawn(kind, (count,), dtype=dtype)).astype(float))
    assert len(np.unique(y)) > 0.98 * count
    probability = np.array([distribution(kind, v) for v in y[::100]])
    # Kolmogorov and Smirnov's statistic, beyond which one sample of 10,000 lies
    assert np.abs(probability - np.arange(0, count, 100) / count).max() < 2.23 / np.sqrt(count)
    low, high = {"uniform": (0, 1), "normal": (-6.8, 6.8), "truncated_normal": (-2, 2)}[kind]
    assert low <= y[0]
    assert y[-1] <= high
    assert kind != "uniform" or y[-1] < 1


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_means_and_deviations(kind):
    unit = numbers(drawn(kind, (30, 7)))
    low, high = (-2.5, 4.0) if kind == "uniform" else (1.5, 0.25)
    scaled = numbers(drawn(kind, (30, 7), low, high))
    want = low + (high - low if kind == "uniform" else high) * unit
    np.testing.assert_allclose(scaled, want, rtol=1e-15, atol=1e-15)
    same = numbers(drawn(kind, (9,), 2.0, 2.0 if kind == "uniform" else 0.0))
    assert (same == 2.0).all()
    # rounding does not reach the upper bound
    near = numbers(drawn("uniform", (4000,), 1.0, 1.0 + 2**-22, dtype="float32"))
    assert near.max() < np.float32(1.0 + 2**-22)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_step_each_stream_and_each_row_draws_its_own(kind, dtype):
    run = drawn(kind, (3, 5), each=True, rows=40, dtype=dtype)
    first, second = numbers(run, 40, 0), numbers(run, 40, 1)
    assert_same_bits([numbers(run, 40, 0)], [first], "again")
    assert_same_bits([numbers(run, 7, 1)], [second[:7]], "fewer rows")
    flat = drawn(kind, (40 * 15,), dtype=dtype)  # element i of row r is number r * width + i
    assert_same_bits([numbers(flat)], [first.ravel()], "without rows")
    others = [numbers(drawn(kind, (3, 5), each=True, rows=40, dtype=dtype, **other), 40)
              for other in ({"stream": 6}, {"seed": 4})]  # fmt: skip
    found = [first, second, *others]
    for a in range(len(found)):
        for b in range(a):
            assert not np.isin(found[a], found[b]).any() or dtype == "float32"
            assert (found[a] != found[b]).mean() > 0.99
    if kind == "uniform":
        drawn_apart = _core.kernels.random_uniform(40 * 15, 3, 5, 0, dtype)
        assert_same_bits([first.ravel()], [drawn_apart], "the kernel")


def test_training_draws_anew_and_backward_sees_what_forward_drew():
    net = Recorded([(4,)], [(4,)])
    g, (x,), (w,) = net.graph, net.x, net.w
    noise, shared = g.random("normal", (4,), 1, each=True), g.random("uniform", (4,), 2)
    y = g.expression(
        [("multiply", 0, 1), ("multiply", 4, 2), ("multiply", 5, 3)], [x, w, noise, shared]
    )
    net.build(y)
    net.check_gradients()
    run = net.run
    run.gradients(None, 0, ROWS, 0)
    first = run.output(0)
    run.gradients(None, 0, ROWS, 1)
    assert (run.output(0) != first).all()
    drawn_now = run.output(0) / (net.data[0] * net.values["w0"].array)
    np.testing.assert_allclose(
        run.gradient_of(net.values["w0"]), (net.data[0] * drawn_now).sum(0) / 20, rtol=1e-12
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_threads_change_no_bit(kind, dtype):
    g = _core.Graph(dtype)
    x = g.input((700,))
    g.add_output(g.random(kind, (700,), 3, 0.5, 2.0, True))
    g.add_loss(x)
    g.build()
    run = _core.Execution(g, 999, True)
    run.bind([np.ones((999, 700), dtype)])
    limit, found = runtime.get_num_threads(), []
    try:
        for count in THREADS:
            runtime.set_num_threads(count)
            if count > 1:
                assert_on_threads(run, 999)
            found.append(numbers(run, 999, 7))
            assert_same_bits([found[-1]], [found[0]], f"{count} threads")
    finally:
        runtime.set_num_threads(limit)


def test_what_cannot_be_drawn_is_refused():
    g = _core.Graph("float32")
    for arguments, text in [
        (("uniform", (3,), 0, 1.0, 0.5), "high must be at least low; got 1.0"),
        (("normal", (3,), 0, 0.0, -1.0), "a standard deviation must be at least 0; got -1.0"),
        (("normal", (3,), 0, float("nan")), "low and high must be finite; got nan"),
        (("uniform", (3,), 0, -1e308, 1e308), "low and high must be finite"),
        (("uniform", (3, -1), 0), "every axis needs at least 1 element"),
        (("uniform", (3, 0), 0, 0.0, 1.0, True), "every axis needs at least 1 element"),
        (
            ("uniforn", (3,), 0),
            "kind has the unknown name 'uniforn'; known: uniform, normal, trunc",
        ),
    ]:
        with pytest.raises(ValueError, match=f"^random: {text}"):
            g.random(*arguments)
    assert tuple(g.random("normal", (3, 0), 0).shape) == (3, 0)


ALWAYS = {
    "dropout": lambda g, x, **more: g.dropout(x, 0.5, 3, **more),
    "noise": lambda g, x, **more: g.noise(x, "gaussian", 1.0, 3, **more),
    "spatial_dropout": lambda g, x, **more: g.spatial_dropout(x, 0.5, 3, **more),
}


def predictor_of(make, **more):
    g = _core.Graph("float32")
    g.add_output(make(g, g.input((8, 6)), **more))
    g.build()
    return _core.Predictor(g)


@pytest.mark.parametrize("name", ALWAYS)
def test_noise_acts_outside_training_where_it_is_asked_to(name):
    x = np.ones((40, 8, 6), np.float32)
    (plain,) = predictor_of(ALWAYS[name]).predict([x], 8)
    assert np.array_equal(plain, x)
    predictor = predictor_of(ALWAYS[name], always=True)
    (first,) = predictor.predict([x], 8)
    assert not np.array_equal(first, x)
    pieces = first.reshape(5, 8, 8, 6)
    assert all(not np.array_equal(pieces[0], piece) for piece in pieces[1:])
    assert_same_bits(predictor.predict([x], 8), [first], "again")
    for other in ({"seed": 1}, {"random_step": 9}):
        assert not np.array_equal(predictor.predict([x], 8, **other)[0], first)
    assert_same_bits(  # each batch is the next step, across calls
        predictor.predict([x[16:]], 8, random_step=2), [first[16:]], "in two calls"
    )
    assert_same_bits([predictor(x[:8])], [first[:8]], "called")
    assert_same_bits([predictor(x[:8], 4)], predictor.predict([x[:8]], 8, 4), "called")


def test_batches_with_noise_are_not_cut():
    rows = 4096
    g = _core.Graph("float32")
    y = g.noise(g.input((2048,)), "gaussian", 1.0, 0, True)
    g.add_output(g.sum(y, [0]))
    g.build()
    assert g.block(rows) < rows
    (out,) = _core.Predictor(g).predict([np.zeros((rows, 2048), np.float32)], rows)
    assert len(np.unique(out)) > 0.99 * rows


def test_always_is_what_training_does():
    for make in ALWAYS.values():
        found = []
        for always in (False, True):
            net = Recorded([(8, 6)], [(6,)])
            net.build(make(net.graph, net.graph.expression([("multiply", 0, 1)], [*net.x, *net.w]),
                           always=always))  # fmt: skip
            net.run.gradients(None, 0, ROWS, 4)
            found.append([net.run.output(0), net.run.input_gradient(0), net.run.gradient.copy()])
        assert_same_bits(found[1], found[0], "training")


def test_a_stopped_gradient():
    net = Recorded([(3,)], [(3,)])
    g, (x,), (w,) = net.graph, net.x, net.w
    square = g.expression([("multiply", 0, 1), ("square", 2)], [x, w])
    y = g.expression([("multiply", 0, 1)], [square, g.stop_gradient(square)])
    z = g.expression(
        [("add", 0, 1), ("multiply", 3, 2)], [y, g.stop_gradient(x), g.stop_gradient(w)]
    )
    net.build(z)
    assert "stop_gradient" in g.operations()
    (a,), b = net.data, net.values["w0"].array
    np.testing.assert_allclose(net.output(), ((a * b) ** 4 + a) * b, rtol=1e-13)
    net.run.gradients(None, 0, ROWS)
    slope = 2 * (a * b) ** 3 * b / a.size  # of (a b)^2 times what is constant, times b
    np.testing.assert_allclose(net.run.input_gradient(0), slope * b, rtol=1e-12)
    np.testing.assert_allclose(
        net.run.gradient_of(net.values["w0"]), (slope * a).sum(0), rtol=1e-12
    )


def test_what_is_stopped_is_the_value_itself():
    g = _core.Graph("float32")
    x, ids, mask = g.input((3,)), g.input((2,), "", "int32"), g.input((), "", "bool")
    for value in (x, ids, mask):
        g.add_output(g.stop_gradient(value))
    g.add_output(g.stop_gradient(g.constant(np.arange(3, dtype=np.int32))))
    g.build()
    run = _core.Execution(g, 4)
    data = [np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32),
            np.arange(18, dtype=np.int32).reshape(9, 2), np.arange(9) % 2 == 0]  # fmt: skip
    run.bind(data)
    order = np.array([5, 0, 8, 3])
    for rows in (None, order):
        run.test(rows, 0, 4)
        for k, array in enumerate(data):
            assert np.array_equal(run.output(k), array[:4] if rows is None else array[order])
    assert np.array_equal(run.output(3), [0, 1, 2])
    assert run.arena_bytes < 4 * 4 * 64  # no copies
