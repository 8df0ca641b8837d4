"""Stateful recurrent layers: each batch continues from the states of the last one, row by row."""

from __future__ import annotations

import copy
import functools
import pickle
import threading

import numpy as np
import pytest

import lamina
from harness import assert_same_bits, check_gradient
from kernels.recurrence_oracle import oracle
from lamina import _core, runtime
from lamina.layers import GRU, LSTM, Bidirectional, Dense, SimpleRNN, deserialize, serialize
from thread_proof import assert_on_threads

CELLS = {
    "simple_rnn": SimpleRNN,
    "lstm": LSTM,
    "gru": GRU,
    "gru_reset_before": functools.partial(GRU, reset_after=False),
}
ALL = pytest.mark.parametrize("cell", CELLS)
ROWS, STEPS, FEATURES, UNITS = 6, 4, 3, 5


def batches(count=3, rows=ROWS, dtype="float64"):
    """Return one long sequence, and its parts."""
    whole = np.random.default_rng(1).normal(size=(rows, count * STEPS, FEATURES)).astype(dtype)
    return whole, [np.ascontiguousarray(part) for part in np.split(whole, count, axis=1)]


def stateful(cell, dtype="float64", **options):
    layer = CELLS[cell](UNITS, stateful=True, return_sequences=True, dtype=dtype, **options)
    layer(np.zeros((ROWS, STEPS, FEATURES), dtype))
    layer.reset_state()
    rng = np.random.default_rng(2)
    layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.get_weights()])
    return layer


def states(cell, x, weights):
    _, h, c = oracle(cell, x, *weights)
    return [h, c] if cell == "lstm" else [h]


@ALL
def test_batches_are_one_sequence(cell):
    layer = stateful(cell)
    whole, parts = batches()
    y = [layer(part) for part in parts]
    want = oracle(cell, whole, *layer.get_weights())[0]
    np.testing.assert_allclose(np.concatenate(y, 1), want, atol=1e-12)
    for got, state in zip(layer.states, states(cell, whole, layer.get_weights()), strict=True):
        np.testing.assert_allclose(got, state, atol=1e-12)
    layer.reset_states()
    assert layer.states is None
    assert_same_bits([layer(part) for part in parts], y, "after reset_states")


@ALL
def test_last_output_and_masks(cell):
    layer = CELLS[cell](UNITS, stateful=True, dtype="float64")
    whole, parts = batches()
    mask = np.random.default_rng(3).random(whole.shape[:2]) > 0.4
    y = [layer(p, mask=m) for p, m in zip(parts, np.split(mask, 3, axis=1), strict=True)]
    want = oracle(cell, whole, *layer.get_weights(), mask=mask)[0]
    np.testing.assert_allclose(np.stack(y, 1), want[:, STEPS - 1 :: STEPS], atol=1e-12)


def recorded(layer, rows, dtype="float64", uses=1):
    graph = _core.Graph(dtype)
    for use in range(uses):
        y = layer.record(graph, graph.input((STEPS, FEATURES), f"x{use}"))
        graph.add_output(y)
        target = graph.input(tuple(y.shape), f"target{use}")
        graph.add_loss(graph.loss("mean_squared_error", y, target))
    graph.build()
    return _core.Execution(graph, rows, True, 1, True)


@ALL
def test_gradients_with_the_state_of_the_last_batch(cell):
    layer = stateful(cell)
    whole, (before, x) = batches(2)
    layer(before)
    given = layer.states
    target = np.random.default_rng(4).normal(size=(ROWS, STEPS, UNITS))
    run = recorded(layer, 9)
    run.bind([x, target])
    run.gradients(None, 0, ROWS, 3)
    gradients = [np.array(run.gradient_of(p)) for p in layer.parameters]
    gradients.append(np.array(run.input_gradient(0)))
    np.testing.assert_allclose(
        run.output(0), oracle(cell, whole, *layer.get_weights())[0][:, STEPS:], atol=1e-12
    )
    weights = [p.array for p in layer.parameters]

    def loss():
        y = oracle(cell, x, *weights, *given)[0]
        return float(((y - target) ** 2).mean())

    check_gradient(loss, [*weights, x], gradients)


@ALL
def test_bits_do_not_depend_on_threads(cell):
    layer = stateful(cell, "float32")
    rows = 8000  # of such a narrow layer; fewer start no threads
    _, parts = batches(3, rows, "float32")
    target = np.random.default_rng(5).normal(size=(rows, STEPS, UNITS)).astype("float32")
    wanted, limit = None, runtime.get_num_threads()
    try:
        for count in (1, 2, 4):
            runtime.set_num_threads(count)
            layer.reset_state()
            got = []
            for part in parts:
                run = recorded(layer, rows + 100, "float32")
                run.bind([part, target])
                run.gradients(None, 0, rows, 3)
                got += [run.output(0), run.input_gradient(0)]
                got += [np.array(run.gradient_of(p)) for p in layer.parameters]
            got += layer.states
            if count > 1:
                assert_on_threads(run, rows)
            wanted = wanted or got
            assert_same_bits(got, wanted, f"{cell} on {count} threads")
    finally:
        runtime.set_num_threads(limit)


def model_of(layer, *, rows=None, seed=1):
    model = lamina.Sequential(
        [lamina.Input((STEPS, FEATURES), batch_size=rows), layer, Dense(1)], dtype="float64",
        seed=seed,
    )  # fmt: skip
    model.compile(lamina.optimizers.SGD(0.01), "mse")
    return model


@ALL
def test_every_call_of_a_model_goes_on(cell):
    layer = CELLS[cell](UNITS, stateful=True, trainable=False)
    model = model_of(layer)
    whole, parts = batches(8, 2)
    fitted = np.concatenate(parts[:2])  # two batches of two rows
    y = np.zeros((4, 1))
    model.fit(fitted, y, batch_size=2, shuffle=False, verbose=0)
    model.train_on_batch(parts[2], y[:2])
    model.evaluate(np.concatenate(parts[3:5]), y)
    model.test_on_batch(parts[5], y[:2])
    model.predict(parts[6])
    last = model.predict_on_batch(parts[7])
    weights = layer.get_weights()
    for got, want in zip(layer.states, states(cell, whole, weights), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)
    h = states(cell, whole, weights)[0]
    kernel, bias = model.layers[1].get_weights()
    np.testing.assert_allclose(last, h @ kernel + bias, atol=1e-12)


def test_one_row_at_a_time():
    model = lamina.Sequential(
        [lamina.Input((1, FEATURES)), GRU(UNITS, stateful=True)], dtype="float64"
    )
    x = np.random.default_rng(6).normal(size=(1, 5, FEATURES))
    y = [model.predict(np.ascontiguousarray(x[:, t : t + 1])) for t in range(5)]
    want = oracle("gru", x, *model.get_weights())[0][0]
    np.testing.assert_allclose(np.concatenate(y), want, atol=1e-12)


def test_a_failed_step_leaves_the_state():
    layer = LSTM(UNITS, stateful=True)
    model = lamina.Sequential([lamina.Input((STEPS, FEATURES)), layer, Dense(1)])
    model.compile("sgd", "mse")
    _, (first, second) = batches(2, dtype="float32")
    model.train_on_batch(first, np.zeros((ROWS, 1)))
    before = layer.states
    with pytest.raises(lamina.TrainingDiverged):
        model.train_on_batch(second, np.full((ROWS, 1), 1e30))
    assert_same_bits(layer.states, before, "after a loss that is infinite")
    with pytest.raises(ValueError, match=r"every|batches"):
        model.fit(second[:4], np.zeros((4, 1)), batch_size=4, verbose=0)
    with pytest.raises(ValueError, match=r"finite|NaN"):
        model.predict(np.full_like(second, np.nan))
    assert_same_bits(layer.states, before, "after refusals")


def test_steps_without_an_update_move_it_too():
    layer = stateful("lstm")
    whole, parts = batches(2)
    run = recorded(layer, ROWS)
    for part in parts:
        run.bind([part, np.zeros((ROWS, STEPS, UNITS))])
        run.gradients(None, 0, ROWS, 3)
    h, c = layer.states
    want_h, want_c = states("lstm", whole, layer.get_weights())
    np.testing.assert_allclose(h, want_h, atol=1e-12)
    np.testing.assert_allclose(c, want_c, atol=1e-12)
    run.first_nonfinite(None, 0, ROWS, 4)
    assert_same_bits(layer.states, [h, c], "a look for NaN moves nothing")


@pytest.mark.parametrize("sequences", [False, True])
def test_bidirectional(sequences):
    options = {"stateful": True, "return_sequences": sequences, "dtype": "float64"}
    layer = Bidirectional(LSTM(UNITS, **options), dtype="float64")
    assert layer.stateful
    _, parts = batches()
    y = [layer(part) for part in parts]
    weights = layer.get_weights()
    h = c = g = d = None
    for part, got in zip(parts, y, strict=True):
        forward, h, c = oracle("lstm", part, *weights[:3], h, c)
        backward, g, d = oracle("lstm", part, *weights[3:], g, d, go_backwards=True)
        ends = (forward, backward[:, ::-1]) if sequences else (h, g)
        np.testing.assert_allclose(got, np.concatenate(ends, -1), atol=1e-12)
    layer.reset_states()
    assert_same_bits([layer(parts[0])], [y[0]], "after reset_states")
    plain = Bidirectional(LSTM(UNITS))
    with pytest.raises(AttributeError, match="needs a stateful layer"):
        plain.reset_state()


def test_initial_states_go_first_and_are_carried_on():
    layer = stateful("lstm")
    whole, parts = batches(2)
    layer(parts[1])
    given = [np.random.default_rng(7).normal(size=(ROWS, UNITS)) for _ in range(2)]
    y = [layer(parts[0], initial_state=given), layer(parts[1])]
    want = oracle("lstm", whole, *layer.get_weights(), *given)[0]
    np.testing.assert_allclose(np.concatenate(y, 1), want, atol=1e-12)


def test_second_use_in_a_model_goes_on_from_the_first():
    layer = stateful("gru")
    whole, parts = batches(2)
    run = recorded(layer, ROWS, uses=2)
    zeros = np.zeros((ROWS, STEPS, UNITS))
    run.bind([parts[0], zeros, parts[1], zeros])
    run.gradients(None, 0, ROWS, 3)
    want = oracle("gru", whole, *layer.get_weights())[0]
    np.testing.assert_allclose(np.concatenate([run.output(0), run.output(1)], 1), want, atol=1e-12)
    np.testing.assert_allclose(layer.states[0], want[:, -1], atol=1e-12)


# --- models


def test_reset_reaches_layers_at_any_depth():
    inner = lamina.Sequential([lamina.Input((STEPS, FEATURES)), GRU(3, stateful=True)], name="in")
    x = lamina.Input((STEPS, FEATURES))
    both = Bidirectional(LSTM(2, stateful=True, return_sequences=True), merge_mode="sum")(x)
    model = lamina.Model(x, [inner(x), SimpleRNN(2, stateful=True)(both)])
    assert model.stateful
    assert [type(c).__name__ for c in model.carriers()].count("LSTM") == 2
    assert len(model.carriers()) == 4
    data = np.random.default_rng(8).normal(size=(5, STEPS, FEATURES)).astype("float32")
    first, second = model.predict(data), model.predict(data)
    assert all((a != b).any() for a, b in zip(first, second, strict=True))
    model.reset_states()
    assert_same_bits(model.predict(data), first, "after reset_states")
    assert not lamina.Sequential([lamina.Input((2,)), Dense(1)]).stateful


def test_validation_takes_the_batches_of_training():
    model = model_of(LSTM(UNITS, stateful=True))
    x, y = np.zeros((12, STEPS, FEATURES)), np.zeros((12, 1))
    held = (x[:8], y[:8])
    model.fit(x, y, batch_size=4, shuffle=False, validation_data=held, verbose=0)
    with pytest.raises(ValueError, match="validation_batch_size must be 4, that of training"):
        model.fit(x, y, 4, validation_data=held, validation_batch_size=8, verbose=0)
    with pytest.raises(ValueError, match="7 rows in batches of 4, which leave 3"):
        model.fit(x, y, 4, validation_data=(x[:7], y[:7]), verbose=0)
    model.fit(x, y, 4, steps_per_epoch=2, shuffle=False, verbose=0)


def test_batch_size_of_the_input():
    for given in ({"shape": (STEPS, FEATURES), "batch_size": 2},
                  {"batch_shape": (2, STEPS, FEATURES)}):  # fmt: skip
        model = lamina.Sequential([lamina.Input(**given), LSTM(UNITS, stateful=True), Dense(1)])
        x = np.zeros((6, STEPS, FEATURES), "float32")
        assert model.state_rows() == 2
        assert model.predict(x).shape == (6, 1)  # three batches
        model.reset_state()
        with pytest.raises(ValueError, match="states have 2 rows; got batches of 6"):
            model.predict(x, batch_size=6)
        twin = lamina.Sequential.from_config(model.get_config())
        assert twin.state_rows() == 2
    x = lamina.Input((STEPS, FEATURES), batch_size=3)
    model = lamina.Model(x, LSTM(UNITS, stateful=True)(x))
    assert lamina.Model.from_config(model.get_config()).state_rows() == 3
    assert lamina.Input(batch_shape=(None, 4)).shape == (None, 4)
    for graph in (False, True):  # shapes of models contain the batch size
        x = lamina.Input(batch_shape=(2, 3))
        plain = lamina.Model(x, Dense(1)(x)) if graph else lamina.Sequential([x, Dense(1)])
        assert (plain.input_shape, plain.output_shape) == ((2, 3), (2, 1))
        lines = []
        plain.summary(print_fn=lines.append)
        assert "(2, 1)" in lines[0]
        assert "rows" not in lines[0]
    assert lamina.Sequential([lamina.Input((3,), batch_size=2), Dense(1)]).predict(
        np.zeros((5, 3))
    ).shape == (5, 1)  # irrelevant without a state


def test_copies_begin_at_zero():
    layer = LSTM(UNITS, stateful=True)
    model = lamina.Sequential([lamina.Input((STEPS, FEATURES)), layer])
    x = np.random.default_rng(9).normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
    first = model.predict(x)
    assert len(model.get_weights()) == 3
    twin = lamina.Sequential.from_config(model.get_config())
    twin.build()
    twin.set_weights(model.get_weights())
    for other in (twin, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same_bits([other.predict(x)], [first], "a copy's first batch")
    assert (model.predict(x) != first).any()
    again = deserialize(serialize(layer))
    assert again.stateful
    assert again.states is None


def test_two_predictions_at_once_are_refused():
    model = model_of(GRU(UNITS, stateful=True))
    x = np.zeros((ROWS, STEPS, FEATURES))
    errors = []

    def other():
        try:
            model.predict(x)
        except RuntimeError as error:
            errors.append(str(error))

    class Meddler(lamina.callbacks.Callback):
        def on_predict_batch_begin(self, batch, logs=None):
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()

    model.predict(x, callbacks=[Meddler()])
    assert len(errors) == 1
    assert "predict: the model is busy with predict" in errors[0]
    model.predict(x)


# --- refusals


def _used(rows=ROWS):
    layer = LSTM(UNITS, stateful=True, name="memory", dtype="float64")
    layer(np.zeros((rows, STEPS, FEATURES)))
    return layer


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: _used()(np.zeros((4, STEPS, FEATURES))),
            r"memory: is stateful and holds a state of shape \(6, 5\); got a batch of 4 rows, "
            r"which needs \(4, 5\)",
        ),
        (
            lambda: model_of(_used()).predict(np.zeros((4, STEPS, FEATURES))),
            "predict: memory is stateful and its states have 6 rows; got batches of 4",
        ),
        (
            lambda: model_of(LSTM(2, stateful=True)).fit(
                np.zeros((10, STEPS, FEATURES)), np.zeros((10, 1)), batch_size=4
            ),
            "fit: lstm is stateful, so all batches must have the same number of rows; got 10 "
            "rows in batches of 4, which leave 2",
        ),
        (
            lambda: model_of(LSTM(2, stateful=True), rows=5).evaluate(
                np.zeros((7, STEPS, FEATURES)), np.zeros((7, 1))
            ),
            "evaluate: lstm is stateful, so all batches .* 7 rows in batches of 5",
        ),
        (
            lambda: model_of(_used()).train_on_batch(
                np.zeros((4, STEPS, FEATURES)), np.zeros((4, 1))
            ),
            "train_on_batch: memory is stateful and its states have 6 rows; got batches of 4",
        ),
        (
            lambda: LSTM(5)(
                np.zeros((4, STEPS, FEATURES)), initial_state=[np.zeros((3, 5)), np.zeros((3, 5))]
            ),
            r"lstm: .* number of rows; got 4 and 3.*\(4, 4, 3\).*\(3, 5\)",
        ),
        (lambda: LSTM(3, stateful=1), "LSTM: stateful must be True or False; got 1"),
        (lambda: lamina.Input((3,), batch_size=0), "Input: batch_size must be a positive integer"),
        (lambda: lamina.Input((3,), batch_shape=(2, 3)), "give batch_shape, or shape"),
        (lamina.Input, "Input: shape must be given"),
        (lambda: lamina.Input(batch_shape=()), "batch_shape must be like"),
    ],
)
def test_refusals_name_layer_and_shapes(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()
