"""lamina: compile, fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lamina
from workloads import Workload


def layer(name: str) -> Callable[..., Any]:
    """Look a layer up when it is built: compare.py also runs builds that lack some."""

    def build(*settings: Any) -> Any:
        return getattr(lamina.layers, name)(*settings)

    return build


LAYERS = {
    "dense": lambda units, activation: lamina.layers.Dense(units, activation=activation),
    "dropout": layer("Dropout"),
    "conv2d": lambda filters, size, padding, activation: lamina.layers.Conv2D(
        filters, size, padding=padding, activation=activation
    ),
    "max_pool2d": layer("MaxPooling2D"),
    "flatten": layer("Flatten"),
    "simple_rnn": lambda units, activation, dropout=0.0, recurrent_dropout=0.0: (
        lamina.layers.SimpleRNN(
            units, activation, dropout=dropout, recurrent_dropout=recurrent_dropout
        )
    ),
    "lstm": layer("LSTM"),
    "embedding": lambda words, size: lamina.layers.Embedding(words, size, mask_zero=True),
}
KINDS = LAYERS.keys()


def versions() -> dict[str, str]:
    return {"lamina": lamina.__version__, "isa": lamina.runtime.isa()}


class Trainer:
    note = ""

    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        lamina.set_num_threads(threads)
        lamina.set_random_seed(0)
        classification = workload.task == "classification"
        self.batch = workload.batch
        self.x, self.y = workload.data()
        self.model = lamina.Sequential(
            [
                lamina.Input(workload.input_shape),
                *(LAYERS[kind](*settings) for kind, *settings in workload.layers),
            ]
        )
        self.model.compile(
            optimizer="adam",
            loss="sparse_categorical_crossentropy" if classification else "mean_squared_error",
        )

    def fit(self, epochs: int) -> None:
        self.model.fit(self.x, self.y, batch_size=self.batch, epochs=epochs, verbose=0)

    def loss(self) -> float:
        result = self.model.evaluate(self.x, self.y, verbose=0)
        return float(result[0] if isinstance(result, list | tuple) else result)
