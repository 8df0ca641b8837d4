"""Two independent operations that run on one thread each run in parallel."""

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits
from lamina import _core, layers, runtime
from recurrent_layers import replay
from thread_proof import same_on_threads

X = np.random.default_rng(0).normal(size=(40, 50, 12))


def directions(cell, **options):
    def build(x):
        return layers.Bidirectional(cell(48, **options))(x)

    return build


def two_of_one(x):
    """Neither reads the other: a GRU and an LSTM on the same values."""
    return layers.Concatenate()([layers.GRU(48)(x), layers.LSTM(40)(x)])


def three(x):
    """The third has no other to run in parallel with."""
    return layers.Add()([layers.LSTM(48)(x) for _ in range(3)])


def one_after_the_other(x):
    return layers.LSTM(48)(layers.LSTM(40, return_sequences=True)(x))


def one_layer_twice(x):
    layer, above = layers.GRU(40), layers.ReLU()(x)
    return layers.Add()([layer(above), layer(x)])


def stacked(x):
    inner = layers.Bidirectional(layers.GRU(32, return_sequences=True), merge_mode="ave")(x)
    return layers.Bidirectional(layers.LSTM(40), merge_mode="mul")(layers.Masking()(inner))


SIDE_BY_SIDE = {
    "lstm": directions(layers.LSTM),
    "gru, sequences": directions(layers.GRU, return_sequences=True),
    "simple": directions(layers.SimpleRNN, activation="relu"),
    "two of one": two_of_one,
    "three": three,
    "one layer twice": one_layer_twice,
    "stacked": stacked,
}


def model_of(build, dtype="float32"):
    lamina.set_random_seed(3)
    x = lamina.Input(X.shape[1:])
    return lamina.Model(x, layers.Dense(2)(build(x)), dtype=dtype)


@pytest.mark.parametrize("rows", [1, 16])
@pytest.mark.parametrize("case", SIDE_BY_SIDE)
def test_they_have_the_bits_of_one_thread(case, rows):
    model, x = model_of(SIDE_BY_SIDE[case]), X[:rows].astype("float32")
    ((alone,),) = same_on_threads(lambda: model.predict(x), what=case)
    wide = model_of(SIDE_BY_SIDE[case], "float64")
    wide.set_weights(model.get_weights())
    assert_close(alone, wide.predict(X[:rows]), 5000, 1.0)


@pytest.mark.parametrize("case", SIDE_BY_SIDE)
def test_rows_have_the_bits_they_have_among_many(case):
    """More rows than one thread takes alone: each operation uses several threads."""
    model, x = model_of(SIDE_BY_SIDE[case]), X.astype("float32")
    many = model.predict(x)
    for rows in (1, 15, 16, 17):
        assert_same_bits([model.predict(x[:rows])], [many[:rows]], f"{rows} rows")


def test_what_reads_the_other_waits_for_it():
    model, x = model_of(one_after_the_other), X[:4].astype("float32")
    before = runtime.get_num_threads()
    try:
        runtime.set_num_threads(1)
        alone = model.predict(x)
        runtime.set_num_threads(2)
        model.predict(-x)  # the buffers hold values of other rows
        assert_same_bits([model.predict(x)], [alone], "2 threads")
    finally:
        runtime.set_num_threads(before)


@pytest.mark.parametrize("case", SIDE_BY_SIDE)
def test_training(case):
    x = X[:32].astype("float32")

    def trained():
        model = model_of(SIDE_BY_SIDE[case])
        model.compile("adam", "mse")
        y = np.random.default_rng(1).normal(size=model.predict(x).shape)
        model.fit(x, y, batch_size=12, epochs=2, verbose=0)
        return tuple(model.get_weights())

    same_on_threads(trained, what=case)


def gradients_of(readers, x, rows):
    """Gradients of the readers' weights and of x, which all of them read; rows of the batch."""
    for reader in readers:
        reader(x[:1])  # builds it
    graph = _core.Graph(x.dtype.name)
    given = graph.input(x.shape[1:], "x")
    outputs = [reader.record(graph, given) for reader in readers]
    for i, y in enumerate(outputs):
        target = graph.input(tuple(y.shape), f"target{i}")
        graph.add_loss(graph.loss("mean_squared_error", y, target))
    graph.build()
    run = _core.Execution(graph, len(x), True, 1, True)
    run.bind([x, *(np.zeros((len(x), *y.shape), x.dtype) for y in outputs)])
    run.gradients(None, 0, rows, 3)
    parameters = {id(p): p for reader in readers for p in reader.parameters}
    return [np.array(run.gradient_of(p)) for p in parameters.values()], run.input_gradient(0)[:rows]


@pytest.mark.parametrize("rows", [1, 12, 16])
@pytest.mark.parametrize("same", [False, True])
def test_gradients_of_what_both_read_add_up(same, rows):
    readers = [layers.LSTM(30, dtype="float64"), layers.GRU(20, go_backwards=True, dtype="float64")]
    readers = readers[:1] * 2 if same else readers
    x = X[:rows]
    weights, dx = gradients_of(readers, x, rows)
    alone = [replay(reader, [x]) for reader in readers]
    wanted = [2 * g for g in alone[0][1]] if same else alone[0][1] + alone[1][1]
    for got, right in zip(weights, wanted, strict=True):
        assert_close(got, right, 5000, np.abs(right).max())
    right = alone[0][2][0] + alone[1][2][0]
    assert_close(dx, right, 5000, np.abs(right).max())


def test_gradients_have_the_bits_of_a_plan_for_more_rows():
    readers = [layers.LSTM(30), layers.GRU(20, go_backwards=True)]
    x = X.astype("float32")
    few, many = gradients_of(readers, x[:12], 12), gradients_of(readers, x, 12)
    assert_same_bits([*few[0], few[1]], [*many[0], many[1]], "a plan for 40 rows")
