"""Processes that keep CPUs busy while something is measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import TracebackType

from common import HERE


class Busy:
    """Occupy `count` of the contestants' CPUs; the scheduler places the processes.

    The processes start stopped; within `with busy:` they run.
    """

    def __init__(self, count: int, threads: int) -> None:
        command = [sys.executable, "-m", "workloads.spin", str(os.getpid()), str(threads)]
        self.processes = [
            subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE) for _ in range(count)
        ]
        for process in self.processes:
            assert process.stdout is not None
            process.stdout.readline()  # it is bound to its CPUs
        self._signal(signal.SIGSTOP)

    def _signal(self, number: int) -> None:
        for process in self.processes:
            process.send_signal(number)

    def __enter__(self) -> None:
        self._signal(signal.SIGCONT)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._signal(signal.SIGSTOP)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()
