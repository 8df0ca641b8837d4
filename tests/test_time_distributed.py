"""TimeDistributed: one layer at every step, without copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from kernels.recurrence_oracle import oracle as recurrence
from lamina import _core, runtime
from lamina.layers import (
    LSTM,
    Add,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    MaxPooling2D,
    TimeDistributed,
    deserialize,
    serialize,
)
from layer_harness import check_layer
from thread_proof import thread_plan


def made(inner, *args, **options):
    """Return a factory of TimeDistributed layers for ``check_layer``."""
    return lambda **base: TimeDistributed(inner(*args, **options), **base)


def nested(**base):
    return TimeDistributed(TimeDistributed(Dense(2, "relu")), **base)


def dense(x, w, b):
    return np.maximum(x @ w + b, 0.0)


def lstm(x, *weights):
    rows, steps, *shape = x.shape
    y, _, _ = recurrence("lstm", x.reshape(rows * steps, *shape), *weights)
    return y[:, -1].reshape(rows, steps, y.shape[2])


def flattened(x):
    return x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])


def normalized(x, gamma, beta, mean, variance):
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("factory", "shape", "law", "rows"),
    [
        (made(Dense, 3, "relu"), (4, 5), dense, (1, 2, 7, 33)),
        (made(Flatten), (3, 2, 4), flattened, (1, 2, 7)),
        (made(LSTM, 3), (2, 3, 4), lstm, (1, 2, 7)),
        (made(Conv2D, 3, 2), (2, 4, 5, 2), None, (1, 2, 7)),
        (made(BatchNormalization), (3, 4), normalized, (2, 7, 33)),
        (nested, (2, 3, 4), dense, (1, 2, 7)),
    ],
)
def test_layer(factory, shape, law, rows, dtype):
    check_layer(
        factory,
        shape,
        law,
        dtype=dtype,
        rows=rows,
        reduction=60,
        magnitude=20.0,
        many_rows=0,
        refused=[(np.zeros((2, 3)), ValueError, "needs at least 3 axes (batch, time steps, ...)")],
    )


# The layer, the shape of a row, and the operation that takes longest.
INNER = {
    "dense": (lambda: Dense(48, "gelu"), (4, 40), "dense"),
    "convolution": (lambda: Conv2D(4, 3, padding="same"), (3, 6, 6, 2), "conv2d"),
    "pooling": (lambda: MaxPooling2D(2), (3, 6, 6, 2), "max_pool2d"),
    "recurrent": (lambda: LSTM(3, return_sequences=True), (3, 4, 2), "lstm"),
    "bidirectional": (lambda: Bidirectional(LSTM(2)), (3, 4, 2), "lstm"),
    "model": (
        lambda: lamina.Sequential([lamina.Input((40,)), Dense(48, "relu"), Dense(9, "softmax")]),
        (4, 40),
        "dense",
    ),
}


@pytest.mark.parametrize("kind", INNER)
def test_every_step_is_the_layer_s_own(kind):
    make, shape, _ = INNER[kind]
    layer = TimeDistributed(make())
    x = np.random.default_rng(1).normal(size=(6, *shape)).astype("float32")
    y = layer(x)
    assert y.shape == layer.compute_output_shape(x.shape)
    alone = getattr(layer.layer, "model", layer.layer)
    steps = [alone(np.ascontiguousarray(x[:, t])) for t in range(shape[0])]
    assert_same_bits([y], [np.stack(steps, 1)], kind)


@pytest.mark.parametrize("kind", INNER)
def test_bits_do_not_depend_on_threads(kind):
    make, shape, operation = INNER[kind]
    layer = TimeDistributed(make())
    rng = np.random.default_rng(2)
    x = rng.normal(size=(700, *shape)).astype("float32")
    layer(x[:1])
    target = rng.normal(size=layer.compute_output_shape(x.shape)).astype("float32")
    wanted = None
    limit = runtime.get_num_threads()
    try:
        for count in (1, 2, 4):
            runtime.set_num_threads(count)
            got = gradients(layer, x, target)
            if count > 1:
                plan = thread_plan(recorded(layer, x, target), len(x))
                used = [n for (name, _), n in plan.items() if name.split("+")[0] == operation]
                assert len(used) >= 2, plan
                assert min(used) > 1, plan
            wanted = wanted or got
            assert_same_bits(got, wanted, f"{kind} on {count} threads")
    finally:
        runtime.set_num_threads(limit)


def recorded(layer, x, target, rows=None):
    graph = _core.Graph("float32")
    tensor = graph.input(x.shape[1:], "x")
    y = layer.record(graph, tensor)
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input(tuple(y.shape), "target")))
    graph.build()
    run = _core.Execution(graph, rows or len(x), True, 1, True)
    run.bind([x, target])
    return run


def gradients(layer, x, target, rows=None):
    run = recorded(layer, x, target, rows)
    run.gradients(None, 0, len(x), 3)
    weights = [np.array(run.gradient_of(p)) for p in layer.parameters if p.trainable]
    return [run.output(0), run.input_gradient(0), *weights]


# --- rows that depend on each other, and random numbers


def test_batch_normalization_takes_each_step_by_itself():
    rng = np.random.default_rng(3)
    x = rng.normal(2.0, 3.0, (40, 3, 5, 2)).astype("float32")
    layer = TimeDistributed(BatchNormalization(momentum=0.5))
    layer(x)
    y, dx, dgamma, dbeta = gradients(layer, x, np.zeros_like(x), 64)
    want, mean, variance = [], np.zeros(2), np.ones(2)
    for t in range(3):
        own = x[:, t].astype("float64")
        m, v = own.mean((0, 1)), own.var((0, 1))
        mean, variance = 0.5 * (mean + m), 0.5 * (variance + v)
        want.append((own - m) / np.sqrt(v + 1e-3))
    want = np.stack(want, 1)
    np.testing.assert_allclose(y, want, atol=1e-5)
    np.testing.assert_allclose(layer.get_weights()[2], mean, rtol=1e-5)
    np.testing.assert_allclose(layer.get_weights()[3], variance, rtol=1e-5)
    dy = 2.0 * want / want.size
    np.testing.assert_allclose(dbeta, dy.sum((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(dgamma, (dy * want).sum((0, 1, 2)), rtol=1e-5)
    assert np.abs(dx).max() < 1e-4  # y has the same length for any x


def test_batch_normalization_counts_what_the_mask_shows():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(9, 3, 2)).astype("float32")
    mask = rng.random((9, 3)) > 0.3
    layer = TimeDistributed(BatchNormalization())
    layer(x)
    graph = _core.Graph("float32")
    tensor, shown = graph.input((3, 2), "x"), graph.input((3,), "mask", "bool")
    y = layer.record(graph, tensor, mask=shown)
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input((3, 2), "target")))
    graph.build()
    run = _core.Execution(graph, 9, True, 1, True)
    run.bind([x, mask, np.zeros_like(x)])
    run.gradients(None, 0, 9, 3)
    for t in range(3):
        own = x[mask[:, t], t].astype("float64")
        want = (x[:, t] - own.mean(0)) / np.sqrt(own.var(0) + 1e-3)
        np.testing.assert_allclose(run.output(0)[:, t], want, rtol=1e-4, atol=1e-5)


def test_dropout_draws_anew_at_every_step():
    layer = TimeDistributed(Dropout(0.5))
    x = np.ones((200, 6, 10), "float32")
    layer(x)
    y = gradients(layer, x, np.zeros_like(x))[0]
    assert_same_bits([gradients(layer, x, np.zeros_like(x), 512)[0]], [y], "more rows planned")
    assert set(np.unique(y)) == {0.0, 2.0}
    for t in range(1, 6):
        assert abs(float(((y[:, 0] > 0) == (y[:, t] > 0)).mean()) - 0.5) < 0.05


# --- models


def test_many_to_many_learns_and_fuses_its_loss():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(64, 7, 4)).astype("float32")
    y = (x.cumsum(1).sum(2) > 0).astype(int)
    model = lamina.Sequential(
        [lamina.Input((7, 4)), LSTM(16, return_sequences=True),
         TimeDistributed(Dense(2, activation="softmax"))], seed=3,
    )  # fmt: skip
    model.compile(lamina.optimizers.Adam(0.02), "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(x, y, epochs=40, verbose=0)
    assert history.history["accuracy"][-1] > 0.8
    # The softmax follows a fold, and the loss still uses its logits.
    kinds = model.objective((False,)).graph.operations()
    assert kinds[-1] == "sparse_categorical_crossentropy_logits"
    plain = lamina.Sequential(
        [lamina.Input((7, 4)), LSTM(16, return_sequences=True), Dense(2, activation="softmax")],
        seed=3,
    )
    plain.compile(lamina.optimizers.Adam(0.02), "sparse_categorical_crossentropy", ["accuracy"])
    plain.fit(x, y, epochs=40, verbose=0)
    np.testing.assert_allclose(plain.predict(x), model.predict(x), atol=1e-4)


def test_mask_reaches_a_later_layer():
    rng = np.random.default_rng(6)
    tokens = rng.integers(1, 9, (5, 6))
    tokens[:, 4:] = 0
    model = lamina.Sequential(
        [lamina.Input((6,)), Embedding(9, 3, mask_zero=True), TimeDistributed(Dense(4)), LSTM(2)]
    )
    y = model.predict(tokens)
    other = tokens.copy()
    short = lamina.Sequential(
        [lamina.Input((4,)), Embedding(9, 3), TimeDistributed(Dense(4)), LSTM(2)]
    )
    short.build()
    short.set_weights(model.get_weights())
    np.testing.assert_allclose(y, short.predict(other[:, :4]), atol=1e-6)


def test_words_of_sentences():
    rng = np.random.default_rng(7)
    tokens = rng.integers(0, 9, (5, 3, 6))
    words = lamina.Input((3, 6), dtype="int32")
    embedded = Embedding(9, 4, mask_zero=True)(words)
    sentences = TimeDistributed(LSTM(3))(embedded)
    model = lamina.Model(words, LSTM(2)(sentences))
    tokens[tokens.cumsum(2) == 0] = 1
    whole = model.predict(tokens)
    assert whole.shape == (5, 2)
    hidden = tokens.copy()
    hidden[:, :, 5] = 0
    assert np.abs(model.predict(hidden) - whole).max() > 0
    layer = TimeDistributed(Embedding(9, 4))
    assert layer(tokens).shape == (5, 3, 6, 4)
    with pytest.raises(ValueError, match="9"):
        layer(tokens + 5)


def test_mask_ends_where_it_does_not_fit():
    graph = _core.Graph("float32")
    layer = TimeDistributed(Flatten())
    layer(np.zeros((1, 3, 4, 2), "float32"))
    x = graph.input((3, 4, 2), "x")
    masks = {shape: graph.input(shape, str(shape), "bool") for shape in ((3,), (3, 4))}
    assert layer.apply(graph, x, masks[3,])[1] is masks[3,]
    assert layer.apply(graph, x, masks[3, 4])[1] is None
    with pytest.raises(ValueError, match=r"mask has shape \(rows, 4\).*needs \(rows, 3\)"):
        layer.record(graph, x, mask=graph.input((4,), "short", "bool"))


# --- protocol


def test_weights_names_and_summary(capsys):
    model = lamina.Sequential(
        [lamina.Input((4, 5)), TimeDistributed(Dense(3)), TimeDistributed(Dense(2), name="last")]
    )
    model.build()
    assert [p.name for p in model.parameters] == [
        "time_distributed/dense/kernel", "time_distributed/dense/bias",
        "last/dense_1/kernel", "last/dense_1/bias",
    ]  # fmt: skip
    assert [w.shape for w in model.get_weights()] == [(5, 3), (3,), (3, 2), (2,)]
    assert model.layers[0].layer.name == "dense"
    model.summary()
    text = capsys.readouterr().out
    assert "time_distributed (TimeDistributed)" in text
    assert "last (TimeDistributed)" in text
    assert "Weights: 26" in text


def test_first_weights_are_the_layer_s():
    plain = lamina.Sequential([lamina.Input((4, 5)), Dense(3)], seed=4)
    folded = lamina.Sequential([lamina.Input((4, 5)), TimeDistributed(Dense(3))], seed=4)
    assert_same_bits(folded.get_weights(), plain.get_weights(), "first weights")


@pytest.mark.parametrize("kind", INNER)
def test_copies(kind):
    make, shape, _ = INNER[kind]
    x = np.random.default_rng(8).normal(size=(3, *shape)).astype("float32")
    model = lamina.Sequential([lamina.Input(shape), TimeDistributed(make())])
    y = model.predict(x)
    twin = lamina.Sequential.from_config(model.get_config())
    twin.build()
    twin.set_weights(model.get_weights())
    for other in (twin, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same_bits([other.predict(x)], [y], "copy")
    layer = deserialize(serialize(model.layers[0]))
    assert layer.get_config() == model.layers[0].get_config()


def test_frozen_layer_stays():
    layer = TimeDistributed(BatchNormalization(), trainable=False)
    assert not layer.layer.trainable
    model = lamina.Sequential([lamina.Input((3, 2)), layer, Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(9).normal(2.0, size=(8, 3, 2)).astype("float32")
    model.build()
    before = layer.get_weights()
    model.fit(x, x[..., :1], verbose=0)
    assert_same_bits(layer.get_weights(), before, "frozen")
    layer.trainable = True
    assert layer.layer.trainable
    model.fit(x, x[..., :1], verbose=0)
    assert all((a != b).any() for a, b in zip(layer.get_weights(), before, strict=True))


def test_penalties_count_once():
    layer = TimeDistributed(Dense(3, kernel_regularizer="l2"))
    layer(np.zeros((2, 4, 5)))
    assert [(p.name, l2) for p, _, l2 in layer.penalties()] == [
        ("time_distributed/dense/kernel", 0.01)
    ]


def test_weights_built_for_other_steps_are_refused():
    layer = TimeDistributed(Dense(3))
    layer(np.zeros((2, 4, 5)))
    assert layer(np.zeros((2, 6, 5))).shape == (2, 6, 3)
    with pytest.raises(ValueError, match=r"was built for input \(rows, 5\); got \(rows, 6\)"):
        layer(np.zeros((2, 4, 6)))


class Two(Layer):
    def compute_output_shape(self, input_shape):
        return [input_shape, input_shape]

    def record(self, graph, x):
        return [x, x]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: TimeDistributed(3), "layer must be a Layer or a model; got 3"),
        (lambda: TimeDistributed(Dense), "layer must be a Layer or a model"),
        (
            lambda: TimeDistributed(Dense(2))(np.zeros((2, 3))),
            r"time_distributed: input has shape \(rows, 3\); needs at least 3 axes",
        ),
        (
            lambda: TimeDistributed(Dense(2)).compute_output_shape((None, 0, 3)),
            "needs at least 1 time step",
        ),
        (lambda: TimeDistributed(Two())(np.zeros((2, 3, 4))), "must have one output; two has 2"),
        (
            lambda: TimeDistributed(Conv2D(2, 5))(np.zeros((2, 3, 4, 4, 1))),
            r"(?i)conv2d",
        ),
        (
            lambda: TimeDistributed(Add())([lamina.Input((3, 4)), lamina.Input((3, 4))]),
            "time_distributed: takes one input; got a list of 2",
        ),
        (
            lambda: TimeDistributed(LSTM(2))(np.zeros((2, 3, 4, 5)), mask=np.ones((2, 3), bool)),
            "lstm: mask has shape",
        ),
    ],
)
def test_refusals(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()
