"""Proof that threads ran: equal bits on 1 and 4 threads prove nothing if only one thread ran.

An operation that is too small for threads starts none.  In a graph its profile gives their number;
for a kernel called alone the team reports whether its threads took part.  In tests each thread of a
call does its own part (``share_evenly`` in conftest.py), so that none is too late for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import lamina
from harness import THREADS, assert_same_bits, results
from lamina import _core, runtime

Plan = dict[tuple[str, str], int]


def threads_help(call: Callable[[], Any]) -> tuple[Any, bool]:
    """Return the result of ``call`` and whether other threads took part in its work."""
    before = _core.runtime.units_helped()
    result = call()
    return result, _core.runtime.units_helped() > before


def same_on_threads(
    *calls: Callable[[], Any], what: str = "", counts: Sequence[int] = THREADS[1:]
) -> list[tuple[Any, ...]]:
    """Check that each call gets the bits of one thread on several, and that these run.

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
                got, helped = threads_help(call)
                assert_same_bits(results(got), wanted, where)
                assert helped, f"{where}: one thread ran, the check is empty"
    finally:
        runtime.set_num_threads(limit)
    return alone


def thread_plan(run: Any, rows: int) -> Plan:
    """Return the threads of each (operation, pass) of a step that does not change weights."""
    run.set_update("sgd", [])
    lines = run.profile(None, 0, rows, 0.0, 1, 3)
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
    rows = lamina.profile(model, x, y, batch_size=batch_size, repeats=1).rows
    used: Plan = {}
    for row in rows:
        key = row.operation.split()[-1].strip("()"), row.phase
        used[key] = max(row.threads, used.get(key, 0))
    return used


def assert_step_on_threads(
    model: Any, x: Any, y: Any, batch_size: int, operations: set[str]
) -> None:
    """Fail unless a step runs ``operations`` on several threads, or all on one under a limit of 1.

    A pass that an operation does not have is not required; an absent operation fails.
    """
    used = step_plan(model, x, y, batch_size)
    several = runtime.get_num_threads() > 1
    for operation in operations:
        passes = {phase: n for (name, phase), n in used.items() if name == operation}
        assert {"forward", "backward"} <= set(passes), f"no {operation} in {used}"
        for phase, count in passes.items():
            assert (count > 1) == several, f"{operation} {phase} on {count} threads: {used}"
