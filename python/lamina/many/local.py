"""Fits in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lamina import _check
from lamina.many import engine
from lamina.many.outcome import Outcome
from lamina.many.plan import Plan
from lamina.many.single import fit_one
from lamina.runtime import get_num_threads


def outcomes(
    plan: Plan,
    indices: Sequence[int],
    threads: int | None,
    told: Callable[[int], object] | None = None,
) -> Iterator[Outcome]:
    """Run some of the fits, this many at a time; yield them when they are done.

    Fits that the engine can run go first; the others follow one after the other.  ``told`` is
    called with the number of fits that are done.
    """
    asking = engine.Engine(plan)
    others: list[int] = []
    yield from engine.run(asking, indices, threads or get_num_threads(), told or _silent, others)
    for index in others:
        yield asking.checked(fit_one(plan, index))


def threads_of(who: str, n_jobs: Any) -> int:
    """Return the number of simultaneous fits: by default, and for -1, the number of threads."""
    if n_jobs is None:
        return get_num_threads()
    if isinstance(n_jobs, (int, np.integer)) and not isinstance(n_jobs, bool) and n_jobs < 0:
        return max(1, get_num_threads() + 1 + int(n_jobs))
    return _check.integer(who, "n_jobs", n_jobs)


def _silent(done: int) -> None:
    """Show nothing."""
