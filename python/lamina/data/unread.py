"""Rows that are made or read when they are needed: sparse matrices, large memory maps."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from lamina._check import Array, Shape

LARGE = 1 << 28  # size in bytes from which a memory map is read piece by piece
RUN = 1 << 16  # bytes read at once
RUNS = 64  # number of runs mapped at a time


class Unread:
    """Rows that do not exist as an array in memory.

    Attributes
    ----------
    shape : tuple of int
        Like that of an array.
    dtype : numpy.dtype
    run : int or None
        The number of rows that are best read in sequence; None if any order is equally good.
    """

    shape: Shape
    dtype: np.dtype[Any]
    run: int | None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def take(self, rows: Array) -> Array:
        """Return rows by number, as a new array."""
        raise NotImplementedError


class Sparse(Unread):
    """A SciPy sparse matrix: rows become dense when they are taken."""

    run = None

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix.tocsr()
        self.shape, self.dtype = tuple(map(int, matrix.shape)), np.dtype(matrix.dtype)

    def take(self, rows: Array) -> Array:
        """Return dense rows."""
        return np.asarray(self._matrix[rows].toarray())


class Mapped(Unread):
    """A memory map: rows are copied when they are taken, and their pages are released."""

    run: int

    def __init__(self, array: np.memmap[Any, Any], file: mmap.mmap) -> None:
        self._array, self._file, self._copied = array, file, 0
        self.shape, self.dtype = array.shape, array.dtype
        self.run = max(1, RUN // max(1, array.nbytes // max(1, len(array))))

    def take(self, rows: Array) -> Array:
        """Return a copy of rows."""
        made = np.empty((len(rows), *self.shape[1:]), self.dtype)
        most = self.run * RUNS
        for place, start, stop in _pieces(rows, most):
            made[start:stop] = self._array[place : place + stop - start]
            self._copied += max(stop - start, self.run)
            if self._copied >= most:
                self._let_go()
        self._let_go()
        return made

    def _let_go(self) -> None:
        # Mapped pages count as memory of this process, with the pages around them; those of the
        # file stay cached.
        self._copied = 0
        with suppress(AttributeError, OSError, ValueError):
            self._file.madvise(mmap.MADV_DONTNEED)


def _pieces(rows: Array, most: int) -> Iterator[tuple[int, int, int]]:
    """Yield runs of rows of limited length: the number of the first row, and the start and end."""
    ends = [*(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
    start = 0
    for end in ends:
        while start < end:
            stop = min(end, start + most)
            yield int(rows[start]), start, stop
            start = stop


def unread(value: Any) -> Unread | None:
    """Return rows that should not be converted to an array at once; None for other data."""
    if isinstance(value, Unread):
        return value
    if type(value) is np.ndarray:
        return None
    if isinstance(value, np.memmap):
        # Not for a private map: values written to it would be lost with its pages.
        file, mode = getattr(value, "_mmap", None), getattr(value, "mode", None)
        large = value.nbytes >= LARGE and value.ndim > 0 and mode in ("r", "r+", "w+")
        return Mapped(value, file) if large and isinstance(file, mmap.mmap) else None
    if hasattr(value, "tocsr") and hasattr(value, "nnz") and len(value.shape) == 2:
        return Sparse(value)
    return None
