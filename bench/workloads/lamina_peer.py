"""lamina: compile, fit, predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lamina
from common import median_seconds
from workloads import Workload, keras_like
from workloads.predicted_files import Files

LAYERS = keras_like.table(lamina)
KINDS = (*LAYERS, *keras_like.COMPOSED)


def versions() -> dict[str, str]:
    return {"lamina": lamina.__version__, "isa": lamina.runtime.isa()}


def round_trip_ns() -> float:
    """Return the nanoseconds that a cache line takes to another thread and back."""
    return lamina._core.runtime.round_trip_ns()


class Trainer(keras_like.Trainer):
    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        lamina.set_num_threads(threads)
        lamina.set_random_seed(0)
        super().__init__(lamina, workload)

    def profile(self) -> list[dict[str, Any]]:
        table = lamina.profile(self.model, self.x, self.y, batch_size=self.batch)
        return [
            {"operation": row.operation, "pass": row.phase, "us": row.us, "mflop": row.mflop,
             "mb": row.mb}
            for row in table.rows
        ]  # fmt: skip


class Predictor:
    def __init__(self, workload: Workload, threads: int, files: Files) -> None:
        lamina.set_num_threads(threads)
        self.model, layers = keras_like.network(lamina, workload)
        weights, statistics = files.arrays("weights"), files.arrays("statistics")
        for layer in layers:
            trained, count = len(layer.trainable_weights), len(layer.get_weights())
            arrays = [next(weights) for _ in range(trained)]
            layer.set_weights(arrays + [next(statistics) for _ in range(count - trained)])

    def prepare(self, xs: list[Any]) -> Callable[[], Any]:
        """Predict all rows at once or in batches of 32, its default, whichever is faster."""
        x = xs if len(xs) > 1 else xs[0]

        def call(size: int) -> Callable[[], Any]:
            return lambda: self.model.predict(x, batch_size=size, verbose=0)

        sizes = {len(xs[0]), min(32, len(xs[0]))}
        return min(map(call, sizes), key=median_seconds) if len(sizes) > 1 else call(*sizes)
