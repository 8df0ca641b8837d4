"""Keeping recordings for data of the same form: the most recently used ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

V = TypeVar("V")

LEAST = 8  # number kept regardless of memory
MOST = 64
BYTES = 256 << 20  # bound of the total memory if more than LEAST are kept


@dataclass
class _Entry(Generic[V]):
    value: V
    used: int  # time of last use


class RecentValues(Generic[V]):
    """The most recently used values, by key.

    Any number of threads may get values; a thread that puts one must hold the lock of structures.

    Parameters
    ----------
    bytes_of : callable, optional
        Returns the memory that a value holds; negligible by default.
    """

    def __init__(self, bytes_of: Callable[[V], int] | None = None) -> None:
        self._bytes_of = bytes_of
        self._entries: dict[Any, _Entry[V]] = {}
        self._turns = itertools.count()

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._entries)

    def get(self, key: Any) -> V | None:
        """Return a value, which becomes the last one used; None if it is not kept."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.used = next(self._turns)
        return entry.value

    def put(self, key: Any, value: V) -> None:
        """Keep a value, and drop the least recently used ones."""
        kept = self._entries
        kept[key] = _Entry(value, next(self._turns))
        while len(kept) > LEAST and (len(kept) > MOST or self._bytes() > BYTES):
            del kept[min(kept, key=lambda each: kept[each].used)]

    def clear(self) -> None:
        """Drop all values."""
        self._entries = {}  # a new dict, safe for readers of the old one

    def _bytes(self) -> int:
        size = self._bytes_of
        return 0 if size is None else sum(size(entry.value) for entry in self._entries.values())
