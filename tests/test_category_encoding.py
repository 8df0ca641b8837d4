"""CategoryEncoding against Keras."""

import numpy as np
import pytest

import golden
import lamina
from keras_peer import keras
from lamina import layers

IDS = np.array([[0, 3, 3], [4, 1, 0], [2, 2, 2]], "int32")
WEIGHTS = np.array([[0.5, 1.0, 2.0], [1.0, 3.0, 1.0], [1.0, 1.0, 0.25]], "float32")
CASES = [
    ("CategoryEncoding", {"num_tokens": 5}, {}),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "one_hot", "sparse": False}, {}),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "count"}, {"count_weights": WEIGHTS}),
]


@pytest.mark.parametrize("case", CASES)
def test_same_as_keras(case):
    name, options, call = case
    wanted = golden.ask(
        lambda: getattr(keras.layers, name)(**options)(IDS, **call), options, IDS, *call.values()
    )
    np.testing.assert_array_equal(getattr(layers, name)(**options)(IDS, **call), wanted)


def test_in_a_model():
    model = lamina.Sequential([
        lamina.Input((3,), dtype="int32"), layers.CategoryEncoding(5, "count"), layers.Dense(1),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    model.fit(IDS, np.ones((3, 1), "float32"), verbose=0)
    assert model.predict(IDS).shape == (3, 1)
    layer = model.layers[0]
    assert layers.deserialize(layers.serialize(layer)).get_config() == layer.get_config()


@pytest.mark.parametrize(("call", "rule", "value"), [
    (lambda: layers.CategoryEncoding(0), "CategoryEncoding: num_tokens", "0"),
    (lambda: layers.CategoryEncoding(3, "tf_idf"), "CategoryEncoding: output_mode", "'tf_idf'"),
    (lambda: layers.CategoryEncoding(3, sparse=True), "sparse must be False", "True"),
    (lambda: layers.CategoryEncoding(3)(lamina.Input(())), "category_encoding: input", "(rows,)"),
    (lambda: layers.CategoryEncoding(5)(IDS, count_weights=WEIGHTS), "count_weights are for",
     "'multi_hot'"),
])  # fmt: skip
def test_bad_arguments(call, rule, value):
    with pytest.raises(ValueError, match=r".") as caught:
        call()
    assert rule in str(caught.value)
    assert value in str(caught.value)
