"""The batches of an epoch, and the order of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np

from lamina import _check, _screen
from lamina._check import Array
from lamina.models.data.prepared import Part
from lamina.models.data.row_order import Draw

LISTED = 1 << 16  # the number of batches whose spans are kept for all epochs


class Batches(NamedTuple):
    """The batches of an epoch.

    Attributes
    ----------
    order : ndarray of int64 or None
        Rows, batch after batch, each a row of its part; None for all rows in their order.
    spans : iterable of tuple (int, int)
        The start and end of each batch in ``order``.
    parts : sequence of Part or None
        The part of each batch; None if there is only one.
    """

    order: Array | None
    spans: Iterable[tuple[int, int]]
    parts: Sequence[Part] | None = None


class Feed(Protocol):
    """The data of a fit.

    Attributes
    ----------
    first : Part
        The part of the first batch.
    """

    first: Part

    def epoch(self, draw: Draw | None = None) -> Iterable[Batches]:
        """Return the batches of an epoch, several at a time, in the order given by ``draw``."""


def spans(rows: int, batch: int) -> Iterable[tuple[int, int]]:
    """Return the start and end of the batches of a number of rows."""
    return zip(range(0, rows, batch), chain(range(batch, rows, batch), (rows,)), strict=True)


def count(rows: int, batch: int) -> int:
    """Return the number of batches of a number of rows."""
    return -(-rows // batch)


def steps_of(who: str, name: str, value: object, most: int) -> int:
    """Return the number of batches wanted; warn if there are fewer."""
    steps = _check.integer(who, name, value)
    if steps > most:
        there = f"the data have only {most} batches: all are used"
        _screen.warn(f"{who}: {name} is {steps}, but {there}")
    return min(steps, most)


def first_batches(parts: Sequence[Part], batch: int, steps: int) -> list[Part]:
    """Return the rows of the first ``steps`` batches."""
    kept: list[Part] = []
    for part in parts:
        size = min(part.size, steps * batch)
        if size:
            rows = None if part.rows is None else part.rows[:size]
            kept.append(Part(part.data, rows, size))
        steps -= count(size, batch)
    return kept


def behind(chunks: Iterable[Batches], before: int) -> Iterator[Batches]:
    """Yield the batches of an epoch after the first ones."""
    for order, given, parts in chunks:
        listed = list(given)
        skipped = min(before, len(listed))
        before -= skipped
        if skipped < len(listed):
            yield Batches(order, listed[skipped:], None if parts is None else parts[skipped:])


class Schedule:
    """An epoch of a fit: ``steps`` batches of at most ``batch`` rows, each from one part.

    Parameters
    ----------
    parts : sequence of Part
    batch : int
    steps : int or None
        None for all.
    """

    def __init__(self, parts: Sequence[Part], batch: int, steps: int | None) -> None:
        steps = sum(count(part.size, batch) for part in parts) if steps is None else steps
        self._parts, self._batch, self._steps = parts, batch, steps
        self.first = parts[0]
        self._spans: list[tuple[int, int]] | None = None
        if len(parts) == 1 and steps <= LISTED:  # the same for all epochs
            self._spans = list(self._spans_of_one())

    def _spans_of_one(self) -> Iterable[tuple[int, int]]:
        return spans(min(self._parts[0].size, self._steps * self._batch), self._batch)

    def epoch(self, draw: Draw | None = None) -> Iterable[Batches]:
        """Return all batches at once; ``draw`` orders first the rows, then the batches."""
        if len(self._parts) == 1:
            part, made = self._parts[0], self._spans
            rows = _shuffled(part.rows, part.size, draw, 0)
            return (Batches(rows, self._spans_of_one() if made is None else made),)
        pieces: list[tuple[Part, Array]] = []
        for place, part in enumerate(self._parts):
            whole = np.arange(part.data.rows, dtype=np.int64) if part.rows is None else part.rows
            rows = _shuffled(whole, part.size, draw, place)
            assert rows is not None
            pieces += [(part, rows[start:stop]) for start, stop in spans(part.size, self._batch)]
        if draw is not None:
            order = draw(len(pieces), len(self._parts))
            pieces = [pieces[i] for i in order]
        pieces = pieces[: self._steps]
        ends = np.cumsum([len(rows) for _, rows in pieces]).tolist()
        joined = np.concatenate([rows for _, rows in pieces])
        found = zip([0, *ends], ends, strict=False)
        return (Batches(joined, found, [part for part, _ in pieces]),)


def _shuffled(rows: Array | None, size: int, draw: Draw | None, which: int) -> Array | None:
    if draw is None:
        return rows
    order = draw(size, which)
    return order if rows is None else np.ascontiguousarray(rows[order])
