"""A progress bar for hand-written loops."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from lamina import _check, _screen
from lamina._public import PublicKeywords
from lamina.callbacks.epoch_text import finished, items, running, seconds
from lamina.callbacks.notebook_bar import NotebookBar


class Progbar(PublicKeywords):
    """Show the progress of a loop: a bar on a terminal and in a notebook, and a line at the end.

    If standard output is neither, such as a log file, there is only the line.

    Parameters
    ----------
    target : int or None
        The number of steps; None if unknown.
    width : int, default 20
        Maximum number of columns of the bar.
    verbose : {0, 1, 2}, default 1
        0 silent, 1 a bar and a line, 2 only the line.
    interval : float, default 0.05
        Minimum number of seconds between updates.
    stateful_metrics : iterable of str, optional
        Quantities whose last value is shown; all others are averaged over the steps, except that
        the values of the last step are shown unchanged.
    stateless_metrics : iterable of str, optional
        Quantities that are averaged over the steps; for all others the last value is shown.
    unit_name : str, default "step"
        The name of a step.

    Raises
    ------
    ValueError
        If both kinds of metrics are given.

    Examples
    --------
    >>> from lamina.utils import Progbar
    >>> bar = Progbar(2)
    >>> bar.update(1, [("loss", 0.5)])
    >>> bar.update(2, [("loss", 0.25)])                  # doctest: +ELLIPSIS
    2/2 - loss: 0.25 - ...s/step
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        who = "Progbar"
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(f"{who}: give stateful_metrics or stateless_metrics, not both")
        self.target = None if target is None else _check.integer(who, "target", target, 0)
        self.width = _check.integer(who, "width", width, 0)
        self.verbose = verbose
        self.interval = _check.number(who, "interval", interval, 0.0)
        self.stateful_metrics = None if stateful_metrics is None else set(stateful_metrics)
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.unit_name = unit_name
        self._sums: dict[str, tuple[Any, float]] = {}  # of each quantity, and of its weights
        self._done = 0
        self._start, self._drawn = time.perf_counter(), 0.0
        self._notebook = NotebookBar()
        self._notebook.begin()

    def _is_averaged(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in (self.stateful_metrics or ())

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show that ``current`` steps are done.

        Parameters
        ----------
        current : int
        values : iterable of tuple (str, float), optional
            The value of each quantity in the steps since the last update.
        finalize : bool, optional
            Whether the loop has finished; by default when ``current`` reaches ``target``.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        weight = max(current - self._done, 1)
        for name, value in values or ():
            total, weights = self._sums.get(name, (0.0, 0.0))
            number = float(np.mean(value))
            # As in Keras, the values of the last step are the results of the loop and are shown
            # unchanged.
            if self._is_averaged(name) and not finalize:
                self._sums[name] = (total + number * weight, weights + weight)
            else:
                self._sums[name] = (number, 1.0)
        self._done = current
        if self.verbose == 1 and not finalize:
            self._draw()
        if finalize and self.verbose:
            self._finish()

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that ``n`` more steps are done."""
        self.update(self._done + n, values)

    def _logs(self) -> dict[str, Any]:
        return {name: total / weights for name, (total, weights) in self._sums.items()}

    def _speed(self) -> str:
        took = time.perf_counter() - self._start
        return f"{seconds(took / max(self._done, 1))}/{self.unit_name}"

    def _draw(self) -> None:
        now = time.perf_counter()
        if now - self._drawn < self.interval:
            return
        self._drawn = now
        if _screen.in_notebook():
            text = " - ".join(items(self._logs()))
            self._notebook.draw(text, self._done, self.target or 0)
        elif _screen.is_terminal():
            _screen.show(
                running(
                    "", self._logs(), self._done, self.target or 0, self._speed(),
                    _screen.width(), self.width,
                )
            )  # fmt: skip

    def _finish(self) -> None:
        self._notebook.close()
        room = _screen.width() if _screen.is_terminal() else None
        title = f"{self._done}/{self.target or self._done}"
        took = seconds(time.perf_counter() - self._start)
        _screen.write(finished(title, self._logs(), [took, self._speed()], room))
