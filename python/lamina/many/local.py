"""Fits in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.many.outcome import Outcome
from lamina.many.plan import Plan
from lamina.many.single import fit_one


def outcomes(plan: Plan, indices: Sequence[int], threads: int | None) -> Iterator[Outcome]:
    """Do some of the fits, so many at a time; yields them as they end."""
    del threads
    for index in indices:
        yield fit_one(plan, index)
