"""Keras on JAX: compile, fit."""

from __future__ import annotations

import jax
import keras

from workloads import Workload

LAYERS = {
    "dense": lambda units, activation: keras.layers.Dense(units, activation=activation),
    "dropout": keras.layers.Dropout,
    "conv2d": lambda filters, size, padding, activation: keras.layers.Conv2D(
        filters, size, padding=padding, activation=activation
    ),
    "max_pool2d": keras.layers.MaxPooling2D,
    "flatten": keras.layers.Flatten,
    "simple_rnn": lambda units, activation, dropout=0.0, recurrent_dropout=0.0: (
        keras.layers.SimpleRNN(
            units, activation, dropout=dropout, recurrent_dropout=recurrent_dropout
        )
    ),
    "lstm": keras.layers.LSTM,
    "embedding": lambda words, size: keras.layers.Embedding(words, size, mask_zero=True),
}
KINDS = LAYERS.keys()


def versions() -> dict[str, str]:
    return {"keras": keras.__version__, "jax": jax.__version__}


class Trainer:
    note = "on JAX"

    def __init__(self, workload: Workload, _threads: int, _variant: str) -> None:
        keras.utils.set_random_seed(0)
        classification = workload.task == "classification"
        self.batch = workload.batch
        self.x, self.y = workload.data()
        self.model = keras.Sequential(
            [
                keras.Input(workload.input_shape),
                *(LAYERS[str(kind)](*settings) for kind, *settings in workload.layers),
            ]
        )
        self.model.compile(
            optimizer="adam",
            loss="sparse_categorical_crossentropy" if classification else "mean_squared_error",
        )

    def fit(self, epochs: int) -> None:
        self.model.fit(self.x, self.y, batch_size=self.batch, epochs=epochs, verbose=0)

    def loss(self) -> float:
        return float(self.model.evaluate(self.x, self.y, batch_size=self.batch, verbose=0))
