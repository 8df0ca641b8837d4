"""SimpleRNN, LSTM and GRU: formulas, shapes, states, masks, dropout, errors, bits."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits, check_gradient
from kernels.recurrence_oracle import oracle
from lamina import runtime
from lamina.layers import GRU, LSTM, Bidirectional, Dense, SimpleRNN, deserialize, serialize
from layer_harness import check_layer
from recurrent_layers import replay
from thread_proof import assert_step_on_threads

CELLS = {
    "simple_rnn": SimpleRNN,
    "lstm": LSTM,
    "gru": GRU,
    "gru_reset_before": functools.partial(GRU, reset_after=False),
}
ALL = pytest.mark.parametrize("cell", CELLS)


@ALL
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("sequences", "backwards", "activation"),
    [
        (False, False, "tanh"),
        (True, False, "tanh"),
        (True, True, "softsign"),
        (False, True, "gelu"),
    ],
)
def test_layer(cell, dtype, sequences, backwards, activation):
    def law(x, *weights):
        y, _, _ = oracle(cell, x, *weights, activation=activation, go_backwards=backwards)
        return y if sequences else y[:, -1]

    check_layer(
        functools.partial(
            CELLS[cell], 5, activation, return_sequences=sequences, go_backwards=backwards
        ),
        (3, 4),
        law,
        dtype=dtype,
        reduction=100,
        magnitude=20.0,
        refused=[
            (np.zeros((2, 3)), ValueError, "needs 3 axes (batch, time steps, features)"),
            (np.zeros((2, 0, 4)), ValueError, "at least 1 time step"),
        ],
    )


@ALL
def test_without_bias_and_with_penalties(cell):
    layer = CELLS[cell](3, use_bias=False, kernel_regularizer="l2", recurrent_regularizer="l1")
    x = np.random.default_rng(0).normal(size=(2, 4, 2))
    y = layer(x)
    want, _, _ = oracle(cell, x, *(w.astype("float64") for w in layer.get_weights()))
    np.testing.assert_allclose(y, want[:, -1], atol=1e-6)
    assert layer.bias is None
    assert [(p.name.split("/")[1], l1, l2) for p, l1, l2 in layer.penalties()] == [
        ("kernel", 0.0, 0.01),
        ("recurrent_kernel", 0.01, 0.0),
    ]


def test_weights_are_keras_s():
    rows = {"simple_rnn": (1, (3,)), "lstm": (4, (12,)), "gru": (3, (2, 9)),
            "gru_reset_before": (3, (9,))}  # fmt: skip
    for cell, (gates, bias) in rows.items():
        layer = CELLS[cell](3)
        layer(np.zeros((1, 2, 4)))
        assert [w.shape for w in layer.get_weights()] == [(4, 3 * gates), (3, 3 * gates), bias]
        names = [p.name.split("/")[1] for p in layer.parameters]
        assert names == ["kernel", "recurrent_kernel", "bias"]
        u = layer.recurrent_kernel.astype("float64")
        np.testing.assert_allclose(u @ u.T, np.eye(3), atol=1e-5)  # orthogonal
    forget = LSTM(2)
    forget(np.zeros((1, 2, 4)))
    np.testing.assert_array_equal(forget.bias, [0, 0, 1, 1, 0, 0, 0, 0])
    plain = LSTM(2, unit_forget_bias=False)
    plain(np.zeros((1, 2, 4)))
    np.testing.assert_array_equal(plain.bias, np.zeros(8))


# --- states and masks


def _problem(cell, states, rows=5, dtype="float64"):
    rng = np.random.default_rng(8)
    layer = CELLS[cell](4, return_sequences=True, return_state=True, dtype=dtype)
    x = rng.normal(size=(rows, 6, 3)).astype(dtype)
    layer.prepare(x.shape[1:], dtype, 0)
    lamina.layers.base.weights.place(layer, 0, lamina.random.Seed(5))
    layer.settle()
    layer.set_weights([rng.normal(size=w.shape) * 0.6 for w in layer.get_weights()])
    initial = [rng.normal(size=(rows, 4)).astype(dtype) for _ in range(layer._state_count)]
    return layer, [x, *initial] if states else [x]


@ALL
@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_states_and_masks(cell, states, masked):
    layer, inputs = _problem(cell, states)
    mask = np.random.default_rng(9).random((5, 6)) > 0.4 if masked else None
    outputs, weights, grads = replay(layer, inputs, mask=mask)
    y, h, c = oracle(cell, inputs[0], *layer.get_weights(), *inputs[1:], mask=mask)
    for got, want in zip(outputs, [y, h, c], strict=False):
        assert_close(got, want, 50, 1.0)
    assert len(outputs) == 1 + layer._state_count

    def loss():
        return sum(float((o**2).mean()) for o in replay(layer, inputs, mask=mask)[0])

    arrays = [p.array for p in layer.parameters]
    check_gradient(loss, [*arrays, *inputs], [*weights, *grads])


def test_a_state_alone_is_trained():
    layer, inputs = _problem("lstm", True)
    shapes = [tuple(s) for s in layer.compute_output_shape([a.shape for a in inputs])]
    assert shapes == [(5, 6, 4), (5, 4), (5, 4)]
    graph = lamina._core.Graph("float64")
    tensors = [graph.input(a.shape[1:], str(i)) for i, a in enumerate(inputs)]
    _, _, c = layer.record(graph, tensors)
    target = graph.input((4,), "target")
    graph.add_loss(graph.loss("mean_squared_error", c, target))
    graph.add_output(c)
    graph.build()
    run = lamina._core.Execution(graph, 5, True, 1, True)
    run.bind([*inputs, np.zeros((5, 4))])
    run.gradients(None, 0, 5, 3)
    want = oracle("lstm", inputs[0], *layer.get_weights(), *inputs[1:])[2]
    assert_close(run.output(0), want, 50, 1.0)

    def loss():
        return float((oracle("lstm", inputs[0], *layer.get_weights(), *inputs[1:])[2] ** 2).mean())

    check_gradient(loss, inputs, [np.array(run.input_gradient(i)) for i in range(3)])


@ALL
def test_fewer_rows_than_planned(cell):
    """Short batches are cut into other blocks, whose buffers must have been planned for."""
    layer = CELLS[cell](3, return_sequences=True)
    x = np.random.default_rng(2).normal(size=(40, 129, 2)).astype("float32")
    graph = lamina._core.Graph("float32")
    layer(x[:1])
    y = layer.record(graph, graph.input((129, 2), "x"))
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input((129, 3), "target")))
    graph.add_output(y)
    graph.build()
    run = lamina._core.Execution(graph, 40, True, 1, True)
    for rows in (40, 4, 3, 2, 1):
        run.bind([x[:rows], np.zeros((rows, 129, 3), "float32")])
        run.gradients(None, 0, rows, 3)
        outputs, weights, _ = replay(layer, [x[:rows]])
        got = [np.array(run.gradient_of(p)) for p in layer.parameters]
        assert_same_bits([run.output(0), *got], [*outputs, *weights], f"{rows} of 40 rows")


# --- dropout


@ALL
def test_dropout_repeats_and_keeps_the_expectation(cell):
    layer = CELLS[cell](4, "linear", dropout=0.3, dtype="float64")
    x = np.ones((20_000, 1, 6))
    layer(x[:1])
    plain = layer(x)  # inference: nothing dropped
    first, again = replay(layer, [x]), replay(layer, [x])
    for a, b in zip(first, again, strict=True):
        assert_same_bits(a, b, "the same step")
    assert not np.array_equal(first[0][0], replay(layer, [x], seed=2)[0][0])
    if cell == "simple_rnn":  # linear in its input
        np.testing.assert_allclose(first[0][0].mean(0), plain.mean(0), atol=0.02)
    assert first[0][0].std(0).min() > 0


def test_recurrent_dropout_keeps_the_expectation():
    layer = SimpleRNN(4, "linear", recurrent_dropout=0.4, dtype="float64")
    x = np.random.default_rng(1).normal(size=(1, 2, 3)) * np.ones((20_000, 1, 1))
    plain = layer(x)
    dropped = replay(layer, [x])[0][0]
    np.testing.assert_allclose(dropped.mean(0), plain.mean(0), atol=0.03)
    assert dropped.std(0).min() > 0
    # One draw per sequence: a step's factor is either 0 or 1 / 0.6.
    h1 = layer.kernel.T @ x[0, 0]
    rest = layer.kernel.T @ x[0, 1]
    parts = h1[:, None] * layer.recurrent_kernel / 0.6
    choices = np.array([[i >> k & 1 for k in range(4)] for i in range(16)]) @ parts + rest
    gap = np.abs(dropped[:200, None] - choices).max(axis=2).min(axis=1)
    assert gap.max() < 1e-12


@ALL
def test_gradients_under_dropout(cell):
    layer = CELLS[cell](4, dropout=0.4, recurrent_dropout=0.3, seed=3, dtype="float64")
    x = np.random.default_rng(4).normal(size=(5, 6, 3))
    layer(x)
    _, weights, grads = replay(layer, [x])

    def loss():
        return float((replay(layer, [x])[0][0] ** 2).mean())

    check_gradient(loss, [*(p.array for p in layer.parameters), x], [*weights, *grads])


def test_seeds_tell_layers_apart():
    x = np.ones((50, 2, 8), "float32")
    outputs = []
    for seed in (1, 2, 1):
        layer = SimpleRNN(4, dropout=0.5, seed=seed, kernel_initializer="ones")
        layer(x)
        outputs.append(replay(layer, [x])[0][0])
    np.testing.assert_array_equal(outputs[0] == 0, outputs[2] == 0)
    assert not np.array_equal(outputs[0], outputs[1])


# --- settings, refusals


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LSTM(0), "LSTM: units must be a positive integer; got 0"),
        (lambda: SimpleRNN(3, dropout=1.0), r"SimpleRNN: dropout must be in \[0, 1\); got 1.0"),
        (lambda: SimpleRNN(3, recurrent_dropout=-1), "recurrent_dropout must be in"),
        (lambda: LSTM(3, return_state=1), "return_state must be True or False"),
        (
            lambda: LSTM(3)(np.ones((32, 10))),
            r"LSTM: input has shape \(rows, 10\); needs 3 axes \(batch, time steps, features\)",
        ),
        (lambda: GRU(3)(np.ones((2, 0, 4))), "GRU: .* at least 1 time step"),
        (
            lambda: LSTM(3).compute_output_shape([(None, 5, 2), (None, 3), (None, 4)]),
            r"LSTM: initial state has shape \(rows, 4\); needs \(rows, 3\)",
        ),
        (
            lambda: LSTM(3).compute_output_shape([(2, 5, 2), (2, 3)]),
            "needs 2 initial states; got 1",
        ),
    ],
)
def test_refusals_name_rule_and_value(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


@ALL
def test_config(cell):
    layer = CELLS[cell](
        3, "relu", dropout=0.1, recurrent_dropout=0.2, seed=5, return_sequences=True,
        return_state=True, go_backwards=True, unroll=True, name="memory",
    )  # fmt: skip
    again = deserialize(serialize(layer))
    assert again.get_config() == layer.get_config()
    assert again.compute_output_shape((None, 7, 2))[0] == (None, 7, 3)


# --- training


@ALL
def test_fit_has_the_same_bits_on_any_number_of_threads(cell):
    rng = np.random.default_rng(6)
    x = rng.normal(size=(192, 12, 8)).astype("float32")
    y = x[:, :, :1].sum(axis=1)
    limit = runtime.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 4):
            runtime.set_num_threads(threads)
            lamina.random.set_random_seed(11)
            model = lamina.Sequential(
                [
                    lamina.layers.Input((12, 8)),
                    CELLS[cell](24, dropout=0.1, recurrent_dropout=0.1, return_sequences=True),
                    CELLS[cell](16),
                    Dense(1),
                ]
            )
            model.compile("adam", "mean_squared_error")
            history = model.fit(x, y, batch_size=64, epochs=4, verbose=0)
            results.append([*model.get_weights(), model.predict(x, verbose=0)])
            assert history.history["loss"][-1] < history.history["loss"][0]
            name = "gru" if cell.startswith("gru") else cell
            assert_step_on_threads(model, x, y, 64, {name})
    finally:
        runtime.set_num_threads(limit)
    for other in results[1:]:
        assert_same_bits(other, results[0], "fit")


# --- both directions


def _both(cell, x, weights, merge, sequences):
    half = len(weights) // 2
    forward, _, _ = oracle(cell, x, *weights[:half])
    backward, _, _ = oracle(cell, x, *weights[half:], go_backwards=True)
    a, b = (forward, backward[:, ::-1]) if sequences else (forward[:, -1], backward[:, -1])
    if merge == "concat":
        return np.concatenate([a, b], axis=-1)
    return {"sum": a + b, "mul": a * b, "ave": (a + b) / 2}[merge]


@pytest.mark.parametrize(
    ("cell", "merge", "sequences", "dtype"),
    [
        ("lstm", "concat", True, "float32"),
        ("gru", "sum", True, "float64"),
        ("simple_rnn", "mul", True, "float64"),
        ("lstm", "ave", False, "float64"),
        ("gru_reset_before", "concat", False, "float32"),
    ],
)
def test_bidirectional(cell, merge, sequences, dtype):
    check_layer(
        lambda dtype: Bidirectional(
            CELLS[cell](5, return_sequences=sequences), merge, name="both", dtype=dtype
        ),
        (3, 4),
        lambda x, *weights: _both(cell, x, weights, merge, sequences),
        dtype=dtype,
        reduction=100,
        magnitude=20.0,
    )


def test_bidirectional_without_merge_and_with_states():
    inner = LSTM(3, return_sequences=True, return_state=True)
    layer = Bidirectional(inner, None)
    x = np.random.default_rng(2).normal(size=(2, 5, 4)).astype("float32")
    a, b, *states = layer(x)
    assert [s.shape for s in states] == [(2, 3)] * 4
    np.testing.assert_array_equal(a[:, -1], states[0])
    np.testing.assert_array_equal(b[:, 0], states[2])
    assert not inner.built
    moved = np.random.default_rng(3).normal(size=(2, 3)).astype("float32")
    assert not np.array_equal(layer([x, moved, moved, moved, moved])[0], a)
    names = [p.name for p in layer.parameters]
    assert names[0] == "bidirectional/forward_lstm/kernel"
    assert names[3] == "bidirectional/backward_lstm/kernel"


def test_bidirectional_trains_and_copies():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(64, 6, 3)).astype("float32")
    y = x.sum(axis=(1, 2))[:, None]
    model = lamina.Sequential(
        [lamina.layers.Input((6, 3)), Bidirectional(GRU(8, dropout=0.1)), Dense(1)]
    )
    model.compile("adam", "mean_squared_error")
    history = model.fit(x, y, epochs=10, verbose=0).history["loss"]
    assert history[-1] < history[0]
    again = pickle.loads(pickle.dumps(model.layers[-2]))
    np.testing.assert_array_equal(again(x), model.layers[-2](x))
    again.set_weights([w * 0 for w in again.get_weights()])
    assert not again.forward_layer.kernel.any()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Bidirectional(Dense(3)), "Bidirectional: layer must be a SimpleRNN, LSTM or GRU"),
        (lambda: Bidirectional(GRU(3), "plus"), "merge_mode must be one of 'concat'.*got 'plus'"),
        (
            lambda: Bidirectional(GRU(3), backward_layer=GRU(3)),
            "go_backwards must be the opposite of layer's",
        ),
        (
            lambda: Bidirectional(GRU(3), "sum", backward_layer=GRU(4, go_backwards=True)),
            "same number of units",
        ),
    ],
)
def test_bidirectional_refuses(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()
