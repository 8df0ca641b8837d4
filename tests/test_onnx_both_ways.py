"""Models that lamina writes as ONNX files and reads again."""

import numpy as np
import pytest

pytest.importorskip("onnx")

import lamina
from lamina import Input, layers, ops


def image():
    x = Input((8, 8, 3))
    h = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same", activation="relu")(x))
    h = layers.add([h, layers.SeparableConv2D(6, 3, padding="same")(h)])
    h = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(layers.MaxPooling2D()(h))
    return lamina.Model(x, layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D()(h)))


def series():
    x = Input((None, 4))
    h = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(x)
    h = layers.LayerNormalization()(layers.MultiHeadAttention(2, 3)(h, h) + h)
    return lamina.Model(x, layers.Dense(2)(layers.GRU(4)(h)))


def words():
    x = Input((6,), dtype="int32")
    h = layers.Embedding(12, 4, mask_zero=True)(x)
    return lamina.Model(x, layers.Dense(2)(layers.LSTM(5)(h)))


def table():
    a, b = Input((5,)), Input((3,))
    h = ops.concatenate([layers.Dense(4, "gelu")(a), ops.tanh(b) * 2], axis=-1)
    return lamina.Model([a, b], [layers.Dense(1)(h), ops.max(h, axis=-1, keepdims=True)])


MODELS = {"image": image, "series": series, "words": words, "table": table}


@pytest.mark.parametrize("name", MODELS)
def test_what_is_written_reads_as_the_same(name, tmp_path):
    lamina.set_random_seed(0)
    model = MODELS[name]()
    rng = np.random.default_rng(0)
    x = [
        rng.integers(0, 12, (4, 6)) if name == "words"
        else rng.normal(size=[4, *(s or 7 for s in port.shape[1:])]).astype(np.float32)
        for port in model.inputs
    ]  # fmt: skip
    x = x if len(x) > 1 else x[0]
    model.export(tmp_path / "m.onnx")
    again = lamina.onnx.load(tmp_path / "m.onnx")
    made, wanted = again.predict(x, verbose=0), model.predict(x, verbose=0)
    for one, other in zip(made, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
