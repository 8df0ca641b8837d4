"""Executions that are kept between calls: the next call finds their memory in place."""

from __future__ import annotations

from collections import OrderedDict

from lamina import _core

# Limits of what one recording keeps.  With 256 MB, six steps of 64 images of 32x32x128 took 49.5 ms
# each instead of 52.9 (`mobile` of bench/peers.py, two cores of a Zen 4, one run after the other),
# because the system zeroes memory that is given back and requested again; that is not worth so much
# memory after a call.
MOST = 4  # numbers of rows
BYTES = 64 << 20


class Executions:
    """The executions of one recording, by number of rows; the least recently used are dropped."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, bool], _core.Execution] = OrderedDict()

    def take(self, rows: int, training: bool) -> _core.Execution | None:
        """Return the one for that many rows, which is then no longer kept; None without one."""
        return self._kept.pop((rows, training), None)

    def give_back(self, execution: _core.Execution, rows: int, training: bool) -> None:
        """Keep an execution for the next pass with batches of that size."""
        self._kept[rows, training] = execution
        self._kept.move_to_end((rows, training))
        self.trim(1)  # the next train_on_batch needs this one, regardless of its size

    @property
    def bytes(self) -> int:
        """The memory that is kept."""
        return sum(execution.held_bytes for execution in self._kept.values())

    def trim(self, least: int = 0) -> None:
        """Drop executions beyond the limits, except for the last ``least`` ones."""
        kept = self._kept
        while len(kept) > least and (len(kept) > MOST or self.bytes > BYTES):
            kept.popitem(last=False)
