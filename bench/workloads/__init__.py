"""The training jobs on which lamina and its peers are compared: one entry each.

A workload is data.  `layers` is a list of plain tuples; each peer's module has a table from the
first word of a tuple to what it builds.  A workload with a new kind of layer adds one entry here
and one line to the table of each peer that can do it; the others say so and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Workload:
    """A network, its data's shape, and what lamina must reach on it."""

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[tuple[str | int | float, ...], ...]
    task: str  # "regression" (mean squared error) or "classification" (integer labels)
    batch: int
    rows: int  # of the training set, a multiple of the batch
    steps: int  # of one round
    mflop: float  # of one step: forward, both products of backward
    target_us: float  # median of one step on two threads
    target_ratio: float  # the best peer's time over lamina's

    @property
    def steps_per_epoch(self) -> int:
        return self.rows // self.batch

    @property
    def classes(self) -> int:
        """Give the units of the last dense layer."""
        return int(next(layer[1] for layer in reversed(self.layers) if layer[0] == "dense"))

    def epochs(self, steps: int) -> int:
        """Give the whole epochs that come nearest to `steps`, at least one."""
        return max(1, round(steps / self.steps_per_epoch))

    def data(self) -> tuple[NDArray[np.float32], NDArray[np.generic]]:
        """Draw inputs, and targets that the inputs explain, so that every peer's loss must fall."""
        rng = np.random.default_rng(20)
        x = rng.standard_normal((self.rows, *self.input_shape), dtype=np.float32)
        flat = x.reshape(self.rows, -1)
        weights = rng.standard_normal((flat.shape[1], self.classes), dtype=np.float32)
        scores = flat @ weights / np.sqrt(np.float32(flat.shape[1]))
        if self.task == "classification":
            return x, scores.argmax(axis=1).astype(np.int32)
        return x, scores.astype(np.float32)


def _by_name(*workloads: Workload) -> dict[str, Workload]:
    return {workload.name: workload for workload in workloads}


WORKLOADS = _by_name(
    # The book's Hitters network (section 10.9.1) on about as many rows as Hitters has.
    Workload(
        name="hitters",
        input_shape=(19,),
        layers=(("dense", 64, "relu"), ("dropout", 0.4), ("dense", 1, "linear")),
        task="regression",
        batch=32,
        rows=256,
        steps=2048,
        mflop=0.25,
        target_us=12,
        target_ratio=4.0,
    ),
    # The book's MNIST network (section 10.9.2) on about as many digits as lamina brings along.
    Workload(
        name="mlp",
        input_shape=(784,),
        layers=(
            ("dense", 256, "relu"),
            ("dropout", 0.4),
            ("dense", 128, "relu"),
            ("dropout", 0.3),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=128,
        rows=4992,
        steps=312,
        mflop=129,
        target_us=1150,
        target_ratio=1.5,
    ),
    Workload(
        name="wide",
        input_shape=(1024,),
        layers=(
            ("dense", 1024, "relu"),
            ("dense", 1024, "relu"),
            ("dense", 1024, "relu"),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=256,
        rows=2048,
        steps=24,
        mflop=4900,
        target_us=33000,
        target_ratio=1.1,
    ),
)
