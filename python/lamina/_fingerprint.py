"""Recognising rows of data by digests of a few of them, without storing the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

KEPT = 64  # rows whose digests are kept
WIDEST = 4096  # numbers of a row of one array used for its digest
BITS = 20.0  # of surprise from which rows in the same order count as the same ones
DISTINCT = 0.95  # share of unique rows from which equal rows are informative
RARE = 5.0  # possible number of pairs equal by chance if none has been seen


class Fingerprint:
    """Digests of some evenly spaced rows, of arrays with a row for each case.

    The cost does not depend on the number of rows.

    Parameters
    ----------
    arrays : sequence of array_like of shape (rows, ...)
        For instance inputs and targets, which must be numeric.  They are compared as float32.
    rows : ndarray of int, optional
        The rows to include; by default all.

    Attributes
    ----------
    rows : int
        The number of rows included.

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
        """Return the approximate share of other rows that are among these, as far as known.

        It is 1 if the same rows are in the same order, and 0 if nothing can be determined: for
        arrays of other widths, for few rows, and if so many rows are alike that equal rows need not
        be the same case.
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
        """Return the number of equal pairs of a stored row and another row."""
        ordered = np.sort(digests)
        ends = [np.searchsorted(ordered, self._digests, side) for side in ("left", "right")]
        return int((ends[1] - ends[0]).sum())

    def _pairs_by_chance(self, digests: Array) -> float:
        """Return an upper bound of the number of such pairs if no row is the same case.

        Pairs within one set of rows are equal as often as pairs across a random split of it.  If
        ``k`` are observed, at most about ``k + 3 sqrt(k)`` were to be expected, and if ``m`` are to
        be expected, at most about ``m + 3 sqrt(m)`` are observed.
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
    """Return how unlikely it is, in bits, that these rows are in these places by chance.

    Rows equal to the one before, as in sorted tables, do not contribute.
    """
    values, inverse, counts = np.unique(digests, return_inverse=True, return_counts=True)
    if len(values) == 1:
        return 0.0
    here = inverse[places]
    new = np.r_[True, here[1:] != here[:-1]]
    return float(np.log2(len(digests) / counts[here[new]]).sum())


def _digests(arrays: Sequence[Any]) -> Array:
    """Return a 64-bit number for each row: the sum over its words of their bits times a factor."""
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
