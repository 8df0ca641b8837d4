"""Processes that do not do the same: the program for test_distribute_differences.py.

python tests/distributed_differences.py OUT writes the results to OUT.RANK as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from distributed_failures import small
from lamina import callbacks
from lamina.distribute import DataParallel


def in_last(parallel: Any, hook: str, action: Any) -> list[Any]:
    """Return a callback with one hook in the last process, and none in the others."""
    if parallel.rank < parallel.size - 1:
        return []
    return [type("One", (callbacks.Callback,), {hook: lambda *_: action()})()]


def stopped(comm: Any, hook: str) -> str:
    """Return where a fit ends if a hook of one process stops it."""
    model, x, y = small()
    parallel = DataParallel(model, comm)
    stops = in_last(parallel, hook, lambda: setattr(model, "stop_training", True))
    settings = {"batch_size": 8, "epochs": 3, "verbose": 0, "validation_data": (x[:9], y[:9])}
    history = parallel.fit(x, y, **settings, callbacks=stops)
    return f"{len(history.epoch)} epochs, {model.train_state.step} steps"


def stopped_evaluation(comm: Any, hook: str) -> bool:
    """Return whether the loss is that of the first batch if a hook of one process stops."""
    model, x, y = small()
    parallel = DataParallel(model, comm)
    first = parallel.evaluate(x[:8], y[:8], batch_size=8, verbose=0)
    stops = in_last(parallel, hook, lambda: setattr(model, "stop_evaluating", True))
    return bool(parallel.evaluate(x, y, batch_size=8, verbose=0, callbacks=stops) == first)


def heard(comm: Any) -> str:
    """Validate 300 rows, of which one process hears each batch."""
    model, x, y = small()
    parallel = DataParallel(model, comm)
    hears = in_last(parallel, "on_test_batch_end", lambda: None)
    x, y = x.repeat(8, axis=0)[:300], y.repeat(8, axis=0)[:300]
    parallel.fit(x, y, verbose=0, validation_data=(x, y), callbacks=hears)
    return f"{parallel.evaluate(x, y, verbose=0, callbacks=hears):.3f}"


def stops(comm: Any) -> dict[str, Any]:
    fits = ("on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_test_end", "on_epoch_end")
    tests = ("on_test_begin", "on_test_batch_end")
    return {
        **{hook: stopped(comm, hook) for hook in fits},
        **{f"evaluate, {hook}": stopped_evaluation(comm, hook) for hook in tests},
        "heard": heard(comm),
    }


CASES = {case.__name__: case for case in (stops,)}


def main() -> None:
    from mpi4py import MPI

    out, what = sys.argv[1:]
    found = CASES[what](MPI.COMM_WORLD)
    with open(f"{out}.{MPI.COMM_WORLD.Get_rank()}", "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
