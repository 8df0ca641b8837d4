"""Searches from all starts of a call of nnet, and their reports."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen
from lamina._columns import Columns
from lamina.nnet.data import WHO, Given
from lamina.nnet.fitted import NNet
from lamina.nnet.networks import Network, Objective

Array = NDArray[np.float64]


def check_executor(who: str, executor: Any) -> None:
    """Refuse objects that are not executors."""
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(
            f"{who}: executor must be a concurrent.futures.Executor; got {executor!r:.80}"
        )


class Searches:
    """The searches of a call of nnet, and their reports.

    Parameters
    ----------
    network : Network
    given : Given
    settings : dict
        Arguments of ``LossFunction.minimize``.
    starts : ndarray (starts, weights)
    told : bool
        Whether the searches are reported as they run.
    hess : bool
        Whether to calculate the Hessian of the fit.
    call : str
    """

    def __init__(
        self, network: Network, given: Given, settings: dict[str, Any], starts: Array, told: bool,
        hess: bool, call: str,
    ) -> None:  # fmt: skip
        self.network, self.settings, self.starts = network, settings, starts
        self._given, self._told, self._hess, self._call = given, told, hess, call

    def run(self, executor: Executor | None) -> NNet:
        """Search, on all threads or through an executor, and return the best fit."""
        if executor is not None:
            check_executor(WHO, executor)
        if self._told:
            _tell_weights(len(self.starts[0]), self.settings["mask"])
        return self.fit(self._found() if executor is None else self._elsewhere(executor))

    def _objective(self) -> Objective:
        return self.network.objective(self._given.x, self._given.y, self._given.weights)

    def _found(self) -> list[Any]:
        told = self._told and len(self.starts) == 1 and self.settings["maxit"] > 0
        return self._objective().search(self.starts, self.settings, _tell if told else None)

    def _elsewhere(self, executor: Executor) -> list[Any]:
        given = self._given
        parts = np.array_split(self.starts, min(len(self.starts), 16))
        waiting = [
            executor.submit(
                _search_part, self.network, given.x, given.y, given.weights, part, self.settings
            )
            for part in parts
        ]
        return [minimum for each in waiting for minimum in each.result()]

    def fit(self, minima: list[Any]) -> NNet:
        """Return the fit with the smallest criterion."""
        values = np.array([m.fun for m in minima])
        finite = [m.status != "not finite" for m in minima]
        if not any(finite):
            raise ValueError(
                f"{WHO}: the criterion must be finite at the starting weights; got {values[0]}: "
                f"scale the columns of x, or use a smaller rang"
            )
        best = int(np.argmin(np.where(finite, values, np.inf)))
        found = minima[best]
        if self._told:
            self._tell_end(minima, best)
        table = Columns(
            {
                "start": np.arange(1, len(values) + 1),
                "initial": [m.initial for m in minima],
                "value": values,
                "convergence": [int(not m.success) for m in minima],
                "iterations": [m.nit for m in minima],
                "evaluations": [m.nfev for m in minima],
                "gradients": [m.njev for m in minima],
                "kept": np.arange(len(values)) == best,
            }
        )
        stopped = int(found.status == "stopped")
        made = NNet(self.network, self._given, found.x, found.fun, stopped, table, self._call)
        if self._hess:
            made.Hessian = self._objective().hessian(found.x)
        return made

    def _tell_end(self, minima: list[Any], best: int) -> None:
        found = minima[best]
        if len(minima) > 1:
            for place, m in enumerate(minima):
                _screen.write(f"start {place + 1:4d} value {m.fun:f} {m.status}")
        if self.settings["maxit"] == 0:
            return
        _screen.write(f"final  value {found.fun:f} ")
        ended = "converged" if found.success else f"stopped after {found.nit} iterations"
        _screen.write(f"{ended}")


def fits_side_by_side(
    searches: list[Searches], given: Given, cases: list[Array] | None
) -> list[NNet]:
    """Return the fits of several searches for networks of one kind, run at once.

    Each search uses all rows of `given`, or its own `cases` of them.
    """
    network, settings = searches[0].network, searches[0].settings
    counts = [len(each.starts) for each in searches]
    found = network.objective(given.x, given.y, given.weights).search(
        np.concatenate([each.starts for each in searches]), settings,
        cases=None if cases is None else np.repeat(cases, counts, axis=0),
    )  # fmt: skip
    ends = np.cumsum(counts).tolist()
    parts = zip([0, *ends[:-1]], ends, strict=True)
    return [each.fit(found[a:b]) for each, (a, b) in zip(searches, parts, strict=True)]


def _tell_weights(count: int, mask: Any) -> None:
    """Report the number of weights."""
    varied = "" if mask is None or mask.all() else f" ({int(mask.sum())} variable)"
    _screen.write(f"# weights:  {count}{varied}")


def _tell(_: int, iterations: int, value: float) -> None:
    if iterations == 0:
        _screen.write(f"initial  value {value:f} ")
    else:
        _screen.write(f"iter{iterations:4d} value {value:f}")


def _search_part(
    network: Network, x: Array, y: Array, weights: Array | None, starts: Array,
    settings: dict[str, Any],
) -> list[Any]:  # fmt: skip
    """Search from some of the starts; called by executors."""
    return network.objective(x, y, weights).search(starts, settings)
