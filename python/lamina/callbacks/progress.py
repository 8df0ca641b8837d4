"""Showing the progress of a fit."""

from __future__ import annotations

import sys
import time
from typing import Any

from lamina.callbacks.callback import Callback, Logs

LINE_EVERY = 0.1  # seconds: epochs shorter than this share a line


def show(logs: Logs | None) -> str:
    """Return logs as text: ``loss: 0.1234 - mae: 0.05678``."""
    return " - ".join(f"{key}: {value:.4g}" for key, value in (logs or {}).items())


class Progress(Callback):
    """A tqdm bar an epoch, with the losses; drawn by the clock, not by the batch.

    Epochs that follow each other faster than the eye share one line.

    Examples
    --------
    >>> from lamina.callbacks import Progress
    >>> Progress().on_train_end()           # nothing was drawn: nothing to close
    """

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None
        self._line_at = 0.0

    def _open(self, total: int) -> Any:
        from tqdm.std import tqdm  # type: ignore[import-untyped,unused-ignore]

        class Bar(tqdm):  # type: ignore[misc,type-arg,unused-ignore]
            monitor_interval = 0  # no thread beside ours: a fork must stay safe

        return Bar(total=total, unit="batch", dynamic_ncols=True, leave=True, miniters=1 << 60)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Open the epoch's bar, or take over the last one."""
        title = f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}"
        if self._bar is None:
            self._bar = self._open(self.params.get("steps", 0))
        self._bar.n = 0
        self._bar.start_t = self._bar.last_print_t = time.time()
        self._bar.set_description_str(title, refresh=False)

    def on_tick(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar."""
        self._bar.n = batch + 1
        self._bar.set_postfix_str(show(logs), refresh=False)
        self._bar.refresh()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Leave the line if the last one is old enough to have been read."""
        self._bar.n = self._bar.total
        self._bar.set_postfix_str(show(logs), refresh=False)
        now = time.perf_counter()
        if now - self._line_at >= LINE_EVERY:
            self._line_at = now
            self.close()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leave the last line."""
        self.close()

    def close(self) -> None:
        """Draw the bar a last time and close it."""
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None


class EpochLines(Callback):
    """One line an epoch: ``Epoch 3/10 - 0.42 s - loss: 0.1 - val_loss: 0.2``.

    Examples
    --------
    >>> from lamina.callbacks import EpochLines
    >>> lines = EpochLines()
    >>> lines.params = {"epochs": 2}
    >>> lines.on_epoch_begin(0)
    >>> lines.on_epoch_end(0, {"loss": 0.25})       # doctest: +ELLIPSIS
    Epoch 1/2 - ... - loss: 0.25
    """

    def __init__(self) -> None:
        super().__init__()
        self._start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Print the line."""
        took = time.perf_counter() - self._start
        shown = f"{took:.2f} s" if took >= 0.1 else f"{took * 1e3:.2f} ms"
        print(f"Epoch {epoch + 1}/{self.params.get('epochs', '?')} - {shown} - {show(logs)}")


def for_verbose(verbose: object) -> Callback | None:
    """Return what shows progress: a bar ("auto" on a terminal, 1), lines ("auto", 2) or none."""
    if verbose == "auto":
        terminal = sys.stderr is not None and sys.stderr.isatty()
        return Progress() if terminal or "ipykernel" in sys.modules else EpochLines()
    if isinstance(verbose, (bool, int)) and verbose in (0, 1, 2):
        return (None, Progress(), EpochLines())[int(verbose)]
    raise ValueError(f"fit: verbose must be 'auto', 0, 1 or 2; got {verbose!r}")
