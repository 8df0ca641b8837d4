"""Fits in other processes and on other machines, by any executor."""

from __future__ import annotations

import itertools
import os
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, as_completed
from typing import Any

from lamina.many.local import outcomes
from lamina.many.outcome import Outcome
from lamina.many.plan import Plan

# Beginnings of errors for objects that cannot be sent, or are not found on arrival.
_NO_PICKLE = ("Can't pickle", "cannot pickle", "Can't get local object", "Can't get attribute")
CHUNKS = 4  # for each worker: fewer send the data less often, more keep all workers busy to the end


def run_chunk(plan: Plan, indices: Sequence[int], threads: int) -> list[Outcome]:
    """Run some fits of a plan, in any process; an interrupt keeps those that are done."""
    done: list[Outcome] = []
    try:
        for outcome in outcomes(plan, indices, threads):
            _let_travel(outcome)
            done.append(outcome)
    except KeyboardInterrupt:
        pass
    return done


def spread(who: str, plan: Plan, executor: Any, threads: int | None) -> Iterator[Outcome]:
    """Run all fits on an executor; yield them as their chunks end.

    ``who`` is the function that the user has called, for messages.
    """
    each = 1 if threads is None else threads
    if executor == "joblib":
        for done in _by_joblib(who, plan, each):
            yield from done
        return
    futures: dict[Future[list[Outcome]], Sequence[int]] = {}
    try:
        for chunk in chunks(len(plan.fits), workers_of(executor)):
            try:
                futures[executor.submit(run_chunk, plan, chunk, each)] = chunk
            except Exception as error:  # the executor is shut down, or has lost its workers
                yield from _failed(who, chunk, error)
        for future in as_completed(futures):
            try:
                yield from future.result()
            except Exception as error:  # a worker was lost, or cannot take the fits
                yield from _failed(who, futures[future], error)
    finally:
        for future in futures:
            future.cancel()


def chunks(count: int, workers: int) -> list[range]:
    """Cut this number of fits into runs of neighbours, which share data and settings."""
    pieces = min(count, CHUNKS * workers)
    ends = [count * k // pieces for k in range(pieces + 1)]
    return [range(a, b) for a, b in itertools.pairwise(ends)]


def workers_of(executor: Any) -> int:
    """Return the number of workers that an executor reports, or else of this machine's CPUs."""
    for name in ("num_workers", "_max_workers"):
        count = getattr(executor, name, None)
        if isinstance(count, int) and count > 0:
            return count
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "ncores"):  # Dask
        return max(1, sum(map(int, client.ncores().values())))
    return os.cpu_count() or 1


def check_executor(who: str, executor: Any) -> None:
    """Refuse objects that are not executors."""
    takes_work = callable(getattr(executor, "submit", None)) and not isinstance(executor, type)
    if executor is None or executor == "joblib" or takes_work:
        return
    raise TypeError(
        f"{who}: executor must be a concurrent.futures.Executor, or 'joblib'; got {executor!r:.80}"
    )


def _failed(who: str, indices: Sequence[int], error: Exception) -> list[Outcome]:
    """Return failures for fits that an executor has not run."""
    if isinstance(error, pickle.PicklingError) or str(error).startswith(_NO_PICKLE):
        told = TypeError(
            f"{who}: the executor's workers receive the model, the data and the settings by "
            f"pickle; got: {error}; define functions and classes at the top of a module, or give "
            f"executor='joblib', which also sends those defined elsewhere"
        )
        told.__cause__, error = error, told
    failed = [Outcome(index) for index in indices]
    for outcome in failed:
        outcome.fail(error)
    return failed


def _by_joblib(who: str, plan: Plan, threads: int) -> Iterator[list[Outcome]]:
    try:
        import joblib  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise ImportError(
            f"{who}: executor='joblib' needs joblib, which scikit-learn brings: "
            f"pip install lamina[sklearn]"
        ) from error
    parallel = joblib.Parallel(n_jobs=joblib.effective_n_jobs(-1))
    cut = chunks(len(plan.fits), joblib.effective_n_jobs(-1))
    yield from parallel(joblib.delayed(run_chunk)(plan, chunk, threads) for chunk in cut)


def _let_travel(outcome: Outcome) -> None:
    """Replace an error that cannot be sent by a plain one."""
    if outcome.error is not None:
        try:
            pickle.loads(pickle.dumps(outcome.error))
        except Exception:
            outcome.error = RuntimeError(outcome.message)
