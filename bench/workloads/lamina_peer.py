"""lamina: compile, fit."""

from __future__ import annotations

import lamina
from workloads import Workload

LAYERS = {
    "dense": lambda units, activation: lamina.layers.Dense(units, activation=activation),
    "dropout": lamina.layers.Dropout,
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
