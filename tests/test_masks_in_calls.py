"""User-defined layers with call that take, pass on, make or rely on masks, against Keras's."""

import numpy as np
import pytest

import lamina
from call_models import IDS, Y, flat, head, sequence
from keras_models import assert_same
from lamina import layers, ops


def masked(keras):
    class Masked(keras.layers.Layer):
        def call(self, x, mask=None):
            if mask is None:
                return x
            return x * keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)

    return Masked()


def passes(keras):
    class Passes(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True
            self.dense = keras.layers.Dense(4)

        def call(self, x):
            return self.dense(x)

    return Passes()


def stops(keras):
    class Stops(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def call(self, x):
            return self.dense(x)

    return Stops()


def embeds(keras):
    class Embeds(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.tokens = keras.layers.Embedding(7, 4, mask_zero=True)
            self.places = keras.layers.Embedding(5, 4)

        def call(self, x):
            return self.tokens(x) + self.places(np.arange(5))

        def compute_mask(self, x, mask=None):
            return self.tokens.compute_mask(x)

    return Embeds()


def reads(keras):
    class Reads(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.tokens = keras.layers.Embedding(7, 4, mask_zero=True)
            self.steps = keras.layers.LSTM(3)

        def call(self, x):
            return self.steps(self.tokens(x))

    return Reads()


def tokens(keras):
    return keras.layers.Embedding(7, 4, mask_zero=True)


def lstm(keras):
    return keras.layers.LSTM(3)


@pytest.mark.parametrize(
    "parts",
    [(tokens, masked, flat), (tokens, passes, lstm), (tokens, stops, lstm), (reads,),
     (embeds, lstm)],
    ids=lambda parts: "-".join(part.__name__ for part in parts),
)  # fmt: skip
def test_masks_go_where_keras_s_go(parts):
    assert_same(sequence(*parts, head, shape=(5,), dtype="int32"), IDS, Y)


class Insists(layers.Layer):
    supports_masking = True

    def call(self, x, mask=None):
        assert mask is not None
        assert mask.shape == x.shape[:2]
        return ops.where(ops.expand_dims(mask, -1), x, 0.0)


@pytest.mark.parametrize("between", [[], [Insists()], [layers.Dropout(0.5), layers.Dense(2)]])
@pytest.mark.parametrize("length", [None, 5])
def test_a_call_may_rely_on_a_mask(between, length):
    x = ids = lamina.Input((length,), dtype="int32")
    for layer in [layers.Embedding(7, 2, mask_zero=True), *between, Insists()]:
        x = layer(x)
    y = lamina.Model(ids, x).predict(IDS)
    np.testing.assert_array_equal((y != 0).all(-1), IDS != 0)
    pair = layers.Concatenate()([x, x])
    assert Insists()(pair).shape == (None, length, 4)
    with pytest.raises(AssertionError):
        Insists()(layers.Dense(2)(lamina.Input((5, 3))))


@pytest.mark.parametrize(
    ("mask", "sums"),
    [
        (None, [24.0, 24.0]),
        (lambda x, mask: mask, [12.0, 6.0]),
        (lambda x, mask: ops.logical_not(mask), [12.0, 18.0]),
        (lambda x, mask: None, [24.0, 24.0]),
    ],
)
def test_the_mask_behind_a_lambda_is_the_one_it_says(mask, sums):
    ids = lamina.Input((4,), dtype="int32")
    x = layers.Embedding(5, 3, mask_zero=True, embeddings_initializer="ones")(ids)
    x = layers.Lambda(lambda x: 2 * x, mask=mask)(x)
    ones = {"kernel_initializer": "ones", "recurrent_initializer": "identity"}
    y = layers.SimpleRNN(1, activation="linear", **ones)(x)
    predicted = lamina.Model(ids, y).predict(np.array([[1, 2, 0, 0], [3, 0, 0, 0]]))
    np.testing.assert_array_equal(predicted[:, 0], sums)


def counted(h, mask):
    return ops.sum(h * ops.cast(mask, "float32")[..., None], axis=1)


class OfDict(layers.Layer):
    def call(self, inputs, mask=None):
        assert mask["b"] is None
        return counted(inputs["a"], mask["a"])


class OfNested(layers.Layer):
    def call(self, inputs, mask=None):
        assert mask["b"] is None
        return counted(inputs["a"][1], mask["a"][1])


@pytest.mark.parametrize("between", [lambda x: x, layers.Identity()])
def test_masks_come_in_the_structure_of_the_inputs(between):
    words = lamina.Input((3,), dtype="int32")
    ones = {"embeddings_initializer": "ones"}
    hidden = layers.Embedding(4, 1, mask_zero=True, **ones)(words)
    plain = layers.Embedding(4, 1, **ones)(words)
    of_dict = OfDict()(between({"a": hidden, "b": plain}))
    of_nested = OfNested()(between({"a": [plain, hidden], "b": plain}))
    for y in (of_dict, of_nested):
        made = lamina.Model(words, y).predict(np.array([[1, 2, 0], [3, 0, 0]]), verbose=0)
        assert made.tolist() == [[2.0], [1.0]]
