"""Showing the progress of a fit."""

from __future__ import annotations

import operator
import time
from typing import Any

from lamina import _screen
from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.epoch_text import finished, items, rate, running, seconds
from lamina.callbacks.notebook_bar import NotebookBar


class EpochLines(Callback):
    """One line an epoch: ``Epoch 3/10 - loss: 0.1 - val_loss: 0.2 - 0.42 s``.

    Examples
    --------
    >>> from lamina.callbacks import EpochLines
    >>> lines = EpochLines()
    >>> lines.params = {"epochs": 2}
    >>> lines.on_epoch_begin(0)
    >>> lines.on_epoch_end(0, {"loss": 0.25})       # doctest: +ELLIPSIS
    Epoch 1/2 - loss: 0.25 - ...s
    """

    def __init__(self) -> None:
        super().__init__()
        self._start = 0.0

    def _title(self, epoch: int) -> str:
        return f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}"

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the line."""
        took = time.perf_counter() - self._start
        _screen.write(finished(self._title(epoch), logs, [seconds(took)], None))


class Progress(EpochLines):
    """A bar while an epoch runs, and a line that stays when it is over.

    The numbers come first, and are never cut: what does not fit the terminal goes to a further
    line.  The bar is drawn by the clock, not by the batch; epochs shorter than a tenth of a second
    have only their lines, as have all epochs where standard output is neither a terminal nor a
    notebook.

    Examples
    --------
    >>> from lamina.callbacks import Progress
    >>> Progress().on_train_end()           # nothing was drawn: nothing to take away
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = ""
        self._before = 0  # steps of the optimizer, an epoch can be left early
        self._trained: float | None = None
        self._notebook = NotebookBar()

    def _steps(self) -> int:
        return int(self.model.optimizer.iterations)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        super().on_epoch_begin(epoch, logs)
        self._now, self._before, self._trained = self._title(epoch), self._steps(), None
        self._notebook.begin()

    def on_tick(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar."""
        done, total = batch + 1, self.params.get("steps", 0)
        if _screen.in_notebook():
            self._notebook.draw(" - ".join([self._now, *items(logs)]), done, total)
        elif _screen.is_terminal():
            speed = rate(done, time.perf_counter() - self._start)
            _screen.show(running(self._now, logs, done, total, speed, _screen.width()))

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Stop the clock of the rate, which is that of training."""
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's line in place of the bar."""
        now = time.perf_counter()
        self.clear()
        trained = (self._trained or now) - self._start
        times = [seconds(now - self._start), rate(self._steps() - self._before, trained)]
        width = _screen.width() if _screen.is_terminal() else None
        _screen.write(finished(self._title(epoch), logs, times, width))

    def clear(self) -> None:
        """Take the bar out of the way of what is written next."""
        self._notebook.clear()
        _screen.clear()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Take the bar away."""
        self.close()

    def close(self) -> None:
        """Take the bar away; a terminal's stays on its line, to tell where a fit was ended."""
        self._notebook.close()
        _screen.leave()


class ClearBar(Callback):
    """Take the bar away before the callbacks that follow may print at an epoch's end."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Clear the line."""
        self._progress.clear()


def level(who: str, verbose: object) -> int:
    """Return 0, 1 or 2 for a ``verbose`` argument; "auto" is 1 on a terminal and in a notebook."""
    if isinstance(verbose, str) and verbose == "auto":
        return 1 if _screen.is_terminal() or _screen.in_notebook() else 2
    try:
        chosen = operator.index(verbose)  # type: ignore[arg-type]
    except TypeError:
        chosen = -1
    if chosen not in (0, 1, 2):
        raise ValueError(f"{who}: verbose must be 'auto', 0, 1 or 2; got {verbose!r}")
    return chosen


def for_verbose(verbose: object) -> Callback | None:
    """Return what shows the progress of a fit: a bar (1), lines (2) or nothing (0)."""
    makers: tuple[Any, ...] = (lambda: None, Progress, EpochLines)
    shower: Callback | None = makers[level("fit", verbose)]()
    return shower
