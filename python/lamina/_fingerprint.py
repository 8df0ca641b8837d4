"""Rows of data that are known again: by digests of a few of them, without keeping the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

KEPT = 64  # rows whose digests are kept
WIDEST = 4096  # numbers of a row of one array that its digest is of
DISTINCT = 0.95  # share of rows unlike all others, from which on equal rows tell something


class Fingerprint:
    """Digests of some rows, evenly spaced, of arrays that have a row for each case.

    The cost does not depend on how many rows there are.

    Parameters
    ----------
    arrays : sequence of array_like of shape (rows, ...)
        Numbers: inputs and targets, for instance.  They are compared as float32.
    rows : ndarray of int, optional
        Which rows count; by default all.

    Attributes
    ----------
    rows : int
        How many rows count.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> known = Fingerprint([x[:100]])
    >>> known.share_of([x[:100]]), known.share_of([x[100:]]), known.share_of([x])
    (1.0, 0.0, 0.5)
    """

    def __init__(self, arrays: Sequence[Any], rows: Array | None = None) -> None:
        self.rows = len(arrays[0]) if rows is None else len(rows)
        self._places = np.linspace(0, max(self.rows - 1, 0), min(self.rows, KEPT)).astype(np.int64)
        chosen = self._places if rows is None else rows[self._places]
        self._digests = _digests([array[chosen] for array in arrays])

    def share_of(self, arrays: Sequence[Any]) -> float:
        """Return about what share of other rows are among these, as far as it can be told.

        It is 1 where the same rows stand in the same order, and 0 where nothing can be told: for
        arrays of other widths, and for rows in another order of which many are alike, so that equal
        rows need not be the same case.
        """
        if not self.rows or len({len(array) for array in arrays}) != 1 or not len(arrays[0]):
            return 0.0
        digests = _digests(arrays)
        count = len(digests)
        if (
            count == self.rows
            and np.array_equal(digests[self._places], self._digests)
            and (count == 1 or len(np.unique(self._digests)) > 1)
        ):
            return 1.0
        if len(np.unique(digests)) < DISTINCT * count:
            return 0.0
        found = int(np.isin(self._digests, digests).sum())
        # A single one may be a coincidence.
        return min(1.0, found / len(self._digests) * self.rows / count) if found > 1 else 0.0


def _digests(arrays: Sequence[Any]) -> Array:
    """Return a number for each row, of 64 bits: the sum of its bits, each word times a factor."""
    total = np.zeros(len(arrays[0]), np.uint64)
    for place, array in enumerate(map(np.asarray, arrays)):
        flat = array.reshape(len(array), math.prod(array.shape[1:]))
        flat = flat[:, :: max(1, -(-flat.shape[1] // WIDEST))]
        with np.errstate(over="ignore"):
            words = (flat.astype(np.float32) + np.float32(0)).view(np.uint32)  # no -0
        factors = np.random.default_rng([place, flat.shape[1]]).integers(
            1, 2**64, flat.shape[1], np.uint64, endpoint=False
        )
        for start in range(0, len(words), 1024):  # few at a time, as words are widened
            rows = slice(start, start + 1024)
            total[rows] += (words[rows] * (factors | np.uint64(1))).sum(axis=1, dtype=np.uint64)
    return total
