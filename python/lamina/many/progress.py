"""One bar for all fits."""

from __future__ import annotations

from typing import Any

from lamina import _screen
from lamina.callbacks.progress import level


class Bar:
    """A tqdm bar as a context manager; no bar if nothing is to be shown.

    Parameters
    ----------
    who : str
    total : int
        The number of fits.
    verbose : {"auto", 0, 1, 2}
        As in ``fit``: with "auto", a bar is drawn on a terminal and in a notebook.
    """

    def __init__(self, who: str, total: int, verbose: Any) -> None:
        chosen = level(who, verbose)
        drawn = _screen.is_terminal() or _screen.in_notebook()
        self._shown = chosen == 1 and (drawn or verbose == 1)
        self._who, self._total, self._bar = who, total, None
        self._done = 0

    def __enter__(self) -> Bar:
        """Draw the bar."""
        if self._shown:
            from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]

            self._bar = tqdm(total=self._total, desc=self._who, unit="fit")
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the bar unchanged."""
        if self._bar is not None:
            self._bar.close()

    def reach(self, done: int) -> None:
        """Record that this many fits are done; smaller numbers than before bring nothing new."""
        if self._bar is not None and done > self._done:
            self._bar.update(done - self._done)
            self._done = done
