"""The results of minimising a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _core
from lamina._check import integer, number

if TYPE_CHECKING:
    from lamina._check import Array

Report = Callable[[int, int, float], None]
WHO = "LossFunction"


@dataclass(frozen=True)
class Minimum:
    """The result of one search, with the names of ``scipy.optimize.OptimizeResult``.

    Attributes
    ----------
    x : ndarray of shape (size,)
        The weights.
    fun : float
        The loss there.
    initial : float
        The loss at the start.
    status : {"converged", "stopped", "not finite"}
        "stopped" if `maxit` iterations were not enough, "not finite" if the loss is NaN or infinite
        at the start.
    nit, nfev, njev : int
        Iterations, evaluations of the loss, evaluations of its gradient.
    """

    x: Array
    fun: float
    initial: float
    status: str
    nit: int
    nfev: int
    njev: int

    @property
    def success(self) -> bool:
        """Whether the search converged."""
        return self.status == "converged"


def search(
    graph: _core.Graph,
    arrays: Any,
    starts: Array,
    mask: Any = None,
    maxit: int = 100,
    abstol: float = -np.inf,
    reltol: float = 1e-8,
    report: Report | None = None,
    columns: Any = None,
) -> list[Minimum]:
    """Return the results of searches over a graph's loss, one from each row of ``starts``."""
    found = _core.search(
        graph,
        arrays,
        starts,
        None if mask is None else _moving(mask, starts.shape[1]),
        integer(WHO, "maxit", maxit, low=0),
        float(abstol),
        number(WHO, "reltol", reltol, low=0.0),
        report,
        columns=None if columns is None else np.ascontiguousarray(columns, np.int64),
    )
    counts = zip(found["iterations"], found["evaluations"], found["gradients"], strict=True)
    values = zip(found["values"].tolist(), found["initials"].tolist(), strict=True)
    ends = zip(found["points"], values, found["ends"], counts, strict=True)
    return [Minimum(x, *value, end, *map(int, count)) for x, value, end, count in ends]


def _moving(mask: Any, size: int) -> list[int]:
    moves = np.asarray(mask)
    if moves.shape != (size,):
        raise ValueError(
            f"{WHO}: mask must have shape ({size},), one truth value for each weight; got "
            f"{moves.shape}"
        )
    return [int(place) for place in np.flatnonzero(moves)]
