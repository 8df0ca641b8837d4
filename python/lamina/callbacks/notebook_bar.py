"""The bar of an epoch under way in a notebook, by tqdm."""

from __future__ import annotations

import sys
import time
import warnings
from contextlib import suppress
from typing import Any


class NotebookBar:
    """One bar for all epochs of a fit, made when first drawn; ipywidgets draw it if installed.

    Where it cannot be drawn there is none, and the fit goes on.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._start = 0.0
        self._drawn = self._failed = False

    def begin(self) -> None:
        """Start an epoch's clock."""
        self._start = time.time()

    def draw(self, text: str, done: int, total: int) -> None:
        """Draw the bar behind the text."""
        if self._failed:
            return
        try:
            bar = self._bar = self._bar or _made(total)
            bar.total, bar.n, bar.start_t = total, done, self._start
            bar.set_description_str(text, refresh=False)
            bar.refresh()
            self._drawn = True
        except Exception:  # tqdm, ipywidgets and the notebook have to fit each other
            self._failed, self._drawn, self._bar = True, False, None

    def clear(self) -> None:
        """Take the bar out of the way of lines."""
        if self._drawn:
            self._drawn = False
            with suppress(Exception):
                self._bar.clear()

    def close(self) -> None:
        """Take the bar away."""
        bar, self._bar, self._drawn = self._bar, None, False
        if bar is not None:
            with suppress(Exception):
                bar.close()


def _made(total: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would ask for ipywidgets; a bar of text will do
        from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]

    class Bar(tqdm):  # type: ignore[misc,valid-type,unused-ignore]
        monitor_interval = 0  # no thread beside ours: a fork must stay safe

    return Bar(
        total=total,
        file=sys.stdout,
        leave=False,
        smoothing=0,
        delay=1e-9,  # it would draw itself empty before the first numbers come
        miniters=1 << 60,
        unit=" batches",
        bar_format="{desc} {bar} {n_fmt}/{total_fmt} - {rate_fmt}",
    )
