"""Recordings that are kept for data of the same form: those used last."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

V = TypeVar("V")

LEAST = 8  # that are kept whatever their memory
MOST = 64
BYTES = 256 << 20  # of the memory that those beyond LEAST may bring the sum to


@dataclass
class _Entry(Generic[V]):
    value: V
    used: int  # when it was last


class Kept(Generic[V]):
    """The values used last, by key.

    Any number of threads may ask for values; whoever puts one holds the lock of structures.

    Parameters
    ----------
    bytes_of : callable, optional
        Returns the memory that a value holds; by default nothing to speak of.
    """

    def __init__(self, bytes_of: Callable[[V], int] | None = None) -> None:
        self._bytes_of = bytes_of
        self._entries: dict[Any, _Entry[V]] = {}
        self._turns = itertools.count()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    def get(self, key: Any) -> V | None:
        """Return a value, now the one used last; None where it is not kept."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.used = next(self._turns)
        return entry.value

    def put(self, key: Any, value: V) -> None:
        """Keep a value, and let go of those not used for longest."""
        kept = self._entries
        kept[key] = _Entry(value, next(self._turns))
        while len(kept) > LEAST and (len(kept) > MOST or self._bytes() > BYTES):
            del kept[min(kept, key=lambda each: kept[each].used)]

    def clear(self) -> None:
        """Let go of all."""
        self._entries = {}  # which nobody is in the middle of

    def _bytes(self) -> int:
        size = self._bytes_of
        return 0 if size is None else sum(size(entry.value) for entry in self._entries.values())
