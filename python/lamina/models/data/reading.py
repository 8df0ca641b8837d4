"""Inputs and targets that are read while a model is fitted, evaluated or predicts."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._check import Array, Shape
from lamina.data.unread import Unread

if TYPE_CHECKING:
    from lamina.data.stages import Own
    from lamina.models.data.prepared import Data, Part
    from lamina.models.data.row_order import Draw

WINDOW = 8 << 20  # bytes read at a time: larger blocks are returned to the system each time
AHEAD = 1  # windows read while one is used

Convert = Callable[[str, Array, Any], Array]


class Reading:
    """Rows in the form that the engine takes, read when they are requested.

    Parameters
    ----------
    rows : Unread
    convert : callable
        A function of the name, rows and their numbers that checks and converts.
    name : str
    dtype : str
        Of the converted rows.
    shape : tuple of int, optional
        Of all converted rows, if converting changes the shape.
    """

    def __init__(
        self, rows: Unread, convert: Convert, name: str, dtype: str, shape: Shape | None = None
    ) -> None:
        self._rows, self._convert, self._name = rows, convert, name
        self.shape = rows.shape if shape is None else shape
        self.dtype, self.run = np.dtype(dtype), rows.run

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def reshape(self, shape: Shape) -> Reading:
        """Return the same rows in another shape."""
        made = copy.copy(self)
        made.shape = tuple(shape)
        return made

    def pieces(self) -> Iterator[Array]:
        """Yield all rows, some at a time."""
        step = rows_of_window([self], 1)
        return (self[start : start + step] for start in range(0, len(self), step))

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def take(self, rows: Array) -> Array:
        """Return rows by number."""
        made = self._convert(self._name, self._rows.take(rows), rows)
        return made.reshape(len(made), *self.shape[1:])

    def __getitem__(self, rows: Any) -> Array:
        """Return rows by number, or the rows of a slice."""
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        return self.take(np.asarray(rows))


def is_reading(arrays: Iterable[Any]) -> bool:
    """Return whether any of these are read piece by piece."""
    return any(isinstance(a, Reading) for a in arrays)


def rows_of_window(arrays: Iterable[Any], batch: int) -> int:
    """Return the number of rows read at a time: whole batches."""
    sizes = [np.prod(a.shape[1:], dtype=np.int64) * a.dtype.itemsize for a in arrays]
    rows = WINDOW // max(1, int(sum(sizes)))
    return max(batch, rows // batch * batch)


def windows(part: Part, batch: int) -> Iterator[Part]:
    """Yield the rows of a part in pieces of whole batches, each read while the last one is used."""
    data, size = part.data, rows_of_window(part.data.read_by_row, batch)
    pieces = (
        np.arange(start, min(start + size, part.size)) if part.rows is None
        else part.rows[start : start + size]
        for start in range(0, part.size, size)
    )  # fmt: skip
    return (read for read, _ in _read(data, ((piece, None, None) for piece in pieces)))


# Rows in the order in which batches take them, and the rows that are needed; None for all in order.
Piece = tuple[Array, Array | None, Array | None]


def _read(data: Data, pieces: Iterable[Piece]) -> Iterator[tuple[Part, Array | None]]:
    from lamina.data.readers import in_order
    from lamina.models.data.prepared import part_of

    def read(piece: Piece) -> tuple[Part, Array | None]:
        rows, order, needed = piece
        return part_of(data.read(rows, needed)), order

    return in_order(read, pieces, 1, AHEAD)


class Windows:
    """The feed of a fit whose inputs are read piece by piece.

    A shuffled epoch takes rows in the same order as for arrays in memory, or, if rows are best read
    in runs, draws an order of the runs, and of the rows that are read together.

    Parameters
    ----------
    part : Part
    batch : int
    steps : int
        Batches per epoch.
    own : callable, optional
        Returns the rows of a batch of a given size that are needed; the others are not read.
    """

    def __init__(self, part: Part, batch: int, steps: int, own: Own | None = None) -> None:
        from lamina.models.data.prepared import part_of

        self._part, self._batch, self._own = part, batch, own
        self._used = min(part.size, steps * batch)
        self._window = rows_of_window(part.data.read_by_row, batch)
        runs = [
            a.run for a in part.data.read_by_row if isinstance(a, Reading) and a.run is not None
        ]
        self._run = min(runs) if runs else None
        rows = np.arange(min(batch, part.size)) if part.rows is None else part.rows[:batch]
        self.first = part_of(part.data.read(rows))

    def epoch(self, draw: Draw | None = None) -> Iterator[Any]:
        """Yield the batches, window after window."""
        from lamina.models.data.batches import Batches, spans

        for part, order in _read(self._part.data, self._windows(draw)):
            found = list(spans(part.size, self._batch))
            yield Batches(order, found, [part] * len(found))

    def _windows(self, draw: Draw | None) -> Iterator[Piece]:
        for number, rows in enumerate(self._pieces(draw)):
            order = None
            if draw is not None and self._run is not None:
                order = draw(len(rows), 1 + number)
            yield rows, order, self._needed(len(rows), order)

    def _needed(self, rows: int, order: Array | None) -> Array | None:
        from lamina.models.data.batches import spans

        if self._own is None:
            return None
        places = np.arange(rows) if order is None else order
        found = spans(rows, self._batch)
        return np.concatenate([places[a:b][self._own(b - a)] for a, b in found])

    def _pieces(self, draw: Draw | None) -> Iterator[Array]:
        """Yield the numbers of the rows of each window."""
        part, size = self._part, self._window
        if draw is not None and self._run is not None:
            yield from self._pieces_of_runs(draw, self._run)
            return
        order = None if draw is None else draw(part.size, 0)
        for start in range(0, self._used, size):
            stop = min(start + size, self._used)
            rows = np.arange(start, stop) if order is None else order[start:stop]
            yield rows if part.rows is None else part.rows[rows]

    def _pieces_of_runs(self, draw: Draw, run: int) -> Iterator[Array]:
        part, left = self._part, self._used
        order = draw(-(-part.size // run), 0)
        held: list[Array] = []
        count = 0
        for number in order.tolist():
            rows = np.arange(number * run, min((number + 1) * run, part.size))
            held.append(rows if part.rows is None else part.rows[rows])
            count += len(rows)
            while count >= self._window and left > 0:
                joined = np.concatenate(held)
                piece, rest = joined[: self._window][:left], joined[self._window :]
                held, count, left = [rest], len(rest), left - len(piece)
                yield piece
        if count and left > 0:
            yield np.concatenate(held)[:left]
