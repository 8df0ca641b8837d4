"""Warnings of ``fit`` about inputs so large that a layer cannot learn well from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._arrays import titled
from lamina._check import Array, quiet
from lamina.layers import Dense
from lamina.models.data.reading import Reading
from lamina.models.data.rows import Rows
from lamina.models.training.advice import LOW_ROWS, tell

if TYPE_CHECKING:
    from lamina.models.data.prepared import Data

LARGE = 1e3  # a standard deviation too large for initial weights, which are meant for about 1
SAMPLE = 256  # rows that are examined


def on_scales(model: Any, data: Data, rows: Array | None) -> None:
    """Warn about columns of large numbers that a ``Dense`` layer reads directly.

    Other layers may expect large inputs: they look up ids, or normalise.
    """
    count = data.rows if rows is None else len(rows)
    if count < LOW_ROWS or (data.made and any(data.made)):
        return
    compiled = model.compilation("fit")
    for place, dense in _read_by_dense(model):
        key, values = f"scale {place}", data.inputs[place]
        if key in compiled.advised or isinstance(values, (Rows, Reading)):
            continue
        if values.ndim != 2 or values.dtype.kind != "f":
            continue
        column, spread = _widest(values[:SAMPLE] if rows is None else values[rows[:SAMPLE]])
        if spread > LARGE:
            x = "x" if len(data.inputs) == 1 else f"x[{place}]"
            which = f"column {column}{titled(data.columns[place], column)} of {x}"
            tell(
                compiled, key,
                f"{which} has a standard deviation of {spread:.2g}, and {dense.name} learns slowly "
                f"or not at all from numbers that are far from 1: scale them, or put a "
                f"Normalization layer before it, adapted to x",
            )  # fmt: skip


@quiet
def _widest(sample: Array) -> tuple[int, float]:
    """Return the column with the largest standard deviation, if it may be large, and its value."""
    wide = np.flatnonzero(np.ptp(sample, axis=0) > 2 * LARGE)  # others cannot be large
    if not wide.size:
        return 0, 0.0
    large = sample[:, wide].astype(np.float64)
    most = float(np.abs(large).max())  # scale, as squares may overflow
    spreads = (large / most).std(axis=0) * most
    widest = int(np.argmax(spreads))
    return int(wide[widest]), float(spreads[widest])


def _read_by_dense(model: Any) -> Iterator[tuple[int, Any]]:
    """Yield inputs, by index, with the ``Dense`` that reads each, if nothing normalises them."""
    within = (each for layer in model.parts for each in layer.walk())
    if not any(type(each).__name__.endswith("Normalization") for each in within):
        for place, layer in model._readers():
            if type(layer) is Dense:
                yield place, layer
