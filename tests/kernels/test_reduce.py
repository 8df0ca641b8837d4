"""Reductions along any axes, the rows among them: values, gradients, bits."""

import numpy as np
import pytest

import lamina
from lamina import _core

RNG = np.random.default_rng(11)
NUMPY = {"sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min}
# Shapes with their rows; the longest chains are cut into several chunks.
SHAPES = [(3,), (1, 1), (5, 7), (4, 3, 5), (2, 3, 1, 4), (3, 17, 33), (600, 3), (2, 40000)]


def run(kind, x, axes, rows=False, gradient=True):
    """Return y, and the gradient of the mean of y by x."""
    graph = _core.Graph(str(x.dtype))
    given = graph.input(x.shape[1:], "x")
    y = getattr(graph, kind)(given, axes, rows)
    graph.add_output(y)
    if gradient:
        graph.add_loss(y)
    graph.build()
    execution = _core.Execution(graph, len(x), gradient, 1, gradient)
    execution.bind([x])
    (execution.gradients if gradient else execution.test)(None, 0, len(x))
    return execution.output(0), execution.input_gradient(0) if gradient else None


def choices(shape):
    rank = len(shape) - 1
    for chosen in range(1 << rank):
        axes = [k for k in range(rank) if chosen >> k & 1]
        if axes:
            yield axes, False
        yield axes, True


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", NUMPY)
def test_values_are_numpys_along_all_axes(kind, dtype):
    for shape in SHAPES:
        x = RNG.normal(size=shape)
        if kind == "prod":  # neither too large nor too small
            x = 1 + 0.1 * x if x.size < 1e4 else np.sign(x)
        x = x.astype(dtype)
        for axes, rows in choices(shape):
            over = tuple(([0] if rows else []) + [k + 1 for k in axes])
            got, _ = run(kind, x, axes, rows, gradient=False)
            expected = NUMPY[kind](x.astype("float64"), axis=over)
            assert got.shape == expected.shape, (shape, over)
            near = 2e-5 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(got, expected, rtol=near, atol=near * np.abs(x).sum() ** 0.5)


@pytest.mark.parametrize("kind", NUMPY)
def test_gradients_are_slopes(kind):
    for shape in [(3, 4), (2, 3, 5), (4, 2, 2, 3)]:
        x = RNG.normal(size=shape)
        for axes, rows in choices(shape):
            _, got = run(kind, x, axes, rows)

            def loss(x, axes=axes, rows=rows):
                over = tuple(([0] if rows else []) + [k + 1 for k in axes])
                return np.mean(NUMPY[kind](x, axis=over))

            slopes = np.zeros(shape)
            for at in np.ndindex(shape):
                step = np.zeros(shape)
                step[at] = 1e-6
                slopes[at] = (loss(x + step) - loss(x - step)) / 2e-6
            np.testing.assert_allclose(got, slopes, atol=1e-8)


def test_extremes_share_gradients_and_products_of_zeros_have_theirs():
    x = np.array([[2.0, 1.0, 2.0], [0.0, 5.0, 0.0], [3.0, 0.0, 4.0]])
    np.testing.assert_allclose(run("max", x, [0])[1] * 3, [[0.5, 0, 0.5], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(run("min", x, [0])[1] * 3, [[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]])
    np.testing.assert_allclose(run("prod", x, [0])[1] * 3, [[2, 4, 2], [0, 0, 0], [0, 12, 0]])
    np.testing.assert_allclose(run("max", x, [], True)[1] * 3, [[0, 0, 0], [0, 1, 0], [1, 0, 1]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_places_are_the_first_extremes(dtype):
    for shape in SHAPES[:-1]:
        x = RNG.integers(0, 4, shape).astype(dtype)
        for axes, rows in [([], True)] + [([k], False) for k in range(len(shape) - 1)]:
            for kind in ("argmax", "argmin"):
                got, _ = run(kind, x, axes, rows, gradient=False)
                assert got.dtype == np.int32
                assert np.array_equal(got, getattr(np, kind)(x, axis=0 if rows else axes[0] + 1))
    x = np.array([[1, np.nan, 3, np.nan]], dtype)
    assert run("argmax", x, [0], gradient=False)[0].tolist() == [1]
    assert run("argmin", x, [0], gradient=False)[0].tolist() == [1]


def test_what_is_not_a_number_is_handed_on():
    for place in range(40):
        x = RNG.normal(size=(2, 40)).astype("float32")
        x[1, place] = np.nan
        for kind, oracle in NUMPY.items():
            for axes, rows in (([0], False), ([], True)):
                got, _ = run(kind, x, axes, rows, gradient=False)
                expected = np.isnan(oracle(x, axis=0 if rows else 1))
                assert np.array_equal(np.isnan(got), expected), (kind, place)
    x[...] = -np.inf
    assert run("max", x, [0], gradient=False)[0].tolist() == [-np.inf] * 2


@pytest.mark.parametrize("shape", [(2, 300000), (200000, 3), (300, 40, 50)])
def test_bits_do_not_depend_on_threads(shape):
    x = RNG.normal(size=shape).astype("float32")
    before = lamina.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3, 4):
            lamina.set_num_threads(threads)
            for kind in ("sum", "max", "mean"):
                for axes, rows in choices(shape):
                    results.append((threads, *run(kind, x, axes, rows)))
    finally:
        lamina.set_num_threads(before)
    count = len(results) // 4
    for k, (_, y, dx) in enumerate(results):
        assert np.array_equal(y, results[k % count][1])
        assert np.array_equal(dx, results[k % count][2])


def test_what_cannot_be_reduced_is_refused():
    graph = _core.Graph("float32")
    x = graph.input((3, 4), "x")
    whole = graph.sum(x, [], True)
    assert tuple(whole.shape) == (3, 4)
    assert graph.whole(whole)
    assert not graph.whole(x)
    for axes in ([2], [-1], [0, 0]):
        with pytest.raises(ValueError, match=r"sum: axes must differ and lie in \[0, 2\)"):
            graph.sum(x, axes)
    with pytest.raises(ValueError, match="max: the tensor has no axis of rows to reduce"):
        graph.max(whole, [0], True)
    with pytest.raises(ValueError, match="argmax: needs adjacent axes"):
        graph.argmax(x, [1], True)
    with pytest.raises(ValueError, match="subtract: all inputs need an axis of rows, or none"):
        graph.subtract(x, whole)
    with pytest.raises(ValueError, match="fold: needs values row by row; got a tensor without"):
        graph.fold(whole)
    with pytest.raises(ValueError, match="takes no weights"):
        graph.add_loss(whole, graph.input((1,), "weight"))


def test_parameters_and_constants_are_reduced_once_a_batch():
    w = _core.Parameter("w", (2, 3), "float64")
    _core.allocate([w])
    w.array[...] = [[1, 2, 3], [4, 5, 6]]
    graph = _core.Graph("float64")
    x = graph.input((3,), "x")
    tensor = graph.parameter(w)
    total = graph.sum(tensor, [0, 1])
    again = graph.max(tensor, [1])
    graph.add_output(graph.mean(graph.constant(np.arange(6.0).reshape(2, 3)), [0]))
    for value in (total, again, graph.sum(x, [0], True)):
        graph.add_loss(value)
        graph.add_output(value)
    graph.build()
    run = _core.Execution(graph, 5, True, 1, True)
    run.bind([np.ones((5, 3))])
    loss = run.gradients(None, 0, 5)
    assert [run.output(k).tolist() for k in range(4)] == [[1.5, 2.5, 3.5], 21, [3, 6], 15]
    assert loss == 21 + 4.5 + 15
    assert np.array_equal(run.gradient_of(w), [[1, 1, 1.5], [1, 1, 1.5]])
    assert np.array_equal(run.input_gradient(0), np.ones((5, 3)))


def test_operations_of_one_input_take_what_has_no_rows():
    w = _core.Parameter("w", (2, 3), "float64")
    _core.allocate([w])
    w.array[...] = RNG.normal(size=(2, 3))
    x = RNG.normal(size=(4, 2))

    def loss(values):
        rows = np.exp(values) / np.exp(values).sum(1, keepdims=True)
        return np.mean((x @ (values + np.tanh(values)) - 1) ** 2) + np.mean(rows.T * [2, 5])

    graph = _core.Graph("float64")
    tensor = graph.parameter(w)
    given = graph.input((2,), "x")
    kernel = graph.add([tensor, graph.activation(tensor, "tanh")])  # read by dense, and by itself
    y = graph.dense(given, kernel)
    target = graph.input((3,), "y")
    graph.add_loss(graph.loss("mean_squared_error", y, target))
    scales = graph.constant(np.array([[2.0, 5.0]] * 3))
    graph.add_loss(graph.multiply([graph.permute(graph.softmax(tensor), [1, 0]), scales]))
    graph.build()
    run = _core.Execution(graph, 4, True)
    run.bind([x, np.ones((4, 3))])
    assert run.gradients(None, 0, 4) == pytest.approx(loss(w.array), rel=1e-12)
    slopes = np.zeros((2, 3))
    for at in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[at] = 1e-6
        slopes[at] = (loss(w.array + step) - loss(w.array - step)) / 2e-6
    np.testing.assert_allclose(run.gradient_of(w), slopes, atol=1e-8)


def test_what_all_rows_make_is_predicted_from_all_rows():
    graph = _core.Graph("float32")
    x = graph.input((400,), "x")
    centre = graph.mean(x, [], True)
    graph.add_output(graph.expression([("subtract", 0, 1)], [x, centre]))
    graph.build()
    rows = RNG.normal(size=(20000, 400)).astype("float32")  # more than one block of the plan
    got = _core.Predictor(graph)(rows)
    np.testing.assert_allclose(got.mean(0), np.zeros(400), atol=1e-5)
    assert np.array_equal(got, _core.Predictor(graph).predict([rows], len(rows))[0])


def test_a_value_that_an_operation_reads_twice_has_both_gradients():
    w = _core.Parameter("w", (4, 4), "float64")
    b = _core.Parameter("b", (4,), "float64")
    _core.allocate([w, b])
    w.array[...], b.array[...] = RNG.normal(size=(4, 4)), RNG.normal(size=4)
    graph = _core.Graph("float64")
    x = graph.input((1,), "x")
    kernel, bias = graph.parameter(w), graph.parameter(b)
    graph.add_loss(graph.dense(kernel, kernel))
    graph.add_loss(graph.dense(bias, kernel, bias))
    graph.add_loss(graph.prelu(bias, bias))
    graph.add_loss(x)
    graph.build()
    run = _core.Execution(graph, 2, True)
    run.bind([np.ones((2, 1))])
    run.gradients(None, 0, 2)
    for parameter in (w, b):
        found, array = run.gradient_of(parameter).copy(), parameter.array
        for at in np.ndindex(array.shape):
            middle, losses = array[at], []
            for step in (1e-6, -1e-6):
                array[at] = middle + step
                losses.append(run.test(None, 0, 2))
            array[at] = middle
            assert found[at] == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-7)


def test_nothing_is_read_outside():
    graph = _core.Graph("float32")
    x = graph.input((3,), "x")
    far = graph.expression([("multiply", 0, 1e8)], [x], dtype="int32")
    table = graph.constant(np.ones((5, 2), "float32"))
    for call in (
        lambda: graph.embedding(far, table),
        lambda: graph.token_mask(far),
        lambda: graph.loss("sparse_categorical_crossentropy", x, graph.argmax(x, [0])),
        lambda: graph.add_metric("sparse_categorical_accuracy", x, graph.argmax(x, [0])),
    ):
        with pytest.raises(ValueError, match="given as an input; got calculated ones"):
            call()
    graph.add_output(graph.argmax(x, [], True))
    graph.build()
    with pytest.raises(ValueError, match="needs at least 1 row; got 0"):
        _core.Predictor(graph).predict([np.zeros((0, 3), "float32")], 4)
