"""Predictions with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes
from lamina.plot.style import BLUE, SKY, VERMILION, beside, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "intervals"


@answering_calls
def intervals(
    prediction: Any,
    lower: Any = None,
    upper: Any = None,
    *,
    y: Any = None,
    x: Any = None,
    path: Path = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw predictions with their intervals and, if given, the observed values.

    Parameters
    ----------
    prediction : array_like of shape (rows,), or the result of ``predict(X, interval=...)``
        The latter contains the bounds.
    lower, upper : array_like of shape (rows,), optional
    y : array_like of shape (rows,), optional
        Observed values: those within their interval are points, the others crosses, and the title
        has the share within. Names of a frame's columns label the axes.
    x : array_like of shape (rows,), optional
        The horizontal axis, along which a band is drawn.  If not given, rows are drawn side by side
        in the order of their predictions.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from lamina import plot
    >>> ax = plot.intervals([1.0, 2.0], [0.5, 1.0], [1.5, 3.0], y=[1.2, 3.5])
    >>> ax.get_title()
    '1 of 2 observations within (50 %)'
    """
    alone = lower is None and upper is None and isinstance(prediction, (tuple, list))
    if alone and len(prediction) == 3:
        prediction, lower, upper = prediction
    names = ("prediction", "lower", "upper", "y", "x")
    given = [prediction, lower, upper, y, x]
    middle, low, high, seen, across = (
        None if v is None else _column(name, v) for name, v in zip(names, given, strict=True)
    )
    if middle is None or low is None or high is None:
        raise ValueError(f"{WHO}: needs prediction, lower and upper")
    for name, values in zip(names[1:], (low, high, seen, across), strict=True):
        if values is not None and len(values) != len(middle):
            raise ValueError(
                f"{WHO}: {name} must have as many rows as prediction, {len(middle)}; "
                f"got {len(values)}"
            )
    if not len(middle):
        raise ValueError(f"{WHO}: prediction must have at least one row; got none")
    wrong = np.flatnonzero(low > high)
    if wrong.size:
        raise ValueError(
            f"{WHO}: lower must not be above upper; row {wrong[0]} has {low[wrong[0]]:.6g} and "
            f"{high[wrong[0]]:.6g}"
        )
    order = np.argsort(middle if across is None else across, kind="stable")
    band = across is not None
    place = np.arange(len(order)) if across is None else across[order]
    rows = [place, middle[order], low[order], high[order], None if seen is None else seen[order]]
    xlabel = _name_of(x, "" if band else "rows, by prediction")
    ylabel = _name_of(y, "value")

    def draw(axes: Axes) -> None:
        _draw(axes, band, *rows)
        axes.set_xlabel(xlabel, parse_math=False)
        axes.set_ylabel(ylabel, parse_math=False)

    return on_axes(WHO, draw, ax, path, (6.5, 4.0))


def _name_of(values: Any, other: str) -> str:
    """Return the name of a frame's column, or a given one."""
    name = getattr(values, "name", None)
    return name if isinstance(name, str) else other


def _column(name: str, values: Any) -> Array:
    found = as_numbers(WHO, name, values).astype(np.float64)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        raise ValueError(
            f"{WHO}: {name} must have shape (rows,), for one output; got {found.shape}"
        )
    return found


def _draw(axes: Axes, band: bool, x: Any, middle: Any, low: Any, high: Any, seen: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    if band:
        axes.fill_between(x, low, high, color=BLUE, alpha=0.25, linewidth=0, label="interval")
        axes.plot(x, middle, color=BLUE, label="prediction")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        width = min(1.5, 300 / len(x))  # points; wider strokes of many rows would overlap
        axes.vlines(x, low, high, color=SKY, linewidth=width, label="interval")
        axes.plot(x, middle, color=BLUE, linestyle="", marker="_", label="prediction")
    title = None
    if seen is not None:
        known = ~np.isnan(seen)  # the others are not observed yet
        x, seen, low, high = x[known], seen[known], low[known], high[known]
        inside = (low <= seen) & (seen <= high)
        axes.plot(x[inside], seen[inside], ".", color="black", markersize=4, label="observed")
        axes.plot(x[~inside], seen[~inside], "x", color=VERMILION, markersize=6, label="outside")
        within = f"{inside.sum()} of {len(inside)} observations within"
        title = f"{within} ({100 * inside.mean():.3g} %)" if len(inside) else None
    beside(axes, title)
    plain(axes)
