"""mlpack 4, in C++: a program that is compiled here when its headers are found.

It runs on all threads or on one, whichever is faster when it starts: small networks are slower on
several threads.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time

import numpy as np

from workloads import Workload
from workloads.mlpack_program import program, version

KINDS = ("dense", "dropout")
PROGRAM, BLAS = program()


def versions() -> dict[str, str]:
    return {"mlpack": version()}


class Process:
    """One run of the program, which trains and evaluates on request."""

    def __init__(self, arguments: list[str], threads: int) -> None:
        count = str(threads)
        self.threads = threads
        self.process = subprocess.Popen(
            [str(PROGRAM), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count},
            text=True,
        )
        self.ask("loss")  # by then it has read its data

    def ask(self, order: str) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()

    def seconds(self) -> float:
        """Time an epoch after one to warm up."""
        self.ask("fit 1")
        begin = time.perf_counter()
        self.ask("fit 1")
        return time.perf_counter() - begin


class Trainer:
    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        (x,), y = workload.data()
        x, y = x.reshape(len(x), -1), y.reshape(len(y), -1).astype(np.float32)
        task = "regression" if workload.task == "reconstruction" else workload.task
        layers = [":".join(map(str, layer)) for layer in workload.layers]
        with tempfile.NamedTemporaryFile() as file:
            file.write(x.tobytes() + y.tobytes())
            file.flush()
            sizes = (workload.batch, len(x), x.shape[1], y.shape[1])
            arguments = [task, *map(str, sizes), file.name, *layers]
            counts = sorted({1, threads})
            trials = {count: Process(arguments, count) for count in counts}
            seconds = {count: trial.seconds() for count, trial in trials.items()}
            best = min(counts, key=lambda count: seconds[count])
            for trial in trials.values():
                trial.close()
            self.process = Process(arguments, best)
        self.note = f"C++, {BLAS}, threads: {best}"

    def fit(self, epochs: int) -> None:
        self.process.ask(f"fit {epochs}")

    def loss(self) -> float:
        return self.process.ask("loss")
