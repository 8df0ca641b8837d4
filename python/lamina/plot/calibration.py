"""Reliability diagrams: whether probabilities agree with frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes
from lamina.plot.style import BLUE, GREY, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "calibration"


@answering_calls
def calibration(
    y_true: Any,
    probabilities: Any,
    n_bins: int = 10,
    strategy: str = "uniform",
    path: Path = None,
    *,
    labels: Sequence[Any] | None = None,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a reliability diagram: how often a class occurred, by its predicted probability.

    Rows are put into bins by their probability.  A point shows a bin's mean probability and the
    share of its rows that belong to the class, with the share's 95 % interval (Wilson 1927); a bin
    without rows has no point.  On the diagonal, probabilities are correct.  Bars at the bottom show
    the number of rows in each bin.

    Parameters
    ----------
    y_true : array_like of shape (rows,)
        Whether each row belongs to the class, 1 or 0.  If `probabilities` has a column for each
        class, labels of classes: each row then counts with its most probable class, and whether
        that is correct.
    probabilities : array_like of shape (rows,), (rows, 1) or (rows, classes)
    n_bins : int, default 10
    strategy : {"uniform", "quantile"}, default "uniform"
        Bins of equal width, or with equal numbers of rows.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    labels : sequence, optional
        The classes in the order of the columns.  By default labels that are not 0, 1, ... are
        sorted, which is the order of scikit-learn's ``classes_``.
    label : str, optional
        The label of the curve in a legend, for several on the same axes.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import plot
    >>> p = np.linspace(0.05, 0.95, 200)
    >>> ax = plot.calibration(np.random.default_rng(0).uniform(size=200) < p, p)
    >>> ax.get_xlabel()
    'predicted probability'
    """
    happened, given, several = _checked(y_true, probabilities, labels)
    bins = _check.integer(WHO, "n_bins", n_bins)
    _check.choice(WHO, "strategy", strategy, ("uniform", "quantile"))
    edges = np.linspace(0, 1, bins + 1)
    if strategy == "quantile":
        edges = np.quantile(given, edges)
    table = binned(happened, given, edges)
    return on_axes(
        WHO, lambda axes: _draw(axes, table, edges, several, label), ax, path, (4.8, 4.8)
    )


def binned(happened: Array, given: Array, edges: Array) -> Array:
    """Return for each bin with rows: their number, mean probability, share, its interval."""
    place = np.clip(np.searchsorted(edges, given, side="right") - 1, 0, len(edges) - 2)
    found = []
    for each in np.unique(place):
        inside = place == each
        n, share = inside.sum(), happened[inside].mean()
        z = 1.959963984540054
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        found.append((n, given[inside].mean(), share, middle - half, middle + half))
    return np.array(found)


def _checked(y_true: Any, probabilities: Any, labels: Any) -> tuple[Array, Array, bool]:
    given = as_numbers(WHO, "probabilities", probabilities).astype(np.float64)
    truth = np.asarray(y_true)
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth[:, 0]
    several = given.ndim == 2 and given.shape[1] > 1
    if truth.ndim == 2 and several:
        truth = truth.argmax(axis=1)
    if given.ndim not in (1, 2) or truth.shape != given.shape[:1] or len(truth) == 0:
        raise ValueError(
            f"{WHO}: y_true and probabilities must have the same number of rows, at least one; got "
            f"shapes {truth.shape} and {given.shape}"
        )
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError(
            f"{WHO}: probabilities must lie from 0 to 1; got {given.min():.6g} to {given.max():.6g}"
        )
    if several:
        truth = _places(truth, labels, given.shape[1])
        return (given.argmax(axis=1) == truth).astype(float), given.max(axis=1), True
    if labels is not None:
        truth = _places(truth, labels, 2)
    if not np.isin(truth, (0, 1)).all():
        raise ValueError(
            f"{WHO}: y_true must be 0 or 1 for probabilities of one class; got "
            f"{truth[~np.isin(truth, (0, 1))].tolist()[0]!r}: give labels, the other class first"
        )
    return truth.astype(float), given.reshape(-1), False


def _places(truth: Array, labels: Any, count: int) -> Array:
    """Return the number of each row's class among the columns."""
    if labels is None:
        if truth.dtype.kind in "iuf" and np.isin(truth, np.arange(count)).all():
            return truth
        labels = np.unique(truth)
    if np.ndim(labels) != 1:
        raise TypeError(f"{WHO}: labels must be a list of classes; got {labels!r:.80}")
    names = np.asarray(labels).tolist()
    if len(names) != count or not np.isin(truth, names).all():
        raise ValueError(
            f"{WHO}: labels must name the classes of the {count} columns of probabilities, in "
            f"their order; got {names} for y_true with {np.unique(truth).tolist()}"
        )
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[each] for each in truth.tolist()])


def _draw(axes: Axes, table: Array, edges: Array, several: bool, label: str | None) -> None:
    n, mean, share, low, high = table.T
    first = not any(line.get_gid() == "diagonal" for line in axes.lines)
    if first:
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", gid="diagonal")
        place = np.clip(np.searchsorted(edges, mean, side="right") - 1, 0, len(edges) - 2)
        axes.bar(
            (edges[place] + edges[place + 1]) / 2,
            0.15 * n / n.max(),
            0.9 * (edges[place + 1] - edges[place]),
            color="0.85",
            zorder=0,
        )
    color = BLUE if first else None
    error = np.maximum([share - low, high - share], 0.0)
    axes.errorbar(
        mean, share, error, marker="o", capsize=2, color=color, linewidth=1.5, label=label
    )
    axes.set(
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
        xlabel="confidence" if several else "predicted probability",
        ylabel="accuracy" if several else "share that occurred",
    )
    if label is not None:
        axes.legend(frameon=False, loc="upper left")
    plain(axes)
