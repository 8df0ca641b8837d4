"""Attention, dense layers by equation, against Keras; masks, bad arguments, configurations."""

import numpy as np
import pytest

import lamina
from called_layers import assert_gradients, assert_same_as_keras, assert_same_settings
from lamina import layers, ops

Q, V, K = (5, 6), (4, 7), (4, 3)
K6 = (4, 6)
Q2, V2 = (2, 3, 6), (2, 4, 7)
HEADS = {"num_heads": 3, "key_dim": 4}
GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}


def pairs(queries, keys, rows=3, seed=1):
    """Return which values each query sees, the first always."""
    seen = np.random.default_rng(seed).random((rows, queries, keys)) > 0.4
    seen[..., 0] = True
    return seen


VALUES = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]], bool)
QUERIES = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 1, 1, 1, 1]], bool)
SCORES = {"return_attention_scores": True, "use_causal_mask": True}

CASES = [
    ("MultiHeadAttention", HEADS, [Q, V], {}),
    ("MultiHeadAttention", {**HEADS, "value_dim": 2, "use_gate": True, "output_shape": (2, 3)},
     [Q, V, K], SCORES),
    ("MultiHeadAttention", {**HEADS, "sliding_window": 2, "use_bias": False}, [Q, V],
     {"attention_mask": pairs(5, 4)}),
    ("MultiHeadAttention", {**HEADS, "attention_axes": 2}, [Q2, V2],
     {"return_attention_scores": True}),
    ("MultiHeadAttention", HEADS, [Q, V], {"query_mask": QUERIES, "value_mask": VALUES}),
    ("MultiHeadAttention", {**HEADS, "dropout": 0.1}, [Q, V, K],
     {"query_mask": QUERIES, "key_mask": VALUES}),
    ("GroupQueryAttention", GROUPS, [Q, V], {"query_mask": QUERIES, "value_mask": VALUES}),
    ("GroupQueryAttention", {**GROUPS, "dropout": 0.1}, [Q, V, K],
     {"query_mask": QUERIES, "key_mask": VALUES}),
    ("MultiHeadAttention", {**HEADS, "attention_axes": (1, 2)}, [Q2, V2],
     {"attention_mask": pairs(6, 8).reshape(3, 2, 3, 2, 4)}),
    ("MultiHeadAttention", {**HEADS, "flash_attention": False, "dropout": 0.0}, [Q, Q],
     {"use_causal_mask": True}),
    ("GroupQueryAttention", GROUPS, [Q, V], {}),
    ("GroupQueryAttention", {**GROUPS, "use_gate": True, "sliding_window": 2}, [Q, V, K], SCORES),
    ("GroupQueryAttention", {**GROUPS, "use_bias": False, "flash_attention": False, "dropout": 0.0},
     [Q, V], {"attention_mask": pairs(5, 4)}),
    ("Attention", {}, [[Q, K6]], {}),
    ("Attention", {"use_scale": True}, [[Q, V, K6]], SCORES),
    ("Attention", {"score_mode": "concat", "use_scale": True, "dropout": 0.0}, [[Q, V, K6]],
     {"mask": [QUERIES, VALUES]}),
    ("AdditiveAttention", {}, [[Q, K6]], {"mask": [QUERIES, VALUES]}),
    ("AdditiveAttention", {"use_scale": False, "dropout": 0.0}, [[Q, V, K6]], SCORES),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"}, [Q],
     {}),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 3, 2), "bias_axes": "de",
                     "activation": "relu"}, [Q], {}),
    ("EinsumDense", {"equation": "abc,bd->acd", "output_shape": (6, 4), "bias_axes": "cd"}, [Q],
     {}),
    ("EinsumDense", {"equation": "...c,cd->...d", "output_shape": 4, "activation": "softmax"}, [Q],
     {}),
    ("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": 4, "bias_axes": "c"}, [Q], {}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_same_as_keras(case):
    assert_same_as_keras(*case)


def constant(value):
    return lambda kit: kit.initializers.Constant(value)


def penalty(value):
    return lambda kit: kit.regularizers.L2(value)


WEIGHTS = {"kernel_initializer": constant(0.3), "bias_initializer": constant(0.2),
           "kernel_regularizer": penalty(0.1), "bias_regularizer": penalty(0.2)}  # fmt: skip
SETTINGS = [
    ("MultiHeadAttention", {**HEADS, **WEIGHTS}, [Q, V]),
    ("GroupQueryAttention", {**GROUPS, **WEIGHTS}, [Q, K6]),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d",
                     **WEIGHTS}, [Q]),
    ("Attention", {"use_scale": True}, [[Q, K6]]),
]  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS, ids=lambda case: case[0])
def test_settings_of_weights_and_steps_of_adam_same_as_keras(case):
    assert_same_settings(*case)


@pytest.mark.parametrize("case", [CASES[1], CASES[11], CASES[15], CASES[17], CASES[20]],
                         ids=lambda case: case[0])  # fmt: skip
def test_gradients(case):
    name, options, shapes, call = case
    assert_gradients(name, options, shapes, **call)


def test_masks_of_tensors_reach_the_attention():
    ids = np.array([[3, 1, 0, 0], [2, 4, 1, 0]], "int32")
    words, heads = layers.Embedding(5, 6, mask_zero=True), layers.MultiHeadAttention(2, 3)
    x = lamina.Input((4,), dtype="int32")
    embedded = words(x)
    model = lamina.Model(x, heads(embedded, embedded))
    got = model.predict(ids)
    rows = np.asarray(words(ids))
    pairs_seen = (ids != 0)[:, :, None] & (ids != 0)[:, None]
    wanted = heads(rows, rows, query_mask=ids == 0, attention_mask=pairs_seen)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    other = rows.copy()
    other[0, 2:] += 9.0  # no query sees the hidden values
    again = heads(other, other, value_mask=ids != 0)
    np.testing.assert_allclose(again[0, :2], got[0, :2], rtol=1e-4, atol=1e-5)


def test_the_mask_of_the_query_goes_on():
    class Shows(layers.Layer):
        def call(self, x, mask=None):
            return ops.zeros_like(x[..., 0]) if mask is None else ops.cast(mask, "float32")

    ids = np.array([[3, 1, 0], [2, 0, 1]], "int32")
    x = lamina.Input((3,), dtype="int32")
    embedded = layers.Embedding(5, 4, mask_zero=True)(x)
    for y in (layers.MultiHeadAttention(1, 2)(embedded, embedded),
              layers.Attention()([embedded, embedded])):  # fmt: skip
        np.testing.assert_array_equal(lamina.Model(x, Shows()(y)).predict(ids), ids != 0)


@pytest.mark.parametrize("make", [
    lambda: layers.MultiHeadAttention(2, 3, dropout=0.5, seed=1),
    lambda: layers.GroupQueryAttention(3, 2, 1, dropout=0.5, seed=1),
])  # fmt: skip
def test_dropout_of_scores(make):
    layer, x = make(), np.random.default_rng(1).normal(size=(4, 5, 6)).astype("float32")
    np.testing.assert_array_equal(layer(x, x), layer(x, x))
    assert np.abs(layer(x, x, training=True) - layer(x, x)).max() > 1e-3


def test_attention_has_dropout():
    x = np.random.default_rng(1).normal(size=(4, 5, 6)).astype("float32")
    for layer in (layers.Attention(dropout=0.5), layers.AdditiveAttention(dropout=0.5)):
        assert np.abs(layer([x, x], training=True) - layer([x, x])).max() > 1e-3


def test_causality_along_the_axis_of_attention():
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 6)).astype("float32")
    layer = layers.MultiHeadAttention(2, 3, attention_axes=2)
    scores = layer(x, x, use_causal_mask=True, return_attention_scores=True)[1]
    assert scores.shape == (2, 3, 2, 4, 4)
    assert (np.triu(scores, 1) == 0).all()


def test_sequences_of_any_length():
    x = lamina.Input((None, 4))
    model = lamina.Model(x, layers.MultiHeadAttention(2, 3)(x, x))
    assert model.output_shape == (None, None, 4)
    for steps in (2, 5):
        assert model.predict(np.ones((3, steps, 4), "float32")).shape == (3, steps, 4)


@pytest.mark.parametrize("case", [CASES[1], CASES[10], CASES[15], CASES[17], CASES[19]],
                         ids=lambda case: case[0])  # fmt: skip
def test_configurations(case):
    name, options, _, _ = case
    layer = getattr(layers, name)(**options)
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()


A = np.zeros((2, 3, 4), "float32")
REFUSED = [
    (lambda: layers.MultiHeadAttention(0, 3), "MultiHeadAttention: num_heads", "0"),
    (lambda: layers.MultiHeadAttention(2, 3, dropout=1.0), "MultiHeadAttention: dropout", "1.0"),
    (lambda: layers.MultiHeadAttention(2, 3, attention_axes=0)(A, A), "attention_axes", "(0,)"),
    (lambda: layers.MultiHeadAttention(2, 3)(A, A[0]), "multi_head_attention", "number of axes"),
    (lambda: layers.MultiHeadAttention(2, 3)(A, A, A[:, :2]), "same positions", "(rows, 2, 4)"),
    (lambda: layers.MultiHeadAttention(2, 3)(A[None], A[None], use_causal_mask=True),
     "one axis of positions", "(1, 2)"),
    (lambda: layers.GroupQueryAttention(2, 3, 2), "must divide num_query_heads, 3", "got 2"),
    (lambda: layers.GroupQueryAttention(2, 2, 1)(A[0], A[0]), "group_query_attention", "(rows, 4)"),
    (lambda: layers.Attention(score_mode="cosine"), "Attention: score_mode", "'cosine'"),
    (lambda: layers.Attention()([A]), "attention", "a list of 1"),
    (lambda: layers.Attention()([A, A[..., :2]]), "attention: needs query", "(rows, 3, 2)"),
    (lambda: layers.Attention()([A, A], mask=A[..., 0] == 0), "mask must be a list", "attention"),
    (lambda: layers.EinsumDense("ab,bc", 3), "EinsumDense: equation", "'ab,bc'"),
    (lambda: layers.EinsumDense("ab,bc->ac", 0), "EinsumDense: output_shape[0]", "0"),
    (lambda: layers.EinsumDense("ab,bc->ac", 3)(A), "'ab,bc->ac' needs 2 axes", "(rows, 3, 4)"),
    (lambda: layers.EinsumDense("abc,cd->abd", (2, 3))(A), "axis 'b' the size 2", "has 3"),
    (lambda: layers.EinsumDense("abc,cd->abe", (None, 3))(A), "not give axis 'e' of", "abe"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "rule", "value"), REFUSED)
def test_bad_arguments(call, rule, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert rule in str(caught.value)
    assert value in str(caught.value)


@pytest.mark.parametrize("layer", [
    layers.MultiHeadAttention(**HEADS), layers.GroupQueryAttention(**GROUPS),
])  # fmt: skip
def test_the_shape_of_the_output_is_told_by_those_of_the_arguments(layer):
    assert layer.compute_output_shape((2, *Q), (2, *V), (2, *K)) == (2, *Q)
    assert layer.compute_output_shape((None, *Q), value_shape=(None, *V)) == (None, *Q)
    assert not layer.built


@pytest.mark.parametrize(
    "layer",
    [layers.MultiHeadAttention(2, 3), layers.GroupQueryAttention(3, 2, 1)],
    ids=["heads", "groups"],
)
def test_a_query_that_sees_nothing_finds_what_it_finds_in_keras(layer):
    rng = np.random.default_rng(0)
    x, mask = rng.normal(size=(2, 4, 6)).astype("float32"), np.ones((2, 4, 4), bool)
    mask[:, 1] = False
    y, scores = layer(x, x, attention_mask=mask, return_attention_scores=True)
    bias = layer.get_weights()[-1]
    np.testing.assert_array_equal(scores[:, :, 1], 0.0)
    np.testing.assert_allclose(y[:, 1], np.broadcast_to(bias, (2, 6)), 1e-6, 1e-6)
    fast = layer(x, x, attention_mask=mask)  # as in Keras's other way: the mean of all values
    np.testing.assert_allclose(fast[:, [0, 2, 3]], y[:, [0, 2, 3]], 1e-5, 1e-6)
    uniform = type(layer).from_config(layer.get_config())
    uniform(x, x)
    weights = layer.get_weights()
    weights[0] *= 0.0  # queries of zeros: each sees all values equally
    weights[1] *= 0.0
    uniform.set_weights(weights)
    np.testing.assert_allclose(fast[:, 1], uniform(x, x)[:, 1], 1e-5, 1e-6)
