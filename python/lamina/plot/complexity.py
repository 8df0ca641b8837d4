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
WIDE = 30.0  # ratio of largest to smallest error from which the axis is logarithmic


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
    result : ComplexityPath, or a sequence of them
        The result of ``lamina.complexity_path``.  For several paths with the same sizes, for
        instance from several samples, lines are medians, and bands reach from the lower to the
        upper quartile.
    against : {"complexity", "parameters", "norm", "degrees_of_freedom"}, default "complexity"
        The horizontal axis.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    log : bool, optional
        Whether errors have a logarithmic axis; by default if the largest error is 30 times the
        smallest test error.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes
        A dotted line marks the size with as many degrees of freedom, or parameters, as training
        rows, which may then be reproduced; a star marks the smallest test error.

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
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    if not results:
        raise ValueError(f"{WHO}: needs at least one path")
    for each in results:
        if not hasattr(each, "keys") or any(name not in each for name in NEEDED):
            raise TypeError(f"{WHO}: needs the result of lamina.complexity_path; got {each!r:.80}")
        if not np.array_equal(each["complexity"], results[0]["complexity"]):
            raise ValueError(f"{WHO}: several paths must have the same sizes")
    if against not in ("complexity", "parameters", "norm", "degrees_of_freedom"):
        raise ValueError(
            f"{WHO}: against must be 'complexity', 'parameters', 'norm' or "
            f"'degrees_of_freedom'; got {against!r}"
        )
    return on_axes(WHO, lambda axes: _draw(axes, results, against, log), ax, path)


def _draw(axes: Axes, results: list[Any], against: str, log: bool | None) -> None:
    result = results[0]
    at = np.median([np.asarray(each[against], np.float64) for each in results], axis=0)
    every = [np.array([each[name] for each in results], np.float64) for name in NEEDED[1:]]
    errors = [np.median(each, axis=0) for each in every]
    order = np.arange(len(at)) if against == "norm" else np.argsort(at, kind="stable")
    marker = "o" if len(at) <= 15 else None
    for place, (values, label) in enumerate(zip(errors, ("training", "test"), strict=True)):
        axes.plot(
            at[order],
            values[order],
            label=label,
            marker=marker,
            **line(place),
        )
        if len(results) > 1:
            low, high = np.quantile(every[place], [0.25, 0.75], axis=0)
            colour = line(place)["color"]
            axes.fill_between(at[order], low[order], high[order], color=colour, alpha=0.2, lw=0)
    labels = getattr(result, "labels", {})
    axes.set_xlabel(labels.get(against, against.replace("_", " ")), parse_math=False)
    what = labels.get("test_error", "error").removeprefix("test ")
    axes.set_ylabel(what, parse_math=False)
    if (at > 0).all() and at.max() > 20 * at.min():
        _number_decades(axes)
    if log or (log is None and _is_wide(errors[1])):
        least = min(float(e[e > 0].min(initial=np.inf)) for e in errors[1:])
        axes.set_yscale("log")
        # Errors of reproduced rows are rounding errors, which would flatten everything else.
        axes.set_ylim(bottom=max(float(axes.get_ylim()[0]), least / 100))
    rows = getattr(result, "training_rows", None)
    counted = against in ("parameters", "degrees_of_freedom")
    counted |= labels.get(against) == "degrees of freedom"  # of a spline; units are not
    if counted and rows is not None and at.max() >= rows:
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
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _is_wide(values: Array) -> bool:
    positive = values[np.isfinite(values) & (values > 0)]
    return bool(positive.size and positive.max() > WIDE * positive.min())
