"""Networks along one size, from small to large: one entry each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from workloads.workload import Input, Layer, Workload, numbers


@dataclass(frozen=True)
class Sweep:
    """A kind of size, its values, and their networks; a step or the first `fit` is measured."""

    name: str
    what: str
    values: tuple[int, ...]
    workload: Callable[[int], Workload]
    first_fit: bool = False


def _workload(given: Input, layers: tuple[Layer, ...], batch: int, task: str) -> Workload:
    """Return a workload with rows for 2 to 64 steps per epoch, up to 64 MB."""
    steps = max(2, min(64, 2**24 // (batch * math.prod(given.shape))))
    return Workload("sweep", (given,), layers, task, batch, rows=steps * batch, steps=steps)


def _batch(rows: int) -> Workload:
    layers = (("dense", 256, "relu"), ("dense", 128, "relu"), ("dense", 10, "softmax"))
    return _workload(numbers(784), layers, rows, "classification")


def _width(units: int) -> Workload:
    layers = (("dense", units, "relu"), ("dense", units, "relu"), ("dense", 10, "softmax"))
    return _workload(numbers(units), layers, 64, "classification")


def _depth(count: int) -> Workload:
    layers = (*(("dense", 64, "relu"),) * count, ("dense", 10, "softmax"))
    return _workload(numbers(64), layers, 32, "classification")


def _length(steps: int) -> Workload:
    return _workload(numbers(steps, 16), (("lstm", 32), ("dense", 1, "linear")), 32, "regression")


def _channels(count: int) -> Workload:
    windows = ("conv2d", count, 3, "same", "relu")
    layers = (windows, windows, ("global_average_pool2d",), ("dense", 10, "softmax"))
    return _workload(numbers(16, 16, count), layers, 16, "classification")


def _kernel(size: int) -> Workload:
    windows = ("conv2d", 16, size, "valid", "relu")
    layers = (windows, windows, ("global_average_pool2d",), ("dense", 10, "softmax"))
    return _workload(numbers(32, 32, 16), layers, 16, "classification")


def _lstm(units: int) -> Workload:
    layers = (("lstm", units), ("dense", 1, "linear"))
    return _workload(numbers(20, 32), layers, 32, "regression")


_DEPTHS = (1, 2, 5, 10, 20, 50, 100)

SWEEPS = {
    sweep.name: sweep
    for sweep in (
        Sweep("batch", "784-256-128-10, rows", tuple(2**i for i in range(13)), _batch),
        Sweep("width", "n-n-n-10, 64 rows", tuple(2**i for i in range(4, 13)), _width),
        Sweep("depth", "layers of 64, 32 rows", _DEPTHS, _depth),
        Sweep(
            "length",
            "steps of 16 to LSTM(32), 32 rows",
            (10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
            _length,
        ),
        Sweep(
            "channels",
            "two 3x3 convolutions on 16x16, 16 rows",
            (1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512),
            _channels,
        ),
        Sweep(
            "kernel",
            "two convolutions of 16 channels on 32x32, 16 rows",
            (1, 2, 3, 4, 5, 7, 9, 11),
            _kernel,
        ),
        Sweep("first-lstm", "the first fit of LSTM(n), 32 rows", (16, 64, 256, 1024), _lstm, True),
        Sweep("first-depth", "the first fit of layers of 64, 32 rows", _DEPTHS, _depth, True),
    )
}
