"""Code shared by all benchmarks: the machine's description, child processes, tables, history."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HISTORY = HERE / "history"

# OpenMP pools of other libraries spin for a while after a call and steal half of the next
# contestant's machine; 250 ms is longer than every default (libgomp, libiomp, OpenBLAS).
PAUSE = 0.25
BATCHES = 7
BATCH_SECONDS = 0.004


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that limit every library to `threads` threads."""
    count = str(threads)
    return {
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "LAMINA_NUM_THREADS": count,
        "NPROC": count,  # XLA's pool
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}",
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def pin(threads: int, process: int = 0) -> None:
    """Bind a process, this one by default, to the first `threads` CPUs it may use (on Linux)."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(process))
        os.sched_setaffinity(process, allowed[: max(1, threads)])


class Child:
    """A benchmark process that answers each JSON line with one JSON line, otherwise idle."""

    def __init__(
        self,
        module: str,
        arguments: Mapping[str, Any],
        threads: int,
        python: str = sys.executable,
        site: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        environment = dict(os.environ) | thread_environment(threads) | dict(more or {})
        paths = [site] if site else []
        paths += [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []
        environment["PYTHONPATH"] = os.pathsep.join([*paths, str(HERE)])
        self.process = subprocess.Popen(
            [python, "-m", module, json.dumps({**arguments, "threads": threads})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.hello = self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            return {"error": f"the process ended with status {self.process.wait()}"}
        return dict(json.loads(line))

    def ask(self, **command: Any) -> dict[str, Any]:
        """Wait out spinning pools, send `command`, return the answer."""
        assert self.process.stdin is not None
        time.sleep(PAUSE)
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def serve(answer: Any, hello: Mapping[str, Any]) -> None:
    """Run the child's side: greet, then answer each line until the input closes.

    Standard output is reserved for the protocol: everything that a library prints goes to standard
    error.
    """
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def send(message: Mapping[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    send(hello)
    for line in sys.stdin:
        send(answer(json.loads(line)))


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Hide what a library writes directly to standard error, bypassing Python."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def seconds_of(call: Callable[[], object], calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begin) / calls


def median_seconds(call: Callable[[], object]) -> float:
    """Return the median over batches of calls of about 4 ms, after a few calls to warm up."""
    call()
    calls = max(1, int(BATCH_SECONDS / max(seconds_of(call, 3), 1e-7)))
    batches = 3 if calls == 1 else BATCHES
    return statistics.median(seconds_of(call, calls) for _ in range(batches))


def cpu_model() -> str:
    """Return the name of the processor in the system."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return _output(*command)
    return platform.processor() or platform.machine()


def revision() -> str:
    """Return the git revision of this tree, with `+` if files differ from it."""
    commit = _output("git", "rev-parse", "--short", "HEAD")
    # History files grow while benchmarks run, so they are ignored.
    dirty = _output("git", "status", "--porcelain", "--", ":/", ":(top,exclude)bench/history")
    return commit + "+" * bool(dirty) if commit else "unknown"


def _output(*command: str) -> str:
    """Return the output of a command, "" if it fails or does not exist."""
    try:
        run = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True)
    except OSError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


def machine(threads: int) -> dict[str, Any]:
    """Return where and when a figure was measured."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.isoformat(timespec="seconds"),
        "revision": revision(),
        "cpu": cpu_model(),
        "cpus": cpus(),
        "threads": threads,
    }


def at_least(least: int) -> Callable[[str], int]:
    """Return a function that reads a count from the command line."""

    def read(text: str) -> int:
        try:
            count = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be an integer; got {text!r}") from None
        if count < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}; got {count}")
        return count

    return read


at_least_one = at_least(1)


def at_most_cpus(text: str) -> int:
    """Read from the command line how many CPUs are to be used."""
    count, most = at_least_one(text), cpus()
    if count > most:
        raise argparse.ArgumentTypeError(
            f"must be at most {most}, the CPUs of this process; got {count}"
        )
    return count


def positive(text: str) -> float:
    """Read a positive number from the command line."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number; got {text!r}")
    return number


def add_options(
    parser: argparse.ArgumentParser,
    rounds: int | None = None,
    threads: int | list[int] | None = None,
) -> None:
    """Add the options shared by the commands, with their defaults; None omits one.

    Numbers of threads are at most that of the CPUs, those that are the default too.
    """
    if rounds is not None:
        text = "number of measurements, whose median is used (default: %(default)s)"
        parser.add_argument("--rounds", type=at_least_one, default=rounds, help=text)
    if isinstance(threads, list):
        threads = [count for count in threads if count <= cpus()] or [1]
        text = f"how many, one table each (default: {' '.join(map(str, threads))})"
        parser.add_argument("--threads", type=at_most_cpus, nargs="+", default=threads, help=text)
    elif threads is not None:
        threads = min(threads, cpus())
        text = "of each process, which has as many CPUs (default: %(default)s)"
        parser.add_argument("--threads", type=at_most_cpus, default=threads, help=text)
    text = "append no line to bench/history"
    parser.add_argument("--no-history", dest="history", action="store_false", help=text)


def append_history(name: str, record: Mapping[str, Any]) -> None:
    """Append one JSON line to `bench/history/<name>.jsonl`."""
    HISTORY.mkdir(exist_ok=True)
    with (HISTORY / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


def geometric_mean(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows in columns: the first two aligned left, figures aligned right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]

    def show(line: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if i < 2 or i == len(head) - 1 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([show(lines[0]), rule, *(show(line) for line in lines[1:])])
