"""Masks: from the tokens through the layers to the loss."""

import numpy as np
import pytest

import golden
import lamina
from lamina import _core, ops
from lamina.layers import LSTM, Dense, Embedding, Input
from thread_proof import assert_step_on_threads


def masked_weight(mask, weight):
    graph = _core.Graph("float64")
    m = graph.input(mask.shape[1:], "mask", "bool")
    arrays = [mask]
    w = None
    if weight is not None:
        w = graph.input(weight.shape[1:], "weight")
        arrays.append(weight)
    graph.add_output(graph.masked_weight(m, w))
    graph.build()
    return _core.Predictor(graph).predict(arrays, len(mask))[0]


def test_a_masked_weight_is_0_where_the_mask_hides():
    mask = np.array([[1, 1, 0], [0, 0, 1]], bool)
    rows = np.array([2.0, 3.0])
    each = np.arange(6.0).reshape(2, 3)
    assert masked_weight(mask, None).tolist() == mask.tolist()
    np.testing.assert_allclose(masked_weight(mask, rows), mask * rows[:, None])
    np.testing.assert_allclose(masked_weight(mask, each), mask * each)
    assert not masked_weight(~np.ones_like(mask), None).any()


def test_masked_weight_refuses_what_does_not_fit():
    graph = _core.Graph("float32")
    mask = graph.input((3,), "mask", "bool")
    with pytest.raises(ValueError, match=r"needs a mask \(bool\)"):
        graph.masked_weight(graph.input((3,), "x"), None)
    with pytest.raises(ValueError, match="weights are one number per row or one for each"):
        graph.masked_weight(mask, graph.input((2,), "w"))


def network():
    return lamina.Sequential(
        [
            lamina.Input((5,), dtype="int32"),
            Embedding(7, 4, mask_zero=True),
            LSTM(3, return_sequences=True),
            Dense(1),
        ],
        seed=1,
    )


def data():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 7, size=(6, 5))
    x[0, 3:] = 0
    x[2, 1:] = 0
    return x, rng.normal(size=(6, 5, 1)).astype(np.float32)


def test_padding_does_not_count_in_the_loss():
    x, y = data()
    model = network()
    model.compile("adam", "mse", weighted_metrics=["mae"])
    p = model.predict(x)
    error = (p - y)[x != 0]
    loss, mae = model.evaluate(x, y)
    np.testing.assert_allclose([loss, mae], [np.square(error).mean(), np.abs(error).mean()], 1e-5)
    other = y.copy()
    other[x == 0] = 1e3
    assert model.evaluate(x, other) == [loss, mae]


def test_loss_under_a_mask_equals_keras():
    x, y = data()
    model = network()
    model.compile("adam", "mse")
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)

    def by_keras():
        keras = golden.Peer("keras")
        peer = keras.Sequential(
            [
                keras.Input((5,), dtype="int32"),
                keras.layers.Embedding(7, 4, mask_zero=True),
                keras.layers.LSTM(3, return_sequences=True),
                keras.layers.Dense(1),
            ]
        )
        peer.compile("adam", "mse")
        peer.set_weights(weights)
        return peer(x), float(peer.evaluate(x, y, verbose=0))

    predicted, loss = golden.ask(by_keras, weights, x, y)
    np.testing.assert_allclose(model.predict(x)[x != 0], predicted[x != 0], 1e-5, 1e-6)
    np.testing.assert_allclose(model.evaluate(x, y), loss, 1e-5)


def test_a_fit_under_a_mask_has_the_same_bits_on_any_number_of_threads():
    x, y = data()
    x, y = np.tile(x, (1000, 1)), np.tile(y, (1000, 1, 1))
    results = []
    limit = lamina.get_num_threads()
    try:
        for threads in (1, 2, 4):
            lamina.set_num_threads(threads)
            model = network()
            model.compile("adam", "mse")
            model.fit(x, y, batch_size=3000, epochs=2, verbose=0)
            results.append([w.tobytes() for w in model.get_weights()])
            assert_step_on_threads(model, x, y, 3000, {"embedding", "lstm"})
    finally:
        lamina.set_num_threads(limit)
    assert results[0] == results[1] == results[2]


class Padded(Embedding):
    """Token 2 is padding too."""

    def compute_mask(self, inputs, mask=None):
        return ops.logical_and(super().compute_mask(inputs, mask), inputs != 2)


def test_a_class_may_say_which_tokens_count_without_a_call_of_its_own():
    pool = lamina.layers.GlobalAveragePooling1D()
    layer = Padded(4, 2, mask_zero=True, embeddings_initializer=lambda shape: TABLE)
    tokens = np.array([[1, 2, 3, 0]])
    x = Input((4,), dtype="int32")
    for model in (lamina.Sequential([x, layer, pool]), lamina.Model(x, pool(layer(x)))):
        np.testing.assert_array_equal(model.predict(tokens), [(TABLE[1] + TABLE[3]) / 2])
    np.testing.assert_array_equal(layer.compute_mask(tokens), [[True, False, True, False]])


TABLE = np.arange(8.0).reshape(4, 2)
