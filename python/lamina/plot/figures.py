"""The axes for drawing: the caller's, a new figure of pyplot's, or a figure only for a file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lamina import _check

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
SIZE = (5.5, 4.0)  # inches of one panel with labels

Path = str | os.PathLike[str] | None


@contextlib.contextmanager
def telling(who: str) -> Iterator[None]:
    """Add the name of the called function to Matplotlib's errors, such as for unknown colours."""
    try:
        yield
    except (TypeError, ValueError) as error:
        said = error.args[0] if error.args else None
        if isinstance(said, str) and not said.startswith(f"{who}: "):
            error.args = (f"{who}: {said}", *error.args[1:])
        raise


def require_matplotlib(who: str) -> None:
    """Raise an error that names the extra if Matplotlib is not installed."""
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise ImportError(
            f"{who}: needs matplotlib; install it with: pip install 'lamina[plot]'"
        ) from None


def unseen(who: str) -> Figure:
    """Return an empty figure that no window shows; pyplot and its state are not touched."""
    require_matplotlib(who)
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


def shown(who: str, draw: Callable[[Figure], Any], path: Path) -> Any:
    """Let ``draw`` fill a new figure of pyplot's, save it if asked to, and return its result."""
    require_matplotlib(who)
    import matplotlib.pyplot as plt

    from lamina.plot.once import FigureShownOnce

    path = _checked(who, path)
    figure = plt.figure(FigureClass=FigureShownOnce, layout="constrained")
    try:
        with telling(who):
            drawn = draw(figure)
        if path is not None:
            figure.savefig(path, dpi=DPI)
    except BaseException:
        plt.close(figure)
        raise
    return drawn


def on_axes(
    who: str,
    draw: Callable[[Axes], Any],
    ax: Axes | None,
    path: Path,
    size: tuple[float, float] | None = None,
) -> Axes:
    """Draw on the caller's axes, or on those of a new figure of pyplot's; return the axes.

    Without a ``size``, the figure has the size of the caller's style, unless that is Matplotlib's
    default.
    """

    def one(figure: Figure) -> Axes:
        figure.set_size_inches(size or _usual_size())
        axes = figure.add_subplot()
        draw(axes)
        return axes

    if ax is None:
        return shown(who, one, path)  # type: ignore[no-any-return]
    _check_axes(who, ax)
    path = _checked(who, path)
    with telling(who):
        draw(ax)
    _save(ax, path)
    return ax


def _usual_size() -> tuple[float, float]:
    from matplotlib import rcParams, rcParamsDefault

    wanted = rcParams["figure.figsize"]
    return SIZE if wanted == rcParamsDefault["figure.figsize"] else tuple(wanted)


def on_grid(
    who: str,
    draw: Callable[[Any], Any],
    shape: tuple[int, int],
    ax: Axes | None,
    path: Path,
    size: tuple[float, float],
) -> Any:
    """Let ``draw`` fill a grid of axes, an array of that shape; return its result.

    The caller's axes are the frame in which the grid is placed, as in scikit-learn.
    """

    def many(figure: Figure) -> Any:
        figure.set_size_inches(size)
        return draw(figure.subplots(*shape, squeeze=False))

    if ax is None:
        return shown(who, many, path)
    _check_axes(who, ax)
    path = _checked(who, path)
    with telling(who):
        drawn = draw(_within(ax, shape))
    _save(ax, path)
    return drawn


def _within(ax: Axes, shape: tuple[int, int]) -> Any:
    import numpy as np

    ax.set_axis_off()
    spec = ax.get_subplotspec()
    if spec is not None:
        # The frame becomes a line above the grid, so that its title stays above it.
        halves = spec.subgridspec(2, 1, height_ratios=[1e-3, 1], hspace=0)
        ax.set_subplotspec(halves[0])
        return halves[1].subgridspec(*shape).subplots(squeeze=False)
    rows, columns = shape
    width, height = 1 / columns, 1 / rows
    grid = np.empty(shape, dtype=object)
    for i in range(rows):
        for j in range(columns):
            grid[i, j] = ax.inset_axes(
                (j * width, 1 - (i + 1) * height, 0.92 * width, 0.9 * height)
            )
    return grid


def _save(ax: Axes, path: Any) -> None:
    if path is not None:
        ax.get_figure().savefig(path, dpi=DPI)  # type: ignore[union-attr]


def _checked(who: str, path: Any) -> Any:
    if path is not None and not hasattr(path, "write"):  # Matplotlib can write to open files
        return _check.path(who, "path", path)
    return path


def _check_axes(who: str, ax: Any) -> None:
    require_matplotlib(who)
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(f"{who}: ax must be an Axes of matplotlib or None; got {ax!r:.80}")
