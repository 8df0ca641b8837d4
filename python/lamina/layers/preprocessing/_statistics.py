"""Means and variances of data that come in batches."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from lamina import _check
from lamina._check import Array, Shape

BLOCK = 1 << 16  # rows read at a time, to avoid a copy of all data


class Statistics:
    """Means and variances for each index of some axes of a row, over all other axes.

    Blocks in float64 are merged as in Chan, Golub and LeVeque (1983), which avoids cancellation and
    large copies.

    Parameters
    ----------
    who : str
        For messages.
    kept : list of int
        The axes.
    row_shape : tuple of int
    """

    def __init__(self, who: str, kept: list[int], row_shape: Shape) -> None:
        self.who, self.kept, self.rows = who, kept, 0
        self.shape = tuple(row_shape[i] for i in kept)
        self.axes = len(row_shape)
        size = int(np.prod(self.shape, dtype=int))
        self.count, self.mean, self.squares = 0, np.zeros(size), np.zeros(size)
        self.low, self.high = np.full(size, np.inf), np.full(size, -np.inf)

    def take(self, data: object, array: Array) -> None:
        """Add a batch, given as it was passed, for messages, and as an array."""
        row_shape = array.shape[1:]
        if len(row_shape) != self.axes or tuple(row_shape[i] for i in self.kept) != self.shape:
            raise ValueError(
                f"{self.who}: all batches must have the same columns; got rows of shape {row_shape}"
            )
        for start in range(0, len(array), BLOCK):
            whole = data if len(array) <= BLOCK else array[start : start + BLOCK]
            block = _check.floats(self.who, "data", whole, "float64", first_row=self.rows + start)
            self._merge(block.reshape(-1, *row_shape))
        self.rows += len(array)

    def _merge(self, block: Array) -> None:
        last = [i + 1 for i in self.kept]
        order = [i for i in range(block.ndim) if i not in last] + last
        rows = block.transpose(order).reshape(-1, len(self.mean))
        mean = rows.mean(axis=0)
        shift = mean - self.mean
        total = self.count + len(rows)
        self.squares += np.square(rows - mean).sum(axis=0)
        self.squares += shift**2 * (self.count * len(rows) / total)
        self.mean += shift * (len(rows) / total)
        self.low, self.high = np.minimum(self.low, rows.min(0)), np.maximum(self.high, rows.max(0))
        self.count = total

    def result(self) -> tuple[Array, Array]:
        """Return means and variances; for constant data exactly the value and 0."""
        constant = self.low == self.high
        variance = np.where(constant, 0.0, self.squares / self.count)
        lost = ~np.isfinite(variance) | (~constant & (variance == 0.0))
        if lost.any():
            self._refuse(int(np.argmax(lost)), variance)
        mean = np.where(constant, self.low, self.mean)
        return mean.reshape(self.shape), variance.reshape(self.shape)

    def _refuse(self, j: int, variance: Array) -> NoReturn:
        rule = "variance above 0" if variance[j] == 0.0 else "finite variance"
        which = f"column {j}" if self.shape else "it"
        raise ValueError(
            f"{self.who}: data must have a {rule} in float64; {which} ranges from "
            f"{self.low[j]:g} to {self.high[j]:g}"
        )
