"""Recordings that are kept for data of the same form: those used last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

V = TypeVar("V")

LEAST = 8  # that are kept whatever their memory
MOST = 64
BYTES = 256 << 20  # of the memory that those beyond LEAST may bring the sum to


class Kept(Generic[V]):
    """The values used last, by key.

    Parameters
    ----------
    bytes_of : callable, optional
        Returns the memory that a value holds; by default nothing to speak of.
    """

    def __init__(self, bytes_of: Callable[[V], int] | None = None) -> None:
        self._bytes_of = bytes_of
        self._values: dict[Any, V] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def __iter__(self) -> Iterator[V]:
        """Yield the values, the one used last at the end."""
        return iter(list(self._values.values()))

    def get(self, key: Any) -> V | None:
        """Return a value, now the one used last; None where it is not kept."""
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value
        return value

    def put(self, key: Any, value: V) -> None:
        """Keep a value, and let go of those not used for longest."""
        kept = self._values
        kept[key] = value
        while len(kept) > LEAST and (len(kept) > MOST or self._bytes() > BYTES):
            del kept[next(iter(kept))]

    def clear(self) -> None:
        """Let go of all."""
        self._values.clear()

    def _bytes(self) -> int:
        return 0 if self._bytes_of is None else sum(map(self._bytes_of, self._values.values()))
