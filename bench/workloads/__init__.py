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
    mflop: float  # of one step: forward and backward, without the gradient at the data
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
        if len(self.input_shape) == 2:  # (steps, inputs): the past fades, or no state could tell
            steps, inputs = self.input_shape
            fade = np.float32(0.5) ** np.arange(steps - 1, -1, -1, dtype=np.float32)
            weights *= np.repeat(fade, inputs)[:, None]
        scores = flat @ weights / np.linalg.norm(weights, axis=0)
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
    # Two convolutions on images of MNIST's size.
    Workload(
        name="cnn",
        input_shape=(28, 28, 1),
        layers=(
            ("conv2d", 32, 3, "valid", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 64, 3, "valid", "relu"),
            ("max_pool2d", 2),
            ("flatten",),
            ("dense", 128, "relu"),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=128,
        rows=1280,
        steps=20,
        mflop=1970,
        target_us=18000,
        target_ratio=2.5,
    ),
    # The book's CIFAR-100 network (section 10.9.3).
    Workload(
        name="cifar",
        input_shape=(32, 32, 3),
        layers=(
            ("conv2d", 32, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 64, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 128, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 256, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("flatten",),
            ("dense", 512, "relu"),
            ("dense", 100, "softmax"),
        ),
        task="classification",
        batch=128,
        rows=640,
        steps=10,
        mflop=11770,
        target_us=88000,
        target_ratio=1.6,
    ),
    # The book's NYSE network (section 10.9.6): five days of three series, as many rows as there.
    Workload(
        name="nyse",
        input_shape=(5, 3),
        layers=(("simple_rnn", 12, "relu"), ("dense", 1, "linear")),
        task="regression",
        batch=64,
        rows=4288,
        steps=670,
        mflop=0.33,
        target_us=20,
        target_ratio=3.0,
    ),
    # Long sequences: the last state alone goes on.
    Workload(
        name="rnn",
        input_shape=(200, 32),
        layers=(("simple_rnn", 64, "tanh"), ("dense", 1, "linear")),
        task="regression",
        batch=64,
        rows=512,
        steps=16,
        mflop=419,
        target_us=5000,
        target_ratio=2.5,
    ),
    Workload(
        name="lstm",
        input_shape=(200, 32),
        layers=(("lstm", 64), ("dense", 1, "linear")),
        task="regression",
        batch=64,
        rows=512,
        steps=16,
        mflop=1680,
        target_us=16000,
        target_ratio=3.0,
    ),
)
