"""Executions of graphs: replay, rows, data, threads; against NumPy by hand."""

import gc
import threading

import numpy as np
import pytest

from graphs import numpy_two_layers, parameters, two_layers
from lamina import _core


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_a_step_is_the_chain_rule(rng, dtype, tolerance):
    graph, values = two_layers(rng, dtype)
    x, y = rng.normal(size=(7, 3)).astype(dtype), rng.normal(size=(7, 2)).astype(dtype)
    execution = _core.Execution(graph, 7, True)
    execution.bind([x, y])
    loss = execution.gradients(None, 0, 7)
    expected_loss, gradients, output = numpy_two_layers(values, x, y)
    assert loss == pytest.approx(expected_loss, rel=tolerance)
    np.testing.assert_allclose(execution.output(0), output, rtol=10 * tolerance, atol=tolerance)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(
            execution.gradient_of(values[name]), gradient, rtol=10 * tolerance, atol=tolerance
        )


def test_rows_come_by_index_and_fewer_than_planned(rng):
    graph, values = two_layers(rng)
    x, y = rng.normal(size=(9, 3)), rng.normal(size=(9, 2))
    execution = _core.Execution(graph, 8, True)
    execution.bind([x, y])
    order = np.array([4, 1, 8, 0, 3])
    execution.gradients(order, 1, 4)
    _, gradients, _ = numpy_two_layers(values, x[order[1:4]], y[order[1:4]])
    np.testing.assert_allclose(execution.gradient_of(values["w1"]), gradients["w1"], rtol=1e-12)


def test_input_gradients(rng):
    graph, values = two_layers(rng)
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    execution = _core.Execution(graph, 4, True, input_gradients=True)
    execution.bind([x, y])
    execution.gradients(None, 0, 4)
    hidden = np.tanh(x @ values["w1"].array + values["b1"].array)
    output = hidden @ values["w2"].array + values["b2"].array
    d_hidden = (2 * (output - y) / y.size) @ values["w2"].array.T * (1 - hidden**2)
    np.testing.assert_allclose(
        execution.input_gradient(0), d_hidden @ values["w1"].array.T, rtol=1e-12
    )


def test_wrong_data_is_refused(rng):
    graph, _ = two_layers(rng)
    execution = _core.Execution(graph, 4, True)
    x, y = np.ones((4, 3)), np.ones((4, 2))
    with pytest.raises(TypeError, match="C-contiguous float64"):
        execution.bind([x.astype("float32"), y])
    with pytest.raises(TypeError, match="C-contiguous float64"):
        execution.bind([np.asfortranarray(x), y])
    with pytest.raises(ValueError, match=r"needs shape \(rows, 3,\); got \(4, 2\)"):
        execution.bind([y, y])
    with pytest.raises(ValueError, match="as many rows"):
        execution.bind([x, np.ones((5, 2))])
    execution.bind([x, y])
    with pytest.raises(ValueError, match="out of range"):
        execution.train(None, 0, 5, 0.1, 1, 0)
    with pytest.raises(ValueError, match="row 4 of 4"):
        execution.train(np.array([0, 4]), 0, 2, 0.1, 1, 0)
    with pytest.raises(TypeError, match="int64"):
        execution.train(np.array([0, 1], "int32"), 0, 2, 0.1, 1, 0)


def test_first_nonfinite_names_the_operation_and_nothing_is_updated(rng):
    graph = _core.Graph("float32")
    x, y = graph.input((2,)), graph.input((2,))
    values, tensors = parameters(graph, rng, w=(2, 2), v=(2, 2))
    hidden = graph.dense(x, tensors["w"], None, "exponential", name="explodes")
    graph.add_loss(
        graph.loss("mean_squared_error", graph.dense(hidden, tensors["v"], name="after"), y)
    )
    graph.build()
    values["w"].array[...] = 1000.0
    execution = _core.Execution(graph, 3, True)
    execution.bind([np.ones((3, 2), "float32"), np.ones((3, 2), "float32")])
    execution.set_update("sgd", [], momentum=0.0)
    before = [p.array.copy() for p in values.values()]
    assert not np.isfinite(execution.train(None, 0, 3, 0.1, 1, 0))
    assert execution.first_nonfinite(None, 0, 3) == "explodes"
    for p, old in zip(values.values(), before, strict=True):
        np.testing.assert_array_equal(p.array, old)


def test_concurrent_predictions_are_the_serial_bits(rng):
    # Any batch size, any number of callers.
    inference = _core.Graph("float32")
    x = inference.input((3,))
    _, tensors = parameters(inference, rng, w=(3, 64), v=(64, 2))
    inference.add_output(
        inference.dense(inference.dense(x, tensors["w"], None, "tanh"), tensors["v"])
    )
    inference.build()
    predictor = _core.Predictor(inference)
    data = rng.normal(size=(500, 3)).astype("float32")
    serial = predictor(data)
    wrong = []

    def work():
        for _ in range(50):
            if not np.array_equal(predictor(data), serial):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    np.testing.assert_array_equal(predictor.predict([data], 7)[0], serial)  # any batch size


def test_one_caller_at_a_time(rng):
    """A second thread inside the same execution is refused, not raced."""
    inside, leave = threading.Event(), threading.Event()

    def forward(x):
        inside.set()
        leave.wait(10)
        return x

    graph = _core.Graph("float64")
    x = graph.input((1,))
    graph.add_output(graph.python([x], (1,), forward, None))
    graph.build()
    execution = _core.Execution(graph, 1)
    execution.bind([np.ones((1, 1))])
    thread = threading.Thread(target=lambda: execution.test(None, 0, 1))
    thread.start()
    inside.wait(10)
    with pytest.raises(RuntimeError, match="another thread"):
        execution.test(None, 0, 1)
    leave.set()
    thread.join()


def test_data_outlives_its_names(rng):
    graph, _ = two_layers(rng)
    execution = _core.Execution(graph, 4, True)
    execution.bind([rng.normal(size=(4, 3)), rng.normal(size=(4, 2))])
    gc.collect()
    first = execution.test(None, 0, 4)
    _ = [rng.normal(size=(4, 3)) for _ in range(20)]  # these arrays would reuse freed memory
    assert execution.test(None, 0, 4) == first


def test_profile_has_a_line_an_operation(rng):
    graph, _ = two_layers(rng)
    execution = _core.Execution(graph, 4, True)
    execution.bind([rng.normal(size=(4, 3)), rng.normal(size=(4, 2))])
    execution.set_update("sgd", [], momentum=0.0)
    lines = execution.profile(None, 0, 4, 0.1, 1, 0)
    passes = [(line["pass"], line["operation"]) for line in lines]
    assert ("forward", "dense+tanh") in passes
    assert ("backward", "dense") in passes
    assert ("update", "optimizer") in passes
    dense = next(line for line in lines if line["operation"] == "dense+tanh")
    assert dense["shapes"] == "4x3 @ 3x4"
    assert dense["mflop"] == pytest.approx(2 * 4 * 3 * 4 * 1e-6)


def test_labels_out_of_range_never_reach_a_kernel():
    graph = _core.Graph("float32")
    x, y = graph.input((3,)), graph.input((), "y", "int32")
    graph.add_loss(graph.loss("sparse_categorical_crossentropy", x, y, from_logits=True))
    graph.build()
    execution = _core.Execution(graph, 2, True)
    for bad in (3, -1, 10**6):
        with pytest.raises(ValueError, match=rf"labels must lie in \[0, 3\); got {bad} in row 1"):
            execution.bind([np.ones((2, 3), "float32"), np.array([0, bad], "int32")])


def test_an_execution_at_work_cannot_be_changed(rng):
    """For example from inside its own replay: arrays in use would be freed."""
    raised = []

    def forward(a):
        for change in (execution.unbind, execution.reset, lambda: execution.bind([a])):
            with pytest.raises(RuntimeError, match="another thread"):
                change()
            raised.append(1)
        return a

    graph = _core.Graph("float64")
    graph.add_output(graph.python([graph.input((1,))], (1,), forward, None))
    graph.build()
    execution = _core.Execution(graph, 1)
    execution.bind([np.ones((1, 1))])
    execution.test(None, 0, 1)
    assert len(raised) == 3


def test_a_profile_that_fails_leaves_no_trace(rng):
    fail = [True]

    def forward(a):
        if fail[0]:
            raise KeyError("mine")
        return a

    graph = _core.Graph("float64")
    x, y = graph.input((1,)), graph.input((1,))
    values, tensors = parameters(graph, rng, w=(1, 1))
    hidden = graph.python([graph.dense(x, tensors["w"])], (1,), forward, lambda dy, a: dy)
    graph.add_loss(graph.loss("mean_squared_error", hidden, y))
    graph.build()
    execution = _core.Execution(graph, 1, True)
    execution.bind([np.ones((1, 1)), np.ones((1, 1))])
    execution.set_update("sgd", [], momentum=0.0)
    with pytest.raises(KeyError):
        execution.profile(None, 0, 1, 0.1, 1, 0)
    fail[0] = False
    for step in range(1, 100):
        execution.train(None, 0, 1, 0.1, step, step)
    assert values["w"].array[0, 0] == pytest.approx(1.0, abs=1e-3)


def test_a_profile_of_an_execution_at_work_is_refused_and_keeps_its_lines(rng):
    def forward(a):
        with pytest.raises(RuntimeError, match="another thread"):
            execution.profile(None, 0, 1, 0.1, 1, 0)
        return a

    graph = _core.Graph("float64")
    x, y = graph.input((1,)), graph.input((1,))
    _, tensors = parameters(graph, rng, w=(1, 1))
    hidden = graph.python([graph.dense(x, tensors["w"])], (1,), forward, lambda dy, a: dy)
    graph.add_loss(graph.loss("mean_squared_error", hidden, y))
    graph.build()
    execution = _core.Execution(graph, 1, True)
    execution.bind([np.ones((1, 1)), np.ones((1, 1))])
    execution.set_update("sgd", [], momentum=0.0)
    passes = [line["pass"] for line in execution.profile(None, 0, 1, 0.1, 1, 0)]
    assert passes.count("forward") == passes.count("backward") == 3


def test_outputs_are_of_rows_that_were_run(rng):
    """A refused batch has none, and neither has data that was released."""
    graph = _core.Graph("float64")
    x = graph.input((3,))
    graph.add_output(x)
    graph.add_output(graph.softmax(x))
    graph.build()
    execution = _core.Execution(graph, 2)
    execution.bind([rng.normal(size=(2, 3))])
    execution.test(None, 0, 2)
    for batch in ((None, 0, 10**9), (None, 1, 0), (np.array([0, 2]), 0, 2)):
        with pytest.raises(ValueError, match=r"out of range|of an order|row 2 of 2"):
            execution.test(*batch)
        assert [execution.output(i).shape for i in (0, 1)] == [(2, 3), (2, 3)]
    execution.unbind()
    assert [execution.output(i).shape for i in (0, 1)] == [(0, 3), (0, 3)]


def test_gradients_of_an_execution_for_inference_run_nothing(rng):
    graph, _ = two_layers(rng)
    execution = _core.Execution(graph, 4)
    execution.bind([rng.normal(size=(4, 3)), rng.normal(size=(4, 2))])
    for call in (execution.gradients, lambda *batch: execution.train(*batch, 0.1, 1, 1)):
        with pytest.raises(RuntimeError, match="planned for inference"):
            call(None, 0, 4)
    assert execution.mean_loss == 0.0


def test_more_rows_than_memory_holds_are_refused():
    graph = _core.Graph("float64")
    y = graph.input((1,))
    for _ in range(40):
        y = graph.activation(y, "tanh")
    graph.add_loss(y)
    graph.build()
    for rows in (2**56, 2**57 - 1, 2**60, 2**62):
        with pytest.raises((ValueError, MemoryError)):
            _core.Execution(graph, rows, True, 0, True)
