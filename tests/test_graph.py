"""The graph, without layers: recording, fusion, errors; against formulas in NumPy."""

import gc

import numpy as np
import pytest

from graphs import parameters, two_layers
from lamina import _core


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_activations_are_fused_into_dense(rng):
    graph, _ = two_layers(rng, activation="relu")
    assert graph.operations() == ["dense+relu", "dense", "mean_squared_error"]
    # gelu's derivative needs its input, so it remains a separate operation.
    graph, _ = two_layers(rng, activation="gelu")
    assert graph.operations() == ["dense", "gelu", "dense", "mean_squared_error"]


def test_a_tensor_used_twice_gets_its_gradients_summed(rng):
    graph = _core.Graph("float64")
    x, y = graph.input((3,)), graph.input((3,))
    values, tensors = parameters(graph, rng, w=(3, 3), v=(3, 3))
    hidden = graph.dense(x, tensors["w"], None, "tanh")
    twice = graph.dense(hidden, tensors["v"])  # two products use v
    again = graph.dense(twice, tensors["v"])
    graph.add_loss(graph.loss("mean_squared_error", again, y))
    graph.add_loss(graph.loss("mean_squared_error", hidden, y), scale=0.5)
    graph.build()
    data = [rng.normal(size=(5, 3)), rng.normal(size=(5, 3))]
    execution = _core.Execution(graph, 5, True, input_gradients=True)
    execution.bind(data)
    loss = execution.gradients(None, 0, 5)
    assert np.isfinite(loss)
    step = 1e-6
    for p in values.values():
        analytic = execution.gradient_of(p).copy()
        for at in np.ndindex(*p.shape):
            middle = p.array[at]
            p.array[at] = middle + step
            above = execution.test(None, 0, 5)
            p.array[at] = middle - step
            below = execution.test(None, 0, 5)
            p.array[at] = middle
            assert (above - below) / (2 * step) == pytest.approx(analytic[at], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_softmax_is_fused_with_its_crossentropy(rng, kind):
    """At logits of +-1e4 the probabilities round to 0 and 1; loss and gradient stay exact."""
    sparse = kind.startswith("sparse")
    graph = _core.Graph("float32")
    x = graph.input((3,))
    y = graph.input((), dtype="int32") if sparse else graph.input((3,))
    values, tensors = parameters(graph, rng, w=(3, 3))
    values["w"].array[...] = np.eye(3)
    probabilities = graph.dense(x, tensors["w"], None)
    probabilities = graph.softmax(probabilities)
    graph.add_loss(graph.loss(kind, probabilities, y))
    graph.build()
    assert graph.operations()[-1] == kind + "_logits"
    assert "softmax" not in graph.operations()  # nothing reads the probabilities
    logits = np.array([[1e4, 0.0, -1e4], [0.0, 0.0, 0.0]], "float32")
    labels = np.array([2, 1], "int32")
    execution = _core.Execution(graph, 2, True, input_gradients=True)
    execution.bind([logits, labels if sparse else np.eye(3, dtype="float32")[labels]])
    loss = execution.gradients(None, 0, 2)
    assert loss == pytest.approx((2e4 + np.log(3.0)) / 2, rel=1e-6)
    expected = np.array([[1.0, 0.0, -1.0], [1 / 3, 1 / 3 - 1, 1 / 3]]) / 2
    np.testing.assert_allclose(execution.input_gradient(0), expected, atol=1e-7)


def test_sigmoid_is_fused_with_binary_crossentropy(rng):
    graph = _core.Graph("float32")
    x, y = graph.input((1,)), graph.input((1,))
    graph.add_loss(graph.loss("binary_crossentropy", graph.activation(x, "sigmoid"), y))
    graph.build()
    execution = _core.Execution(graph, 2, True, input_gradients=True)
    execution.bind([np.array([[1e4], [-1e4]], "float32"), np.array([[0.0], [0.0]], "float32")])
    assert execution.gradients(None, 0, 2) == pytest.approx(5e3)
    np.testing.assert_allclose(execution.input_gradient(0), [[0.5], [0.0]], atol=1e-7)


def test_sample_weights_and_penalties(rng):
    graph = _core.Graph("float64")
    x, y, weight = graph.input((2,)), graph.input((1,)), graph.input(())
    values, tensors = parameters(graph, rng, w=(2, 1))
    output = graph.dense(x, tensors["w"])
    graph.add_loss(graph.loss("mean_squared_error", output, y), weight)
    graph.add_penalty(tensors["w"], 0.1, 0.2)
    graph.build()
    data = [rng.normal(size=(6, 2)), rng.normal(size=(6, 1)), rng.uniform(size=6)]
    execution = _core.Execution(graph, 6, True)
    execution.bind(data)
    w = values["w"].array
    error = data[0] @ w - data[1]
    loss = np.mean(data[2][:, None] * error**2) + 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum()
    assert execution.gradients(None, 0, 6) == pytest.approx(loss, rel=1e-12)
    gradient = data[0].T @ (2 * data[2][:, None] * error) / 6 + 0.1 * np.sign(w) + 0.4 * w
    np.testing.assert_allclose(execution.gradient_of(values["w"]), gradient, rtol=1e-12)


def test_a_python_operation(rng):
    graph = _core.Graph("float64")
    x, y = graph.input((2,)), graph.input((2,))
    values, tensors = parameters(graph, rng, w=(2, 2))
    hidden = graph.dense(x, tensors["w"])
    cubed = graph.python([hidden], (2,), lambda h: h**3, lambda dy, h: (3 * h**2 * dy,), "cube")
    graph.add_loss(graph.loss("mean_squared_error", cubed, y))
    graph.build()
    data = [rng.normal(size=(3, 2)), rng.normal(size=(3, 2))]
    execution = _core.Execution(graph, 3, True)
    execution.bind(data)
    execution.gradients(None, 0, 3)
    h = data[0] @ values["w"].array
    gradient = data[0].T @ (3 * h**2 * 2 * (h**3 - data[1]) / 6)
    np.testing.assert_allclose(execution.gradient_of(values["w"]), gradient, rtol=1e-12)


def test_a_python_operation_that_fails_leaves_the_execution_usable(rng):
    fail = [True]

    def forward(x):
        if fail[0]:
            raise KeyError("mine")
        return x

    graph = _core.Graph("float64")
    x, y = graph.input((2,)), graph.input((2,))
    graph.add_loss(
        graph.loss("mean_squared_error", graph.python([x], (2,), forward, None, "mine"), y)
    )
    graph.build()
    execution = _core.Execution(graph, 3, True)
    execution.bind([np.ones((3, 2)), np.zeros((3, 2))])
    with pytest.raises(KeyError, match="mine"):
        execution.test(None, 0, 3)
    fail[0] = False
    assert execution.test(None, 0, 3) == 1.0


def test_a_python_operation_returning_the_wrong_shape():
    graph = _core.Graph("float64")
    x = graph.input((2,))
    graph.add_output(graph.python([x], (2,), lambda a: a[:, :1], None, "short"))
    graph.build()
    with pytest.raises(ValueError, match=r"short: forward must return .* \(3, 2\); got \(3, 1\)"):
        _core.Predictor(graph)(np.ones((3, 2)))


def test_dropout_is_identity_outside_training(rng):
    graph = _core.Graph("float64")
    x = graph.input((50,))
    dropped = graph.dropout(x, 0.5, 3)
    graph.add_loss(graph.loss("mean_squared_error", dropped, x))
    graph.add_output(dropped)
    graph.build()
    data = rng.normal(size=(4, 50))
    np.testing.assert_array_equal(_core.Predictor(graph)(data), data)
    execution = _core.Execution(graph, 4, True, seed=9)
    execution.bind([data])
    execution.gradients(None, 0, 4, random_step=1)
    first = execution.output(0)
    kept = first != 0
    assert 0.3 < kept.mean() < 0.7
    np.testing.assert_allclose(first[kept], 2 * data[kept])
    execution.gradients(None, 0, 4, random_step=2)
    assert np.any((execution.output(0) != 0) != kept)  # another step, another mask
    execution.gradients(None, 0, 4, random_step=1)
    np.testing.assert_array_equal(execution.output(0), first)  # the same step, the same mask


def test_dropout_behind_relu_has_the_gradient_of_its_mask(rng):
    """The mask is read from the output's sign there, which finite differences do not use."""
    graph = _core.Graph("float64")
    x, y = graph.input((6,)), graph.input((6,))
    values, tensors = parameters(graph, rng, w=(6, 6))
    hidden = graph.dropout(graph.dense(x, tensors["w"], None, "relu"), 0.4, 1)
    graph.add_loss(graph.loss("mean_squared_error", hidden, y))
    graph.build()
    execution = _core.Execution(graph, 5, True, seed=2)
    execution.bind([rng.normal(size=(5, 6)), rng.normal(size=(5, 6))])
    execution.gradients(None, 0, 5, random_step=7)
    analytic = execution.gradient_of(values["w"]).copy()
    w, step = values["w"].array, 1e-6
    for at in np.ndindex(6, 6):
        middle = w[at]
        w[at] = middle + step
        above = execution.gradients(None, 0, 5, random_step=7)
        w[at] = middle - step
        below = execution.gradients(None, 0, 5, random_step=7)
        w[at] = middle
        assert (above - below) / (2 * step) == pytest.approx(analytic[at], rel=1e-6, abs=1e-9)


def test_a_built_graph_does_not_change(rng):
    graph, _ = two_layers(rng)
    with pytest.raises(RuntimeError, match="the graph is built and cannot change"):
        graph.input((3,))
    with pytest.raises(RuntimeError, match="the graph is built"):
        graph.build()
    unbuilt = _core.Graph("float32")
    unbuilt.add_output(unbuilt.input((3,)))
    with pytest.raises(RuntimeError, match="not built"):
        _core.Execution(unbuilt, 3, False)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (lambda g, x, w: g.dense(x, w), r"kernel has shape \(4, 2\), needs \(3, units\)"),
        (lambda g, x, w: g.dropout(x, 1.0, 0), r"rate must be in \[0, 1\); got 1.0"),
        (lambda g, x, w: g.reshape(x, (2, 2)), r"\(3,\) has 3 elements, \(2, 2\) has 4"),
        (lambda g, x, w: g.activation(x, "rellu"), "unknown name 'rellu'"),
        (lambda g, x, w: g.input((0,)), "at least 1 element"),
        (lambda g, x, w: g.add_penalty(x, 1.0, 1.0), "needs a parameter"),
    ],
)
def test_wrong_recordings_are_refused(rng, record, message):
    graph = _core.Graph("float64")
    x = graph.input((3,))
    _, tensors = parameters(graph, rng, w=(4, 2))
    with pytest.raises(ValueError, match=message):
        record(graph, x, tensors["w"])


def test_sizes_that_overflow():
    graph = _core.Graph("float32")
    with pytest.raises(ValueError, match="overflow"):
        graph.input((2**40, 2**40))
    with pytest.raises(ValueError, match="overflow"):
        _core.Parameter("w", (2**40, 2**40), "float32")
    x = graph.input((2**40, 3), "long")
    with pytest.raises(ValueError, match=r"\+ \d+ elements overflow"):
        graph.pad(x, [(2**63 - 1, 2**63 - 1), (0, 0)])
    with pytest.raises(ValueError, match="overflow"):
        graph.pad(x, [(2**62, 0), (0, 0)])


def test_masks_are_no_numbers():
    graph = _core.Graph("float32")
    x, mask = graph.input((3,), "x"), graph.input((3,), "mask", "bool")
    with pytest.raises(ValueError, match=r"need targets .*; got bool"):
        graph.loss("mean_squared_error", x, mask)
    with pytest.raises(ValueError, match="every axis needs at least 1 element"):
        graph.join_masks([mask], [(0,)])
    with pytest.raises(ValueError, match="every axis needs at least 1 element"):
        graph.python([x], (0,), lambda x: x, None)


def test_weights_of_rows_and_of_positions(rng):
    """Both forms of weights, over a loss of 4 positions a row, against NumPy."""
    data = [rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4, 1))]
    by_row, by_position = rng.uniform(size=5), rng.uniform(size=(5, 4))
    for weights, spread in ((by_row, by_row[:, None, None]), (by_position, by_position[..., None])):
        graph = _core.Graph("float64")
        x, y, weight = graph.input((4, 2)), graph.input((4, 1)), graph.input(weights.shape[1:])
        values, tensors = parameters(graph, rng, w=(2, 1))
        output = graph.dense(x, tensors["w"])
        graph.add_loss(graph.loss("mean_squared_error", output, y), weight)
        graph.add_metric("mean_squared_error", output, y, weight)
        graph.build()
        execution = _core.Execution(graph, 5, True)
        execution.bind([*data, weights])
        error = data[0] @ values["w"].array - data[1]
        loss = execution.gradients(None, 0, 5)
        assert loss == pytest.approx(np.mean(spread * error**2), rel=1e-12)
        gradient = (data[0] * 2 * spread * error).sum((0, 1))[:, None] / 20
        np.testing.assert_allclose(execution.gradient_of(values["w"]), gradient, rtol=1e-12)
        total, weight_sum = execution.metrics[0]
        whole = np.broadcast_to(spread, error.shape)
        assert total / weight_sum == pytest.approx(np.average(error**2, weights=whole), rel=1e-12)
    graph = _core.Graph("float64")
    x, y, weight = graph.input((4, 1)), graph.input((4, 1)), graph.input((3,))
    loss = graph.loss("mean_squared_error", x, y)
    with pytest.raises(ValueError, match=r"each of its 4 positions; got shape \(3,\)"):
        graph.add_loss(loss, weight)


def test_parameters_and_rows_are_told_apart(rng):
    """A parameter has no rows: a kernel that iterates over rows would read past its end."""
    graph = _core.Graph("float64")
    x = graph.input((3,))
    _, tensors = parameters(graph, rng, w=(3,))
    for record in (
        lambda: graph.fold(tensors["w"]),
        lambda: graph.value_mask(tensors["w"]),
        lambda: graph.loss("mean_squared_error", x, tensors["w"]),
    ):
        with pytest.raises(ValueError, match="needs values row by row; got parameter 'w'"):
            record()
    by_row = graph.input((3, 2))
    with pytest.raises(ValueError, match="needs a parameter; got values row by row"):
        graph.dense(x, by_row)


def test_tensors_of_another_graph_are_refused():
    other = _core.Graph("float64").input((3,))
    graph = _core.Graph("float64")
    graph.input((3,))
    with pytest.raises(ValueError, match="belongs to another graph"):
        graph.softmax(other)


def test_arrays_given_to_python_operations_stay_what_they_were():
    kept = []
    graph = _core.Graph("float64")
    x = graph.input((2,))
    graph.add_output(graph.python([x], (2,), lambda a: (kept.append(a), a)[1], None))
    graph.build()
    predictor = _core.Predictor(graph)
    predictor(np.ones((1000, 2)))
    predictor(np.zeros((1000, 2)))
    del predictor, graph, x
    gc.collect()
    assert kept[0].sum() == 2000
    assert kept[1].sum() == 0


@pytest.mark.parametrize(
    ("returns", "error", "message"),
    [
        ("abc", TypeError, "must return real numbers; got dtype <U3"),
        (np.ones((1, 2), complex), TypeError, "must return real numbers; got dtype complex128"),
    ],
)
def test_python_operations_returning_no_numbers(returns, error, message):
    graph = _core.Graph("float64")
    graph.add_output(graph.python([graph.input((2,))], (2,), lambda a: returns, None, "mine"))
    graph.build()
    with pytest.raises(error, match=message):
        _core.Predictor(graph)(np.ones((1, 2)))


@pytest.mark.parametrize(
    "call",
    [
        lambda g: _core.allocate([None]),
        lambda g: g.parameter(None),
        lambda g: g.state(None),
        lambda g: g.carry(None, g.input((2,))),
        lambda g: _core.Execution(None, 3),
        lambda g: _core.Predictor(None),
    ],
)
def test_none_is_nothing_to_work_with(call):
    with pytest.raises(TypeError, match="None"):
        call(_core.Graph("float32"))


def test_sizes_below_one_are_refused():
    graph = _core.Graph("float32")
    with pytest.raises(ValueError, match=r"reshape: every axis needs .*; got \(-2, -2\)"):
        graph.reshape(graph.input((4,)), (-2, -2))
    with pytest.raises(ValueError, match=r"State: every axis needs .*; got shape \(-1,\)"):
        _core.State((-1,), "float32")
