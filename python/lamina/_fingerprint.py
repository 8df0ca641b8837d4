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
BITS = 20.0  # of coincidence in rows of the same order, from which on they are the same ones
DISTINCT = 0.95  # share of rows unlike all others, from which on equal rows tell something
RARE = 5.0  # pairs of equal rows that chance may make where none has been seen


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
        arrays of other widths, for a few rows, and for rows of which so many are alike that equal
        rows need not be the same case.
        """
        if not self.rows or len({len(array) for array in arrays}) != 1 or not len(arrays[0]):
            return 0.0
        digests = _digests(arrays)
        count = len(digests)
        if count == self.rows and np.array_equal(digests[self._places], self._digests):
            return 1.0 if _surprise(digests, self._places) >= BITS else 0.0
        if len(np.unique(digests)) < DISTINCT * count:
            return 0.0
        if self._pairs_with(digests) <= self._pairs_by_chance(digests):
            return 0.0
        found = int(np.isin(self._digests, digests).sum())
        return min(1.0, found / len(self._digests) * self.rows / count)

    def _pairs_with(self, digests: Array) -> int:
        """Return how many pairs of a row that is kept and another one are equal."""
        ordered = np.sort(digests)
        ends = [np.searchsorted(ordered, self._digests, side) for side in ("left", "right")]
        return int((ends[1] - ends[0]).sum())

    def _pairs_by_chance(self, digests: Array) -> float:
        """Return how many such pairs there may be at most if no row is the same case.

        Pairs within one set of rows are equal as often as those across two sets that chance has
        split.  Where ``k`` are seen, hardly more than ``k + 3 sqrt(k)`` were to be expected, and
        where ``m`` are to be expected, hardly more than ``m + 3 sqrt(m)`` are seen.
        """
        equal = pairs = 0
        for each in (digests, self._digests):
            counts = np.unique(each, return_counts=True)[1]
            equal += int((counts * (counts - 1) // 2).sum())
            pairs += len(each) * (len(each) - 1) // 2
        most = equal + 3.0 * math.sqrt(equal) + RARE
        expected = most * len(digests) * len(self._digests) / max(pairs, 1)
        return expected + 3.0 * math.sqrt(expected)


def _surprise(digests: Array, places: Array) -> float:
    """Return how unlikely it is by chance that the rows at some places are these ones, in bits.

    Rows that are as the one before, as in sorted tables, say nothing.
    """
    values, inverse, counts = np.unique(digests, return_inverse=True, return_counts=True)
    if len(values) == 1:
        return 0.0
    here = inverse[places]
    new = np.r_[True, here[1:] != here[:-1]]
    return float(np.log2(len(digests) / counts[here[new]]).sum())


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
