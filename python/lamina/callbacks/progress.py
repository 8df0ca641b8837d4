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
    """One line per epoch: ``Epoch 3/10 - loss: 0.1 - val_loss: 0.2 - 0.42 s``.

    A separate evaluation or prediction has one line.

    Examples
    --------
    >>> from lamina.callbacks import EpochLines
    >>> lines = EpochLines()
    >>> lines.params = {"epochs": 2}
    >>> lines.on_epoch_begin(0)
    >>> lines.on_epoch_end(0, {"loss": 0.25})       # doctest: +ELLIPSIS
    Epoch 1/2 - loss: 0.25 - ...s
    """

    _lines = True  # whether lines remain
    _fitting = False  # evaluations within a fit are validations, shown with the epoch

    first_process_only = True

    def __init__(self) -> None:
        super().__init__()
        self._start = 0.0
        self._now = ""  # the current activity

    def _title(self, epoch: int) -> str:
        return f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}"

    def _begin(self, title: str) -> None:
        self._now, self._start = title, time.perf_counter()

    def _finish(self, logs: Logs | None, times: list[str], width: int | None = None) -> None:
        if self._lines:
            _screen.write(finished(self._now, logs, times, width))

    def _took(self) -> list[str]:
        return [seconds(time.perf_counter() - self._start)]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Ignore validations from now on."""
        self._fitting = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._begin(self._title(epoch))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the line."""
        self._finish(logs, self._took())

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Start the clock."""
        if not self._fitting:
            self._begin("evaluate")

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the line."""
        if not self._fitting:
            self._finish(logs, self._took())

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._begin("predict")

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Write the line."""
        self._finish({}, self._took())

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Prepare for separate evaluations."""
        self.close()

    def close(self) -> None:
        """Prepare for the next run."""
        self._fitting = False


class Progress(EpochLines):
    """A bar while an epoch runs, and a line when it is finished.

    The numbers come first and are never truncated: if they do not fit the terminal they continue on
    another line.  The bar is redrawn at intervals of time, not after each batch; epochs shorter
    than a tenth of a second only have their lines, as do all epochs if standard output is neither a
    terminal nor a notebook. A separate evaluation or prediction also has a bar and a line.

    Parameters
    ----------
    lines : bool, default True
        Whether the lines remain; without them there are only the bars.

    Examples
    --------
    >>> from lamina.callbacks import Progress
    >>> Progress().on_train_end()           # nothing was drawn: nothing to take away
    """

    _draws = True

    def __init__(self, lines: bool = True) -> None:
        super().__init__()
        self._lines = lines
        self._before = 0  # steps of the optimizer: an epoch may end early
        self._trained: float | None = None
        self._notebook = NotebookBar()
        self._drawn = False

    def _steps(self) -> int:
        optimizer = getattr(self.model, "optimizer", None)
        return 0 if optimizer is None else int(optimizer.iterations)

    def _begin(self, title: str) -> None:
        super()._begin(title)
        self._trained = None
        self._notebook.begin()

    def _finish(self, logs: Logs | None, times: list[str], width: int | None = None) -> None:
        self.clear()
        super()._finish(logs, times, _screen.width() if _screen.is_terminal() else None)

    def _draw(self, batch: int, logs: Logs | None) -> None:
        if not self._draws:
            return
        done, total = batch + 1, self.params.get("steps") or 0
        self._drawn = True
        if _screen.in_notebook():
            self._notebook.draw(" - ".join([self._now, *items(logs)]), done, total)
        elif _screen.is_terminal():
            speed = rate(done, time.perf_counter() - self._start)
            _screen.show(running(self._now, logs, done, total, speed, _screen.width()))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        super().on_epoch_begin(epoch, logs)
        self._before = self._steps()

    def on_tick(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar."""
        self._draw(batch, logs)

    def on_test_tick(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar of a separate evaluation."""
        if not self._fitting:
            self._draw(batch, logs)

    def on_predict_tick(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar."""
        self._draw(batch, {})

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Stop the clock of the rate, which is that of training only."""
        super().on_test_begin(logs)
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Replace the bar by the epoch's line."""
        now = time.perf_counter()
        trained = (self._trained or now) - self._start
        times, steps = [seconds(now - self._start)], self._steps() - self._before
        self._finish(logs, [*times, rate(steps, trained)] if steps else times)

    def clear(self) -> None:
        """Remove the bar before anything else is written."""
        if self._drawn:  # else the line belongs to an enclosing run
            self._drawn = False
            self._notebook.clear()
            _screen.clear()

    def close(self) -> None:
        """Remove the bar; on a terminal it stays, to show where a fit was interrupted."""
        super().close()
        self._notebook.close()
        if self._drawn:
            self._drawn = False
            _screen.leave()


class ProgbarLogger(Progress):
    """The progress display of ``fit``, ``evaluate`` and ``predict``, under Keras's name.

    It follows their ``verbose``: 0 shows nothing, 1 a bar and lines, 2 lines; "auto" is 1.  If it
    is among the callbacks, nothing else shows the progress.

    Examples
    --------
    >>> from lamina.callbacks import ProgbarLogger
    >>> logger = ProgbarLogger()
    >>> logger.set_params({"verbose": 0, "epochs": 1})
    >>> logger.on_epoch_begin(0)
    >>> logger.on_epoch_end(0, {"loss": 0.25})
    """

    def __init__(self) -> None:
        super().__init__()

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the run's settings, and choose the display for its ``verbose``."""
        super().set_params(params)
        verbose = params.get("verbose", 1)
        chosen = 1 if verbose == "auto" else level("ProgbarLogger", verbose)
        self._lines, self._draws = chosen > 0, chosen == 1


class ClearBar(Callback):
    """Remove the bar before the following callbacks may print at the end of an epoch."""

    first_process_only = True

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
