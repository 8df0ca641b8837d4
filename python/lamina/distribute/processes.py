"""Processes that calculate together: what they tell each other beside gradients.

Whoever waits for the others also listens for one that has failed, so that none waits for ever.
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
BUSY = 200  # looks at the network before a process gives its CPU to others between two of them
NAP = 50e-6  # seconds between two looks, once it has waited for a millisecond

_kept: list[Any] = []  # what an exchange that was cut off may yet write to


class ProcessFailedError(RuntimeError):
    """Another process of the group has failed; the message says which, and how."""


class Processes:
    """A group of processes over MPI.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``.
    comm : mpi4py.MPI.Comm
        What is sent goes through copies of it.
    patience : float
        Seconds that a process which has failed waits for the others to hear of it.
    """

    def __init__(self, mpi: Any, comm: Any, patience: float) -> None:
        self.mpi, self.patience = mpi, patience
        self.comm, self._notices = comm.Dup(), comm.Dup()
        self.rank: int = comm.Get_rank()
        self.size: int = comm.Get_size()
        self._broken = False

    def check(self, who: str) -> None:
        """Refuse to go on where an exchange was cut off."""
        if self._broken:
            raise RuntimeError(
                f"{who}: an exchange between the processes was cut off when one of them failed; "
                f"make a new DataParallel"
            )

    # --- waiting

    def wait(self, done: Callable[[], bool]) -> None:
        """Return once ``done()``; ProcessFailedError where another process has failed."""
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

    # --- what is told

    def gather(self, value: Any) -> list[Any]:
        """Return what each process gives, by process, as pickle carries it."""
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
        """Return whether it is true in some process."""
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
        """Note that an exchange is cut off: what it may write to is kept for ever."""
        self._broken = True
        _kept.extend(held)

    # --- failures

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all processes end a block together, or fail together.

        An exception in one is told to the others, where ``ProcessFailedError`` is raised.  Where
        some do not answer in time all processes are ended.
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
        """Do nothing: there is nobody to wait for."""

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
