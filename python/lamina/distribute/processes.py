"""Processes that calculate together: their messages other than gradients.

A process that waits for the others also listens for failures, so that none waits forever.
"""

from __future__ import annotations

import pickle
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from lamina._check import Array

FAILED = 1  # the tag of a notice
BUSY = 200  # polls of the network before a process yields its CPU between two of them
NAP = 50e-6  # seconds between two polls, once it has waited for a millisecond

_kept: list[Any] = []  # memory to which an aborted exchange may still write


class ProcessFailedError(RuntimeError):
    """Another process of the group has failed; the message says which, and how."""


class Processes:
    """A group of processes over MPI.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``.
    comm : mpi4py.MPI.Comm
        Messages go through copies of it.
    patience : float
        Seconds that a failed process waits for the others to respond.
    """

    def __init__(self, mpi: Any, comm: Any, patience: float) -> None:
        self.mpi, self.patience = mpi, patience
        self.comm, self._notices = comm.Dup(), comm.Dup()
        self.rank: int = comm.Get_rank()
        self.size: int = comm.Get_size()
        self._broken = False

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
        if self._notices.iprobe(source=self.mpi.ANY_SOURCE, tag=FAILED):
            status = self.mpi.Status()
            text = self._notices.recv(source=self.mpi.ANY_SOURCE, tag=FAILED, status=status)
            raise ProcessFailedError(self._heard(status.Get_source(), text))

    def _heard(self, source: int, notice: tuple[str, bool]) -> str:
        self._from[source] = notice
        return f"process {source} of {self.size} failed: {notice[0]}"

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
        own, found = np.array([flag], np.int8), np.zeros(1, np.int8)
        self._finish(self.comm.Iallreduce(own, found, op=self.mpi.MAX), own, found)
        return bool(found[0])

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

        An exception in one process is sent to the others, which raise ``ProcessFailedError``.  If
        some do not answer in time, all processes are ended.
        """
        self._from: dict[int, tuple[str, bool]] = {}
        try:
            yield
            self.gather(None)
        except BaseException as error:
            self._tell(error)
            raise

    def _tell(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        others = [rank for rank in range(self.size) if rank != self.rank]
        sent = [self._notices.isend((text, self._broken), dest=rank, tag=FAILED) for rank in others]
        until = time.perf_counter() + self.patience
        while len(self._from) < len(others):
            try:
                self._listen()
            except ProcessFailedError:
                continue
            if time.perf_counter() > until:
                missing = [rank for rank in others if rank not in self._from]
                traceback.print_exception(type(error), error, error.__traceback__)
                sys.stderr.write(
                    f"lamina: process {self.rank} of {self.size} failed, and {missing} did not "
                    f"answer within {self.patience} s: all are ended\n"
                )
                sys.stderr.flush()
                self.comm.Abort(1)
            time.sleep(NAP)
        self.mpi.Request.waitall(sent)
        self._broken = self._broken or any(broken for _, broken in self._from.values())


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

    @contextmanager
    def together(self) -> Iterator[None]:
        """Do nothing."""
        yield
