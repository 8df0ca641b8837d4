"""The progress bar of a running epoch in a notebook, by tqdm."""

from __future__ import annotations

import sys
import time
import warnings
from contextlib import suppress
from typing import Any


class NotebookBar:
    """One bar for all epochs of a fit, created when first drawn, by ipywidgets if installed.

    If it cannot be drawn it is left out, and the fit continues.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._start = 0.0
        self._drawn = self._failed = False

    def begin(self) -> None:
        """Start the clock of an epoch."""
        self._start = time.time()

    def draw(self, text: str, done: int, total: int) -> None:
        """Draw the bar after the text."""
        if self._failed:
            return
        try:
            bar = self._bar = self._bar or _made(total)
            bar.total, bar.n, bar.start_t = total, done, self._start
            bar.set_description_str(text, refresh=False)
            bar.refresh()
            self._drawn = True
        except Exception:  # versions of tqdm, ipywidgets and the notebook may not match
            self._failed, self._drawn, self._bar = True, False, None

    def clear(self) -> None:
        """Remove the bar so that lines can be written."""
        if self._drawn:
            self._drawn = False
            with suppress(Exception):
                self._bar.clear()

    def close(self) -> None:
        """Remove the bar."""
        bar, self._bar, self._drawn = self._bar, None, False
        if bar is not None:
            with suppress(Exception):
                bar.close()


def _made(total: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm asks for ipywidgets, but a text bar suffices
        from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]

    class Bar(tqdm):  # type: ignore[misc,valid-type,unused-ignore]
        monitor_interval = 0  # no monitor thread, so that forking stays safe

    return Bar(
        total=total,
        file=sys.stdout,
        leave=False,
        smoothing=0,
        delay=1e-9,  # otherwise it is drawn empty before the first numbers
        miniters=1 << 60,
        unit=" batches",
        bar_format="{desc} {bar} {n_fmt}/{total_fmt} - {rate_fmt}",
    )
