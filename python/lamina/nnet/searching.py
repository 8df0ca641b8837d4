"""Searches from all starts of a call of nnet, and what they report."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen
from lamina._columns import Columns
from lamina.nnet.data import WHO, Given
from lamina.nnet.fitted import NNet
from lamina.nnet.networks import Network

Array = NDArray[np.float64]


def check_executor(who: str, executor: Any) -> None:
    """Refuse what takes no work."""
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(
            f"{who}: executor must be a concurrent.futures.Executor; got {executor!r:.80}"
        )


class Searches:
    """Searches from all starts, and what they report."""

    def __init__(
        self, network: Network, given: Given, settings: dict[str, Any], starts: Array, told: bool,
        executor: Executor | None,
    ) -> None:  # fmt: skip
        self._network, self._given, self._settings = network, given, settings
        self._starts, self._told = starts, told
        self._objective = network.objective(given.x, given.y, given.weights)
        self._minima = self._run(executor)

    def _run(self, executor: Executor | None) -> list[Any]:
        if executor is not None:
            check_executor(WHO, executor)
            return self._elsewhere(executor)
        single = len(self._starts) == 1
        told = self._told and single and self._settings["maxit"] > 0
        report = _tell if told else None
        return self._objective.search(self._starts, self._settings, report)

    def _elsewhere(self, executor: Executor) -> list[Any]:
        given = self._given
        parts = np.array_split(self._starts, min(len(self._starts), 16))
        waiting = [
            executor.submit(
                _search_part, self._network, given.x, given.y, given.weights, part, self._settings
            )
            for part in parts
        ]
        return [minimum for each in waiting for minimum in each.result()]

    def best(self, call: str) -> NNet:
        """Return the fit with the least criterion."""
        values = np.array([m.fun for m in self._minima])
        finite = [m.status != "not finite" for m in self._minima]
        if not any(finite):
            raise ValueError(
                f"{WHO}: the criterion must be finite at the starting weights; got {values[0]}: "
                f"scale the columns of x, or take a smaller rang"
            )
        best = int(np.argmin(np.where(finite, values, np.inf)))
        found = self._minima[best]
        if self._told:
            self._tell_end(best)
        table = Columns(
            {
                "start": np.arange(1, len(values) + 1),
                "initial": [m.initial for m in self._minima],
                "value": values,
                "convergence": [int(not m.success) for m in self._minima],
                "iterations": [m.nit for m in self._minima],
                "evaluations": [m.nfev for m in self._minima],
                "gradients": [m.njev for m in self._minima],
                "kept": np.arange(len(values)) == best,
            }
        )
        return NNet(
            self._network,
            self._given,
            found.x,
            found.fun,
            int(found.status == "stopped"),
            table,
            call,
        )  # fmt: skip

    def _tell_end(self, best: int) -> None:
        found = self._minima[best]
        if len(self._minima) > 1:
            for place, m in enumerate(self._minima):
                _screen.write(f"start {place + 1:4d} value {m.fun:f} {m.status}")
        if self._settings["maxit"] == 0:
            return
        _screen.write(f"final  value {found.fun:f} ")
        ended = "converged" if found.success else f"stopped after {found.nit} iterations"
        _screen.write(f"{ended}")

    def hessian(self, wts: Array) -> Array:
        """Return the second derivatives of the criterion."""
        return self._objective.hessian(wts)


def tell_weights(count: int, mask: Any) -> None:
    """Report how many weights there are."""
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
    """Search from some of the starts: what an executor is given."""
    return network.objective(x, y, weights).search(starts, settings)
