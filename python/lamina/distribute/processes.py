"""Processes that calculate together: their messages other than gradients.

A process that waits for the others also listens for failures, so that none waits forever.
"""

from __future__ import annotations

import atexit
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from lamina._check import Array

FAILED, ENDED = 1, 2  # the tags of a notice, and of the message that a program is at its end
BUSY = 200  # polls of the network before a process yields its CPU between two of them
NAP = 50e-6  # seconds between two polls, once it has waited for a millisecond
LAST_MESSAGES = 1.0  # seconds, at least, in which what an ended process sent before may arrive

_kept: list[Any] = []  # memory to which an aborted exchange may still write


class Notice(NamedTuple):
    """What a process that has failed tells the others.

    Attributes
    ----------
    origin : int
        The process in which the failure began: another one if this one was only told of it.
    text : str
        The exception that was raised there.
    broken : bool
        Whether an exchange of the process was aborted.
    depth : int
        Which of the nested calls has failed: 1 is the outermost, which ends all within it.
    """

    origin: int
    text: str
    broken: bool
    depth: int


class ProcessFailedError(RuntimeError):
    """Another process of the group has failed; the message says which, and how."""

    told: tuple[Processes, Notice] | None = None  # the group, and the notice that it received


class Processes:
    """A group of processes over MPI.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``.
    comm : mpi4py.MPI.Comm
        Messages go through copies of it.
    patience : float
        Seconds that a failed process waits for the others to respond, and that others wait for a
        process whose program has ended.
    """

    def __init__(self, mpi: Any, comm: Any, patience: float) -> None:
        self.mpi, self.patience = mpi, patience
        self.comm, self._notices = comm.Dup(), comm.Dup()
        self.rank: int = comm.Get_rank()
        self.size: int = comm.Get_size()
        self._broken = False
        self._depth = 0  # of the current call: a callback may call another method
        self._from: dict[int, Notice] = {}  # of failures of the current call, by sender
        self._ended: dict[int, float] = {}  # when a process said that its program ends
        atexit.register(self._say_that_it_ends, os.getpid())

    def check(self, who: str) -> None:
        """Refuse to continue after an aborted exchange."""
        if self._broken:
            raise RuntimeError(
                f"{who}: an exchange between the processes was aborted when one of them failed; "
                f"make a new DataParallel"
            )

    # --- waiting

    def wait(self, done: Callable[[], bool]) -> None:
        """Return once ``done()``; raise ProcessFailedError if another process has failed."""
        looks, began = 0, time.perf_counter()
        while not done():
            looks += 1
            if looks % BUSY:
                continue
            self._listen()
            time.sleep(NAP if time.perf_counter() - began > 1e-3 else 0.0)

    def _listen(self) -> None:
        notice = self._received(self.mpi.ANY_SOURCE)
        if notice is None:  # unless one has arrived in a nested call, whose error was caught
            notice = next(iter(self._from.values()), None)
        notice = notice or self._notice_of_ended()
        if notice is not None:
            error = ProcessFailedError(
                f"process {notice.origin} of {self.size} failed: {notice.text}"
            )
            error.told = self, notice
            raise error

    def _say_that_it_ends(self, process: int) -> None:
        # Not from a forked child.  MPI sends such small messages at once, whether they are received
        # or not.
        if os.getpid() == process and not self.mpi.Is_finalized():
            others = [rank for rank in range(self.size) if rank != self.rank]
            _kept.extend(self._notices.isend(None, dest=rank, tag=ENDED) for rank in others)

    def _hear_who_has_ended(self) -> None:
        status = self.mpi.Status()
        while self._notices.iprobe(tag=ENDED, status=status):
            self._notices.recv(source=status.Get_source(), tag=ENDED)
            self._ended[status.Get_source()] = time.perf_counter()

    def _notice_of_ended(self) -> Notice | None:
        """Return a notice for a process whose program ended too long ago to still take part."""
        self._hear_who_has_ended()
        for rank, when in self._ended.items():
            if time.perf_counter() - when > max(LAST_MESSAGES, self.patience):
                text = "its program has ended, while others still wait for it"
                return Notice(rank, text, self._broken, self._depth)
        return None

    def _received(self, source: int) -> Notice | None:
        """Return a notice from a process, or from any, if one has arrived."""
        if not self._notices.iprobe(source=source, tag=FAILED):
            return None
        status = self.mpi.Status()
        notice: Notice = self._notices.recv(source=source, tag=FAILED, status=status)
        if notice.depth <= self._depth:  # the sender of a deeper one also fails in this call
            self._from[status.Get_source()] = notice
        return notice

    # --- messages

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all processes, in order, sent by pickle."""
        packed = np.frombuffer(pickle.dumps(value), np.uint8)
        sizes = np.zeros(self.size, np.int64)
        own = np.array([packed.size], np.int64)
        self._finish(self.comm.Iallgather(own, sizes), own, sizes)
        found = np.empty(int(sizes.sum()), np.uint8)
        starts = np.r_[0, np.cumsum(sizes)[:-1]]
        request = self.comm.Iallgatherv(
            [packed, self.mpi.BYTE], [found, sizes.tolist(), starts.tolist(), self.mpi.BYTE]
        )
        self._finish(request, packed, found)
        ends = starts + sizes
        return [
            pickle.loads(found[start:stop].tobytes())
            for start, stop in zip(starts, ends, strict=True)
        ]

    def any(self, flag: bool) -> bool:
        """Return whether the flag is true in any process."""
        # The message has the form of ``same``, in which other methods begin.
        together, found = self.same(0, flag)
        if not together:
            raise RuntimeError(
                "DataParallel: all processes must call the same methods in the same order; one of "
                "them calls another one, in a callback for example"
            )
        return found

    def same(self, value: int, flag: bool = False) -> tuple[bool, bool]:
        """Return whether a number is the same in all processes, and whether the flag is in any."""
        own, found = np.array([value, -value, flag], np.int64), np.zeros(3, np.int64)
        self._finish(self.comm.Iallreduce(own, found, op=self.mpi.MAX), own, found)
        return bool(found[0] == -found[1]), bool(found[2])

    def _finish(self, request: Any, *buffers: Array) -> None:
        try:
            self.wait(request.Test)
        except BaseException:
            self.leave(request, *buffers)
            raise

    def leave(self, *held: Any) -> None:
        """Record an aborted exchange; the memory to which it may still write is kept forever."""
        self._broken = True
        _kept.extend(held)

    # --- failures

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make all processes end a block together, or fail together.

        An exception in one process is sent to the others, which raise ``ProcessFailedError``, first
        in the calls within this one.  If some do not answer in time, all processes are ended.
        """
        outer, self._from = self._from, dict(self._from)
        self._depth += 1
        try:
            yield
            self.any(False)
        except BaseException as error:
            self._tell(error)
            raise
        finally:
            self._depth -= 1
            outer |= {rank: n for rank, n in self._from.items() if n.depth <= self._depth}
            self._from = outer

    def _tell(self, error: BaseException) -> None:
        notice = self._notice_of(error)
        others = [rank for rank in range(self.size) if rank != self.rank]
        sent = [self._notices.isend(notice, dest=rank, tag=FAILED) for rank in others]
        until = time.perf_counter() + self.patience
        while missing := [rank for rank in others if rank not in self._from]:
            self._hear_who_has_ended()
            # Only theirs: the others may already send notices of an outer call.
            if any(self._received(rank) is not None for rank in missing):
                continue
            ended = self._ended.keys() >= set(missing)
            if ended or time.perf_counter() > until:
                why = "have ended" if ended else f"did not answer within {self.patience} s"
                traceback.print_exception(type(error), error, error.__traceback__)
                sys.stderr.write(
                    f"lamina: process {self.rank} of {self.size} failed, and {missing} {why}: all "
                    f"are ended\n"
                )
                sys.stderr.flush()
                self.comm.Abort(1)
            time.sleep(NAP)
        self.mpi.Request.waitall(sent)
        self._broken = self._broken or any(each.broken for each in self._from.values())

    def _notice_of(self, error: BaseException) -> Notice:
        """Return a notice of an exception; if another process is the reason, it is passed on."""
        if isinstance(error, ProcessFailedError) and error.told is not None:
            group, notice = error.told
            if group is self:
                return notice._replace(broken=self._broken, depth=self._depth)
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        return Notice(self.rank, text, self._broken, self._depth)


class Alone:
    """The same for a single process, without MPI."""

    rank, size = 0, 1

    def check(self, who: str) -> None:
        """Do nothing."""

    def wait(self, done: Callable[[], bool]) -> None:
        """Do nothing: there is no other process to wait for."""

    def gather(self, value: Any) -> list[Any]:
        """Return the value in a list."""
        return [value]

    def any(self, flag: bool) -> bool:
        """Return the flag."""
        return flag

    def same(self, value: int, flag: bool = False) -> tuple[bool, bool]:  # noqa: ARG002
        """Return that the number is the same, and the flag."""
        return True, flag

    @contextmanager
    def together(self) -> Iterator[None]:
        """Do nothing."""
        yield
