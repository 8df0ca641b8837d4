"""Errors over the size of a model: the figure of double descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes
from lamina.plot.style import GREY, line, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "complexity_path"
NEEDED = ("complexity", "train_error", "test_error")
WIDE = 30.0  # a ratio of largest to smallest error from which the axis is logarithmic


@answering_calls
def complexity_path(
    result: Any,
    against: str = "complexity",
    path: Path = None,
    *,
    log: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw training and test error over the size of a model.

    Parameters
    ----------
    result : ComplexityPath
        What ``lamina.complexity_path`` returns.
    against : {"complexity", "parameters", "norm", "degrees_of_freedom"}, default "complexity"
        The horizontal axis.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    log : bool, optional
        Whether errors have a logarithmic axis; by default where the largest is 30 times the
        smallest test error.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes
        A dotted line marks the size from which on the training rows can be reproduced, a star the
        least test error.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> rng = np.random.default_rng(0)
    >>> x, grid = rng.uniform(-5, 5, 20), np.linspace(-5, 5, 200)
    >>> path = lamina.complexity_path("natural_spline", x, np.sin(x), (grid, np.sin(grid)))
    >>> ax = lamina.plot.complexity_path(path)
    >>> [label.get_text() for label in ax.get_legend().get_texts()][:2]
    ['training', 'test']
    """
    for name in NEEDED:
        if not hasattr(result, "keys") or name not in result:
            raise TypeError(f"{WHO}: needs what lamina.complexity_path returns; got {result!r:.80}")
    if against not in ("complexity", "parameters", "norm", "degrees_of_freedom"):
        raise ValueError(
            f"{WHO}: against must be 'complexity', 'parameters', 'norm' or "
            f"'degrees_of_freedom'; got {against!r}"
        )
    return on_axes(WHO, lambda axes: _draw(axes, result, against, log), ax, path)


def _draw(axes: Axes, result: Any, against: str, log: bool | None) -> None:
    at = np.asarray(result[against], np.float64)
    errors = [np.asarray(result[name], np.float64) for name in NEEDED[1:]]
    order = np.arange(len(at)) if against == "norm" else np.argsort(at, kind="stable")
    marker = "o" if len(at) <= 15 else None
    for place, (values, label) in enumerate(zip(errors, ("training", "test"), strict=True)):
        axes.plot(
            at[order],
            values[order],
            label=label,
            marker=marker,
            markersize=4,
            linewidth=2,
            **line(place),
        )
    labels = getattr(result, "labels", {})
    axes.set_xlabel(labels.get(against, against.replace("_", " ")), parse_math=False)
    what = labels.get("test_error", "error").removeprefix("test ")
    axes.set_ylabel(what, parse_math=False)
    if (at > 0).all() and at.max() > 20 * at.min():
        _number_decades(axes)
    if log or (log is None and _is_wide(errors[1])):
        least = min(float(e[e > 0].min(initial=np.inf)) for e in errors[1:])
        axes.set_yscale("log")
        # Errors of reproduced rows are rounding: they would flatten all else.
        axes.set_ylim(bottom=max(float(axes.get_ylim()[0]), least / 100))
    rows = getattr(result, "training_rows", None)
    if against in ("complexity", "degrees_of_freedom") and rows is not None and at.max() >= rows:
        axes.axvline(rows, color=GREY, linestyle=":", label=f"{rows} training rows")
    if np.isfinite(errors[1]).any():
        best = int(np.nanargmin(errors[1]))
        axes.plot(
            at[best],
            errors[1][best],
            "*",
            markersize=11,
            color=line(1)["color"],
            label=f"least: {errors[1][best]:.3g} at {at[best]:.4g}",
        )
    axes.legend(frameon=False)
    plain(axes)


def _number_decades(axes: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _is_wide(values: Array) -> bool:
    positive = values[np.isfinite(values) & (values > 0)]
    return bool(positive.size and positive.max() > WIDE * positive.min())
