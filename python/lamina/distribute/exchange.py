"""Sums over the slices of a batch in several processes, while these continue computing.

The direct way takes two collective calls that do not block.  In the first, each process sends every
other process the part of its own sums that the other adds up; each then adds the parts it received
in the order of the tree; in the second call all get all parts.  Small arrays go to all processes in
one call, and each adds them up.  With many processes, the messages to all of them cost more than
their bytes: if the tree adds up processes in pairs, halves of halves travel between these instead
(R. Rabenseifner, "Optimization of collective reduction operations", 2004).  Either way a process
sends, and receives, about twice the size of the array, and the sums are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lamina import _core
from lamina._check import Array
from lamina.distribute.processes import Processes
from lamina.distribute.tree import Slices, add_up

SMALL = 32 << 10  # bytes up to which every process receives all parts and adds them up itself
MANY = 64  # processes from which on pairs are faster, on networks with 20 us per message
TAGS = 1 << 14  # tags of messages; MPI has at least 32767


class Exchange:
    """All sums in progress.

    MPI matches collective calls by their order, which must be the same in all processes: first and
    second calls go through separate communicators, each in the order of the sums.

    Parameters
    ----------
    processes : Processes or Alone
    slices : Slices
    route : {"auto", "direct", "pairs"}
    """

    def __init__(self, processes: Any, slices: Slices, route: str) -> None:
        self.processes, self.slices = processes, slices
        self.pairs = route == "pairs" or (route == "auto" and processes.size >= MANY)
        self._going: list[Sum] = []
        self._begun = 0
        if isinstance(processes, Processes):
            self.first, self.second = processes.comm.Dup(), processes.comm.Dup()
            mpi = processes.mpi
            self.kinds = {np.dtype(np.float32): mpi.FLOAT, np.dtype(np.float64): mpi.DOUBLE}

    def begin(self, rows: int, parts: Sequence[Array], whole: Array) -> None:
        """Start a sum, for a batch with this number of rows.

        Parameters
        ----------
        rows : int
        parts : list of ndarray
            The sums of this process's own nodes; they may be overwritten.
        whole : ndarray
            The array for the result; it may be the first of the parts.
        """
        if self.processes.size > 1:
            self._begun += 1
            self._going.append(Sum(self, rows, parts, whole, self._begun % TAGS))
            self.advance()
        elif parts[0] is not whole:
            whole[...] = parts[0]

    def advance(self) -> bool:
        """Advance all sums that need not wait; return whether none is in progress."""
        free = True  # whether all earlier sums have started their last call
        for each in self._going:
            each.advance(free)
            free = free and each.last
        self._going = [each for each in self._going if not each.done]
        return not self._going

    def finish(self) -> None:
        """Wait for all sums."""
        self.processes.wait(self.advance)

    def cut_off(self) -> None:
        """Give up the sums in progress: a process has failed."""
        if self._going:
            self.processes.leave(self._going)
            self._going = []


class Sum:
    """An array that is added up over all slices."""

    def __init__(
        self, exchange: Exchange, rows: int, parts: Sequence[Array], whole: Array, tag: int
    ) -> None:
        self._exchange, self._whole, self._tag = exchange, whole, tag
        self._nodes = exchange.slices.nodes_of(rows)
        self._kind = exchange.kinds[whole.dtype]
        every = [node for nodes in self._nodes for node in nodes]
        small = len(every) * whole.nbytes <= SMALL
        pairs = exchange.pairs and exchange.slices.pair_up(rows)
        if small:
            self._calls = self._one_call(parts)
        else:
            self._calls = self._in_pairs(parts[0]) if pairs else self._two_calls(parts)
        self.last = small or pairs  # whether the last collective call has started, or there is none
        self.done = False
        self._request = next(self._calls)

    def advance(self, free: bool) -> None:
        """Advance if the current call is over; ``free``: the last call may start."""
        while not self.done and (free or self.last) and self._request.Test():
            following = next(self._calls, None)
            self.last, self.done = True, following is None
            self._request = following

    def _one_call(self, parts: Sequence[Array]) -> Iterator[Any]:
        size, dtype = self._whole.size, self._whole.dtype
        sent = np.concatenate(parts) if parts else np.empty(0, dtype)
        sizes = [len(nodes) * size for nodes in self._nodes]
        found = np.empty(sum(sizes), dtype)
        kind = self._kind
        yield self._exchange.first.Iallgatherv([sent, kind], [found, sizes, _starts(sizes), kind])
        self._whole[...] = self._added(found, size)

    def _two_calls(self, parts: Sequence[Array]) -> Iterator[Any]:
        size, dtype, kind = self._whole.size, self._whole.dtype, self._kind
        rank, processes = self._exchange.processes.rank, self._exchange.processes.size
        ends = [size * (p + 1) // processes for p in range(processes)]
        shares = [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]
        widths = [share.stop - share.start for share in shares]
        if len(parts) == 1:
            sent = parts[0]
        else:
            pieces = [part[share] for share in shares for part in parts]
            sent = np.concatenate(pieces) if pieces else np.empty(0, dtype)
        given = [len(parts) * width for width in widths]
        taken = [len(nodes) * widths[rank] for nodes in self._nodes]
        found = np.empty(sum(taken), dtype)
        yield self._exchange.first.Ialltoallv(
            [sent, given, _starts(given), kind], [found, taken, _starts(taken), kind]
        )
        added = self._added(found, widths[rank])
        yield self._exchange.second.Iallgatherv(
            [added, kind], [self._whole, widths, _starts(widths), kind]
        )

    def _in_pairs(self, value: Array) -> Iterator[Any]:
        rank, comm = self._exchange.processes.rank, self._exchange.first
        room = np.empty(-(-value.size // 2), value.dtype)
        rounds: list[tuple[int, slice, slice]] = []
        start, stop, distance = 0, value.size, 1
        while distance < self._exchange.processes.size:
            partner, half = rank ^ distance, (start + stop) // 2
            halves = slice(start, half), slice(half, stop)
            kept, given = halves if rank < partner else halves[::-1]
            found = room[: kept.stop - kept.start]
            yield self._swapped(comm, value[given], found, partner)
            _core.kernels.add_into(value[kept], found)
            rounds.append((partner, kept, given))
            start, stop, distance = kept.start, kept.stop, 2 * distance
        for partner, kept, given in reversed(rounds):
            yield self._swapped(comm, value[kept], value[given], partner)
        if value is not self._whole:
            self._whole[...] = value

    def _swapped(self, comm: Any, given: Array, taken: Array, partner: int) -> Both:
        return Both(
            self._exchange.processes.mpi,
            comm.Irecv([taken, self._kind], partner, self._tag),
            comm.Isend([given, self._kind], partner, self._tag),
        )

    def _added(self, found: Array, width: int) -> Array:
        """Return the sum of all processes' nodes, whose values lie one after another."""
        every = [node for nodes in self._nodes for node in nodes]
        held = {node: found[i * width : (i + 1) * width] for i, node in enumerate(every)}
        added = add_up(0, self._exchange.slices.count, held)
        assert added is not None
        return added


class Both:
    """Two requests as one."""

    def __init__(self, mpi: Any, *requests: Any) -> None:
        self._mpi, self._requests = mpi, list(requests)

    def Test(self) -> bool:  # noqa: N802
        """Return whether both are over."""
        return bool(self._mpi.Request.Testall(self._requests))


def _starts(sizes: Sequence[int]) -> list[int]:
    return [0, *np.cumsum(sizes)[:-1].tolist()]
