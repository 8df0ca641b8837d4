"""The residuals of a regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes
from lamina.plot.style import BLUE, GREY, VERMILION, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "residuals"


@answering_calls
def residuals(
    y_true: Any,
    y_pred: Any,
    kind: str = "fitted",
    path: Path = None,
    *,
    label_rows: int = 3,
    ax: Axes | None = None,
) -> Axes:
    """Draw residuals, observed minus predicted, as R's ``plot.lm`` does.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (rows,) or (rows, 1)
    kind : {"fitted", "qq", "observed"}, default "fitted"
        "fitted": residuals against predictions, with a running mean over neighbours; "qq":
        standardised and sorted residuals against the quantiles of a normal distribution;
        "observed": observed against predicted values, with the line on which they are equal.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    label_rows : int, default 3
        The number of largest residuals to label with their row number, counted from 0.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import plot
    >>> ax = plot.residuals([1.0, 2.0, 4.0], [1.5, 2.0, 3.0])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('predicted', 'residual')
    """
    true, pred = _column("y_true", y_true), _column("y_pred", y_pred)
    if len(true) != len(pred) or len(true) == 0:
        raise ValueError(
            f"{WHO}: y_true and y_pred must have the same number of rows, at least one; got "
            f"{len(true)} and {len(pred)}"
        )
    for name, values in (("y_true", true), ("y_pred", pred)):
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise ValueError(
                f"{WHO}: {name} must be finite; got {values[wrong[0]]} at row {wrong[0]}; "
                f"omit such rows"
            )
    kind = _check.choice(WHO, "kind", kind, ("fitted", "qq", "observed"))
    if kind == "fitted":
        x, y = pred, true - pred
    elif kind == "observed":
        x, y = pred, true
    else:
        x, y = normal_quantiles(true - pred)
    label_rows = _check.integer(WHO, "label_rows", label_rows, 0)
    far = np.argsort(-np.abs(true - pred), kind="stable")[:label_rows]
    return on_axes(WHO, lambda axes: _draw(axes, x, y, kind, far), ax, path)


def normal_quantiles(left: Array) -> tuple[Array, Array]:
    """Return for each residual its normal quantile, and its value in standard deviations.

    The plotting positions are (i - 3/8) / (n + 1/4) (Blom 1958).
    """
    from statistics import NormalDist

    n = len(left)
    ranks = np.empty(n)
    ranks[np.argsort(left, kind="stable")] = np.arange(n)
    shares = (ranks + 0.625) / (n + 0.25)
    spread = left.std(ddof=1) if n > 1 else 1.0
    inverse = NormalDist().inv_cdf
    return np.array([inverse(p) for p in shares]), (left - left.mean()) / (spread or 1.0)


def running_mean(x: Array, y: Array) -> tuple[Array, Array]:
    """Return means of neighbours along x, each of about a fifth of the points."""
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    width = max(3, len(x) // 5)
    if len(x) < width:
        return x, y
    kernel = np.ones(width) / width
    return np.convolve(x, kernel, "valid"), np.convolve(y, kernel, "valid")


def _column(name: str, values: Any) -> Array:
    found = as_numbers(WHO, name, values).astype(np.float64)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        raise ValueError(f"{WHO}: {name} must have shape (rows,); got {found.shape}")
    return found


def _draw(axes: Axes, x: Array, y: Array, kind: str, far: Array) -> None:
    axes.scatter(x, y, s=18, facecolors="none", edgecolors=BLUE, linewidths=0.9)
    ends = np.array([x.min(), x.max()])
    if kind == "fitted":
        axes.axhline(0.0, color=GREY, linestyle=":")
        axes.plot(*running_mean(x, y), color=VERMILION, label="running mean")
        axes.set(xlabel="predicted", ylabel="residual")
        axes.legend(frameon=False)
    else:
        axes.plot(ends, ends, color=GREY, linestyle=":")
        axes.set(
            xlabel="predicted" if kind == "observed" else "normal quantile",
            ylabel="observed" if kind == "observed" else "standardised residual",
        )
    for rows in _together(x, y, far):
        last = max(rows, key=lambda row: x[row])
        axes.annotate(
            ", ".join(map(str, rows)),
            (x[last], y[last]),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=8,
            color=GREY,
        )
    plain(axes)


def _together(x: Array, y: Array, rows: Array) -> list[list[int]]:
    """Return rows in groups; rows whose labels would overlap share a group."""
    wide, high = (0.1 * np.ptp(x), 0.04 * np.ptp(y))  # size of a label on the axes
    groups: list[list[int]] = []
    for row in rows.tolist():
        near = (
            group
            for group in groups
            if ((np.abs(x[group] - x[row]) <= wide) & (np.abs(y[group] - y[row]) <= high)).any()
        )
        group = next(near, None)
        if group is None:
            groups.append([row])
        else:
            group.append(row)
    return groups
