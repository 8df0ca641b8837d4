"""In which batches an epoch goes through the rows, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from lamina._check import Array
from lamina.models.data import Part
from lamina.random import Stream


class Batches(NamedTuple):
    """The batches of an epoch.

    Attributes
    ----------
    order : ndarray of int64 or None
        Rows, batch after batch, each a row of its part; None for all as they stand.
    spans : iterable of tuple (int, int)
        Where each batch begins and ends in ``order``.
    parts : sequence of int or None
        Which part each batch is of; None where there is one.
    """

    order: Array | None
    spans: Iterable[tuple[int, int]]
    parts: Sequence[int] | None = None


def spans(rows: int, batch: int) -> Iterable[tuple[int, int]]:
    """Return where the batches of so many rows begin and end."""
    return zip(range(0, rows, batch), chain(range(batch, rows, batch), (rows,)), strict=True)


def count(rows: int, batch: int) -> int:
    """Return how many batches so many rows make."""
    return -(-rows // batch)


def batches(parts: Sequence[Part], batch: int, steps: int, stream: Stream | None = None) -> Batches:
    """Return ``steps`` batches of at most ``batch`` rows; ``stream`` shuffles rows, then batches.

    A batch has rows of one part.
    """
    if len(parts) == 1:
        rows = _shuffled(parts[0].rows, parts[0].size, stream)
        return Batches(rows, spans(min(parts[0].size, steps * batch), batch))
    pieces: list[tuple[int, Array]] = []
    for place, part in enumerate(parts):
        whole = np.arange(part.data.rows, dtype=np.int64) if part.rows is None else part.rows
        rows = _shuffled(whole, part.size, stream)
        assert rows is not None
        pieces += [(place, rows[start:stop]) for start, stop in spans(part.size, batch)]
    if stream is not None:
        pieces = [pieces[i] for i in stream.permutation(len(pieces))]
    pieces = pieces[:steps]
    ends = np.cumsum([len(rows) for _, rows in pieces]).tolist()
    order = np.concatenate([rows for _, rows in pieces])
    return Batches(order, zip([0, *ends], ends, strict=False), [place for place, _ in pieces])


def _shuffled(rows: Array | None, size: int, stream: Stream | None) -> Array | None:
    if stream is None:
        return rows
    order = stream.permutation(size)
    return order if rows is None else np.ascontiguousarray(rows[order])
