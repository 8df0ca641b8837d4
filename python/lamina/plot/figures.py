"""Empty figures for the others to draw on: pyplot's, or one that is only written to a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lamina import _check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 120


def _require_matplotlib(who: str) -> None:
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise ImportError(
            f"{who}: needs matplotlib; install it with: pip install 'lamina[plot]'"
        ) from None


def unseen(who: str) -> Figure:
    """Return an empty figure that no window shows; pyplot and its state are not touched."""
    _require_matplotlib(who)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def written(
    who: str, draw: Callable[[Figure], Any], path: str | os.PathLike[str], dpi: float = DPI
) -> None:
    """Draw a figure that is only written to a file."""
    figure = unseen(who)
    draw(figure)
    figure.savefig(path, dpi=dpi)


def shown(who: str, draw: Callable[[Figure], Any], path: str | os.PathLike[str] | None) -> Figure:
    """Draw pyplot's current figure, save it if there is a path, and return it."""
    _require_matplotlib(who)
    import matplotlib.pyplot as plt

    from lamina.plot.once import FigureShownOnce

    if path is not None and not hasattr(path, "write"):  # Matplotlib writes to files that are open
        path = _check.path(who, "path", path)
    figure = plt.figure(FigureClass=FigureShownOnce, layout="constrained")
    try:
        draw(figure)
        if path is not None:
            figure.savefig(path, dpi=DPI)
    except BaseException:
        plt.close(figure)
        raise
    return figure
