"""Executions that are kept between calls: the next call finds their memory in place."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from typing import ClassVar

from lamina import _core

MOST = 4  # numbers of rows, of each recording
BYTES = 64 << 20  # of each recording
# Of the recording that was the last to need more than BYTES.  The system zeroes memory that a call
# gives back and the next one requests: six steps of 64 images of 32x32x128 take 49.5 ms each
# instead of 52.9 if 168 MB are in place (`mobile` of bench/peers.py, two cores of a Zen 4).
BYTES_OF_LAST = 256 << 20


class Executions:
    """The executions of one recording, by number of rows; the least recently used are dropped.

    Their memory is limited, and only one recording of the whole process keeps more than ``BYTES``
    between calls, so that many models do not hold much.  Several threads may use it.
    """

    _last: ClassVar[weakref.ref[Executions] | None] = None  # the one that keeps more than BYTES

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, bool], _core.Execution] = OrderedDict()

    def take(self, rows: int, training: bool) -> _core.Execution | None:
        """Return the one for that many rows, which is then no longer kept; None without one."""
        return self._kept.pop((rows, training), None)

    def give_back(self, execution: _core.Execution, rows: int, training: bool) -> None:
        """Keep an execution for the next pass with batches of that size."""
        self._kept[rows, training] = execution
        self._kept.move_to_end((rows, training))
        self._shrink(1)  # the next train_on_batch needs this one, regardless of its size

    @property
    def bytes(self) -> int:
        """The memory that is kept."""
        return sum(execution.held_bytes for execution in list(self._kept.values()))

    def trim(self) -> None:
        """Drop what is not kept after a call."""
        if not self._is_last():
            self._shrink(limit=BYTES_OF_LAST)
            if self.bytes > BYTES:
                before = Executions._last and Executions._last()
                Executions._last = weakref.ref(self)
                if before:
                    before._shrink()
        self._shrink()

    def _is_last(self) -> bool:
        return Executions._last is not None and Executions._last() is self

    def _shrink(self, least: int = 0, limit: int | None = None) -> None:
        kept = self._kept
        limit = limit or (BYTES_OF_LAST if self._is_last() else BYTES)
        while len(kept) > least and (len(kept) > MOST or self.bytes > limit):
            try:
                kept.popitem(last=False)
            except KeyError:  # another thread has taken it
                return
