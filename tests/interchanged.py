"""Models that are converted to Keras and back: the same program makes both.

``make(keras)`` returns a model, for ``keras`` lamina and Keras alike; ``inputs_of`` its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROWS = 3


def dense(keras: Any) -> Any:
    """Return a perceptron with dropout and penalties."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(4, "relu", kernel_regularizer="l2"),
            layers.Dropout(0.2),
            layers.Dense(4, layers.LeakyReLU(negative_slope=0.1), bias_constraint="max_norm"),
            layers.Dense(
                3, keras.activations.softmax, kernel_initializer=keras.initializers.HeNormal()
            ),
        ]
    )


def convolution(keras: Any) -> Any:
    """Return a network of convolutions with batch normalisation."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(3, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(4, 3, activation="relu"),
            layers.LayerNormalization(),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def lstm(keras: Any) -> Any:
    """Return two LSTM layers, followed by a layer applied to each step."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.LSTM(4, return_sequences=True, dropout=0.1),
            layers.LSTM(3, return_sequences=True, activation="sigmoid"),
            layers.TimeDistributed(layers.Dense(2)),
        ]
    )


def gru(keras: Any) -> Any:
    """Return GRU layers in both directions, and cells in an RNN layer."""
    layers = keras.layers
    once = layers.GRU(2, reset_after=False, return_sequences=True)
    return keras.Sequential(
        [
            keras.Input((5, 3)),
            layers.Bidirectional(layers.GRU(3, return_sequences=True)),
            layers.Bidirectional(once, merge_mode="sum"),
            layers.RNN([layers.SimpleRNNCell(3), layers.LSTMCell(2)]),
        ]
    )


def functional(keras: Any) -> Any:
    """Return a graph with skips, two inputs and outputs, a shared layer, attention, operations."""
    layers, ops = keras.layers, keras.ops
    ours, theirs = keras.Input((4,), name="ours"), keras.Input((4, 6), name="theirs")
    shared = layers.Dense(4, "tanh", name="shared")
    x = shared(shared(ours))
    y = layers.MultiHeadAttention(2, 3)(theirs, theirs, use_causal_mask=True)
    grouped = layers.GroupQueryAttention(2, 4, 2)(theirs, theirs)
    y = layers.Add()([y, theirs, grouped])
    y = layers.Dense(4)(layers.GlobalAveragePooling1D()(y))
    z = layers.Concatenate()([x, y, layers.Dense(4)(x)])
    z = ops.mean(ops.reshape(z, (-1, 3, 4)), axis=1) * 2 + z[:, 1:5]
    return keras.Model({"theirs": theirs, "ours": ours}, [layers.Dense(1)(z), x])


def embedding(keras: Any) -> Any:
    """Return an embedding whose padding is masked."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.Conv1D(2, 2, padding="causal"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def nested(keras: Any) -> Any:
    """Return a graph that calls a Sequential and a graph, which is frozen and holds another."""
    layers = keras.layers
    body = [keras.Input((4,)), layers.Dense(5, "gelu"), layers.Dense(4)]
    body = keras.Sequential(body, name="body")
    inner = keras.Input((4,))
    tail = [keras.Input((4,)), layers.Dense(4, "elu"), layers.Dropout(0.5)]
    outer = layers.Multiply()([keras.Sequential(tail, name="tail")(inner), inner])
    head = keras.Model(inner, layers.Dense(3, name="last")(outer), name="head")
    head.trainable = False
    x = keras.Input((4,))
    return keras.Model(x, layers.Average()([layers.Dense(3)(body(x)), head(body(x))]))


def repeated(keras: Any) -> Any:
    """Return a graph whose output is the second call of an inner graph."""
    layers = keras.layers
    x = keras.Input((4,))
    inner = keras.Model(x, layers.Add()([layers.Dense(4)(x), layers.Dense(4)(x), x]), name="inner")
    z = keras.Input((4,))
    return keras.Model(z, inner(layers.BatchNormalization()(inner(z))))


def normalized(keras: Any) -> Any:
    """Return a layer that has learned the statistics of its inputs, and one after it."""
    layers = keras.layers
    learned = layers.Normalization()
    learned.adapt(np.arange(15.0).reshape(3, 5) ** 2)
    return keras.Sequential([keras.Input((5,)), learned, layers.Dense(2)])


def steps(keras: Any) -> Any:
    """Return a model that is applied to each step, and a recurrent layer that skips some."""
    layers = keras.layers
    each = keras.Sequential([keras.Input((6,)), layers.Dense(3, "relu"), layers.Dense(2)])
    return keras.Sequential(
        [keras.Input((4, 6)), layers.Masking(), layers.TimeDistributed(each), layers.SimpleRNN(3)]
    )


def transposed(keras: Any) -> Any:
    """Return transposed and other convolutions, and learned slopes."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.DepthwiseConv2D(3),
            layers.Conv2DTranspose(4, 3, strides=2),
            layers.GroupNormalization(2),
            layers.PReLU(shared_axes=[1, 2]),
            layers.GlobalAveragePooling2D(),
        ]
    )


def spectral(keras: Any) -> Any:
    """Return layers of bounded gain, and the norm of their output."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.SpectralNormalization(layers.Conv2D(3, 3)),
            layers.Flatten(),
            layers.SpectralNormalization(layers.Dense(4), power_iterations=2),
            layers.UnitNormalization(),
        ]
    )


def attention(keras: Any) -> Any:
    """Return a transformer's block on embedded words, with a mask for the attention."""
    layers = keras.layers
    words = keras.Input((6,), dtype="int32")
    x = layers.Embedding(9, 4)(words)
    seen = keras.ops.expand_dims(keras.ops.not_equal(words, 0), 1)
    y = layers.MultiHeadAttention(2, 2)(x, x, attention_mask=seen)
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    y = layers.Dense(4)(layers.Dense(8, "gelu")(x))
    x = layers.Add()([x, y])
    x = layers.Attention(use_scale=True)([x, x])
    return keras.Model(words, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(x)))


def images(keras: Any) -> Any:
    """Return augmentation and preprocessing of images, followed by a small network."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 4, offset=-0.5),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.2),
            layers.CenterCrop(6, 6),
            layers.Conv2D(4, 3, strides=2, activation="silu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )


def states(keras: Any) -> Any:
    """Return an encoder whose states a decoder begins with: two inputs, two outputs."""
    layers = keras.layers
    source, target = keras.Input((4, 3), name="source"), keras.Input((5, 3), name="target")
    _, hidden, carry = layers.LSTM(3, return_state=True)(source)
    decoded = layers.LSTM(3, return_sequences=True)(target, initial_state=[hidden, carry])
    outputs = {"next": layers.Dense(3)(decoded), "kind": layers.Dense(2, "softmax")(hidden)}
    return keras.Model([source, target], outputs)


MODELS: dict[str, Callable[[Any], Any]] = {
    make.__name__: make
    for make in (
        dense, convolution, lstm, gru, functional, embedding, nested, repeated, normalized, steps,
        transposed, spectral, attention, images, states,
    )
}  # fmt: skip

WORDS = ("embedding", "attention")  # their rows are integers
RANDOM = ("dense", "lstm", "nested", "images")  # they draw random numbers in training
EPOCHS = 2


def inputs_of(name: str, model: Any) -> Any:
    """Return three rows for a model: an array, or a dict of them by the names of the inputs."""
    rng = np.random.default_rng(3)

    def rows(tensor: Any) -> np.ndarray:
        shape = (ROWS, *tensor.shape[1:])
        if name in WORDS:
            return np.sort(rng.integers(0, 9, shape, dtype=np.int32), axis=1)[:, ::-1].copy()
        return rng.normal(size=shape).astype(np.float32)

    named = {tensor.name: rows(tensor) for tensor in model.inputs}
    return next(iter(named.values())) if len(named) == 1 else named


def compiled(name: str, keras: Any, model: Any) -> None:
    """Compile a model, as a complete program would."""
    if name == "dense":
        optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
        model.compile(optimizer, keras.losses.MeanSquaredError(), metrics=["mae"])
    elif name == "gru":
        rate = keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)
        model.compile(keras.optimizers.RMSprop(rate, momentum=0.5, centered=True), "mse")
    elif name == "transposed":
        model.compile(keras.optimizers.Nadam(0.01), keras.losses.Huber())
    else:
        model.compile(keras.optimizers.Adam(0.01), "mse")


def trained(model: Any, x: Any, predicted: Any) -> None:
    """Train a model a little, towards 0.3 everywhere."""
    if isinstance(predicted, dict):
        y: Any = {key: np.full_like(value, 0.3) for key, value in predicted.items()}
    elif isinstance(predicted, list):
        y = [np.full_like(value, 0.3) for value in predicted]
    else:
        y = np.full_like(predicted, 0.3)
    model.fit(x, y, epochs=EPOCHS, shuffle=False, verbose=0)


def drawn(model: Any) -> None:
    """Give a model random weights, none of which equals the default of another."""
    rng = np.random.default_rng(5)
    # Scales and variances are positive.
    values = [rng.uniform(0.1, 0.8, size=w.shape) for w in model.get_weights()]
    signs = [rng.choice([-1, 1], size=v.shape) if v.ndim > 1 else 1 for v in values]
    learned = [layer for layer in model.layers if type(layer).__name__ == "Normalization"]
    kept = [layer.get_weights() for layer in learned]
    model.set_weights([v * sign for v, sign in zip(values, signs, strict=True)])
    for layer, weights in zip(learned, kept, strict=True):
        layer.set_weights(weights)


def leaves(value: Any) -> list[Any]:
    """Return the values in lists and dicts, dicts in the order of their keys."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]
