"""Proof that threads ran: equal bits on 1 and on 4 threads say nothing where one thread ran.

An operation too small to pay for threads starts none.  In a graph its profile says how many it
got; a kernel called alone is watched from outside, by the run time that Linux keeps of each thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lamina
from harness import THREADS, assert_same_bits, results
from lamina import runtime

TASKS = Path("/proc/self/task")
TRIES = 100
Plan = dict[tuple[str, str], int]


def run_times() -> dict[int, int] | None:
    """Return the nanoseconds that each other thread of this process has run; None: try again."""
    times = {}
    try:
        for task in TASKS.iterdir():
            number = int(task.name)
            if number != threading.get_native_id():
                times[number] = time.clock_gettime_ns(~number << 3 | 6)  # a thread's CPU clock
    except OSError:  # a thread ended meanwhile
        return None
    return times


def threads_of(call: Callable[[], Any]) -> tuple[Any, int | None]:
    """Return the result of ``call`` and how many threads ran during it; None where not Linux."""
    if not TASKS.exists():
        return call(), None
    before = _asleep()
    result = call()
    after = run_times() or _asleep()
    assert before is not None, "no thread's run time can be read"
    assert after is not None, "no thread's run time can be read"
    return result, 1 + sum(before.get(task) != ran for task, ran in after.items())


def _asleep() -> dict[int, int] | None:
    """Return the run times once none grows: pools go on spinning for a while after their work."""
    before = run_times()
    for _ in range(1000):
        time.sleep(0.001)
        now = run_times()
        if now is not None and now == before:
            break
        before = now
    return before


def same_on_threads(
    *calls: Callable[[], Any], what: str = "", counts: Sequence[int] = THREADS[1:]
) -> list[tuple[Any, ...]]:
    """Check that each call has the bits of one thread on several, and that these run.

    Returns what the calls return on one thread, each as a tuple of arrays.
    """
    limit = runtime.get_num_threads()
    try:
        runtime.set_num_threads(1)
        alone = [results(call()) for call in calls]
        for count in counts:
            runtime.set_num_threads(count)
            for place, (call, wanted) in enumerate(zip(calls, alone, strict=True)):
                where = f"{what} call {place} on {count} threads".strip()
                for _ in range(TRIES):
                    got, ran = threads_of(call)
                    assert_same_bits(results(got), wanted, where)
                    if ran != 1:
                        break
                    time.sleep(0.02)  # a call beside busy processes goes on alone for a while
                assert ran != 1, f"{where}: one thread ran, the check is empty"
    finally:
        runtime.set_num_threads(limit)
    return alone


def thread_plan(run: Any, rows: int) -> Plan:
    """Return the threads of each (operation, pass) of a step that changes no weight."""
    run.set_update("sgd", [])
    lines = _settled(lambda: run.profile(None, 0, rows, 0.0, 1, 3), lambda line: line["why"])
    return {
        (line["operation"], line["pass"]): line["threads"]
        for line in lines
        if line["pass"] in ("forward", "backward")
    }


def assert_on_threads(run: Any, rows: int) -> None:
    """Fail if any operation but those written in Python would run on one thread."""
    plan = thread_plan(run, rows)
    assert plan, "nothing ran"
    serial = [name for name, threads in plan.items() if threads < 2 and name[0] != "python"]
    assert not serial, f"{rows} rows start no threads for {serial}: the check would be empty"


def same_gradients_on_threads(run: Any, rows: int, inputs: int = 0) -> None:
    """Check that a batch has the bits of one thread on several, and that all operations start them.

    Compared are the first output, the gradients of all weights and those of the first ``inputs``.
    """
    limit = runtime.get_num_threads()
    found = []
    try:
        for count in THREADS:
            runtime.set_num_threads(count)
            if count > 1:
                assert_on_threads(run, rows)
            run.gradients(None, 0, rows)
            found.append([run.output(0), run.gradient.copy()])
            found[-1] += [run.input_gradient(k) for k in range(inputs)]
            assert_same_bits(found[-1], found[0], f"{count} threads")
    finally:
        runtime.set_num_threads(limit)


def step_plan(model: Any, x: Any, y: Any, batch_size: int) -> Plan:
    """Return the largest number of threads of each (operation, pass) of a training step."""
    rows = _settled(
        lambda: lamina.profile(model, x, y, batch_size=batch_size, repeats=1).rows,
        lambda row: row.why,
    )
    used: Plan = {}
    for row in rows:
        key = row.operation.split()[-1].strip("()"), row.phase
        used[key] = max(row.threads, used.get(key, 0))
    return used


def assert_step_on_threads(
    model: Any, x: Any, y: Any, batch_size: int, operations: set[str]
) -> None:
    """Fail unless a step runs ``operations`` on several threads, or all on one under a limit of 1.

    A pass that an operation does not have is not asked for; an operation that is absent fails.
    """
    used = step_plan(model, x, y, batch_size)
    several = runtime.get_num_threads() > 1
    for operation in operations:
        passes = {phase: n for (name, phase), n in used.items() if name == operation}
        assert {"forward", "backward"} <= set(passes), f"no {operation} in {used}"
        for phase, count in passes.items():
            assert (count > 1) == several, f"{operation} {phase} on {count} threads: {used}"


def _settled(profile: Callable[[], Any], why: Callable[[Any], str]) -> Any:
    """Profile until no operation gave way to other processes."""
    for _ in range(TRIES):
        lines = profile()
        if not any(why(line) == "others use the CPUs" for line in lines):
            break
        time.sleep(0.02)
    return lines
