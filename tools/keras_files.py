"""Write tests/keras_files: small models that Keras 3 saved, with what each of them predicts.

Run it where Keras is installed: ``python tools/keras_files.py``.  The members of the archives are
Keras's to the byte; they are packed anew, deflated, since HDF5 files are mostly zeros.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers as L  # noqa: N812

FOLDER = Path(__file__).parent.parent / "tests" / "keras_files"


def dense() -> Any:
    """Return a perceptron with dropout and penalties, compiled."""
    model = keras.Sequential(
        [
            keras.Input((5,)),
            L.Dense(4, "relu", kernel_regularizer="l2"),
            L.Dropout(0.2),
            L.Dense(3, keras.activations.softmax, kernel_initializer=keras.initializers.HeNormal()),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", metrics=["mae"])
    return model


def convolution() -> Any:
    """Return a network of convolutions with batch normalisation."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            L.Conv2D(3, 3, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.ReLU(),
            L.MaxPooling2D(),
            L.SeparableConv2D(4, 3, activation="relu"),
            L.LayerNormalization(),
            L.Flatten(),
            L.Dense(2),
        ]
    )


def lstm() -> Any:
    """Return two LSTM layers, and a layer for each step behind them."""
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            L.LSTM(4, return_sequences=True, dropout=0.1),
            L.LSTM(3, return_sequences=True, activation="sigmoid"),
            L.TimeDistributed(L.Dense(2)),
        ]
    )


def gru() -> Any:
    """Return GRU layers in both directions; a cell in a loop of its own."""
    return keras.Sequential(
        [
            keras.Input((5, 3)),
            L.Bidirectional(L.GRU(3, return_sequences=True)),
            L.Bidirectional(L.GRU(2, reset_after=False, return_sequences=True), merge_mode="sum"),
            L.RNN([L.SimpleRNNCell(3), L.LSTMCell(2)]),
        ]
    )


def functional() -> Any:
    """Return a graph with skips, two inputs, shared layers, attention and operations."""
    ours, theirs = keras.Input((4,), name="ours"), keras.Input((4, 6), name="theirs")
    shared = L.Dense(4, "tanh", name="shared")
    x = shared(shared(ours))
    y = L.MultiHeadAttention(2, 3)(theirs, theirs, use_causal_mask=True)
    y = L.Add()([y, theirs])
    y = L.Dense(4)(L.GlobalAveragePooling1D()(y))
    z = L.Concatenate()([x, y, L.Dense(4)(x)])
    z = keras.ops.mean(keras.ops.reshape(z, (-1, 3, 4)), axis=1) * 2 + z[:, 1:5]
    return keras.Model({"theirs": theirs, "ours": ours}, [L.Dense(1)(z), x])


def embedding() -> Any:
    """Return an embedding whose padding is masked."""
    return keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            L.Embedding(9, 4, mask_zero=True),
            L.Bidirectional(L.LSTM(3, return_sequences=True)),
            L.Conv1D(2, 2, padding="causal"),
            L.GlobalMaxPooling1D(),
            L.Dense(1, activation="sigmoid"),
        ]
    )


def nested() -> Any:
    """Return a graph that calls a Sequential and a graph, which is frozen and holds another."""
    body = keras.Sequential([keras.Input((4,)), L.Dense(5, "gelu"), L.Dense(4)], name="body")
    inner = keras.Input((4,))
    tail = keras.Sequential([keras.Input((4,)), L.Dense(4, "elu"), L.Dropout(0.5)], name="tail")
    outer = L.Multiply()([tail(inner), inner])
    head = keras.Model(inner, L.Dense(3, name="last")(outer), name="head")
    head.trainable = False
    x = keras.Input((4,))
    return keras.Model(x, L.Average()([L.Dense(3)(body(x)), head(body(x))]))


def normalized() -> Any:
    """Return a layer that has learned the statistics of its inputs, and one behind it."""
    learned = L.Normalization()
    learned.adapt(np.arange(15.0).reshape(3, 5) ** 2)
    return keras.Sequential([keras.Input((5,)), learned, L.Dense(2)])


def steps() -> Any:
    """Return a model that is applied to each step, and a recurrent layer that skips some."""
    each = keras.Sequential([keras.Input((6,)), L.Dense(3, "relu"), L.Dense(2)])
    return keras.Sequential(
        [keras.Input((4, 6)), L.Masking(), L.TimeDistributed(each), L.SimpleRNN(3)]
    )


def transposed() -> Any:
    """Return other convolutions, and slopes that are learned."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            L.DepthwiseConv2D(3),
            L.Conv2DTranspose(4, 3, strides=2),
            L.GroupNormalization(2),
            L.PReLU(shared_axes=[1, 2]),
            L.GlobalAveragePooling2D(),
        ]
    )


MODELS: tuple[Callable[[], Any], ...] = (
    dense, convolution, lstm, gru, functional, embedding, nested, normalized,
    steps, transposed,
)  # fmt: skip


def inputs_of(model: Any, rng: np.random.Generator) -> Any:
    """Return three rows for a model."""
    whole = isinstance(model.layers[0], L.Embedding)

    def rows(tensor: Any) -> Any:
        shape = (3, *tensor.shape[1:])
        if whole:
            return np.sort(rng.integers(0, 9, shape, dtype=np.int32), axis=1)[:, ::-1].copy()
        return rng.normal(size=shape).astype(np.float32)

    if len(model.inputs) > 1:
        return {tensor.name: rows(tensor) for tensor in model.inputs}
    return rows(model.inputs[0])


def write(make: Callable[[], Any]) -> None:
    """Write one model and its predictions."""
    keras.utils.clear_session()
    rng = np.random.default_rng(3)
    model = make()
    # No weight is what another would be by default; scales and variances are positive.
    drawn = [rng.uniform(0.1, 0.8, size=w.shape) for w in model.get_weights()]
    signs = [rng.choice([-1, 1], size=w.shape) if w.ndim > 1 else 1 for w in drawn]
    adapted = [layer for layer in model.layers if isinstance(layer, L.Normalization)]
    learned = [layer.get_weights() for layer in adapted]
    model.set_weights([w * sign for w, sign in zip(drawn, signs, strict=True)])
    for layer, weights in zip(adapted, learned, strict=True):
        layer.set_weights(weights)
    name = make.__name__
    model.save(FOLDER / f"{name}.keras")
    repack(FOLDER / f"{name}.keras")
    given = inputs_of(model, rng)
    answers = keras.tree.flatten(model.predict(given, verbose=0))
    told = given if isinstance(given, dict) else {"x": given}
    np.savez_compressed(
        FOLDER / f"{name}.npz", **told, **{f"answer_{i}": a for i, a in enumerate(answers)}
    )


def repack(path: Path) -> None:
    """Deflate an archive's members, and forget when they were written."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in held.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for make in MODELS:
        write(make)
    return 0


if __name__ == "__main__":
    sys.exit(main())
