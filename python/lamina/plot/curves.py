"""Learning curves: loss and metrics over the epochs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.metrics.direction import UP, direction_of_name
from lamina.plot.figures import on_axes, shown
from lamina.plot.style import line, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lamina.callbacks import History

PANELS_A_ROW = 3
WIDTH, HEIGHT = 4.5, 3.5  # inches of a panel
VALIDATION = "val_"
WHO = "learning_curves"
STAR = 5 / 3  # of the size of other marks
FEW = 10  # values that are marked one by one


@dataclass
class Curve:
    """Values, and the epochs, counted from 1, at whose ends they were recorded."""

    label: str
    epochs: Array
    values: Array


@dataclass
class Panel:
    """The curves of one quantity, and whether larger ("up") or smaller values of it are better."""

    name: str
    curves: list[Curve]
    direction: str | None


@answering_calls
def learning_curves(
    history: History | Mapping[str, Sequence[float]] | Any,
    path: str | os.PathLike[str] | None = None,
    log: bool = False,
    *,
    metrics: str | Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Any:
    """Draw the loss and each metric over epochs, training and validation in one panel.

    A star marks the best epoch of each panel: of the validation, if there is one, otherwise of the
    training.  The metrics determine which values are better; if this is unknown, there is no star.

    Parameters
    ----------
    history : History, dict of str to list of float, or fitted estimator
        The result of ``model.fit``, or its ``history``; one of ``ManyFits.histories``; or an
        estimator with ``history_``, or with ``loss_curve_`` as in scikit-learn.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    log : bool, default False
        Whether losses and errors have a logarithmic axis: panels of positive values for which
        larger is not better.
    metrics : str or sequence of str, optional
        The quantities to draw, such as "loss"; by default all, or only the loss on `ax`.
    ax : matplotlib Axes, optional
        Where to draw one quantity; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes, or ndarray of them
        The panel; an array of shape (panels,) if there are several.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If `history` is not a history, has no epoch or does not have the requested metric.

    Examples
    --------
    >>> from lamina import plot
    >>> ax = plot.learning_curves({"loss": [2.0, 1.0], "val_loss": [2.1, 1.3]})
    >>> ax.get_ylabel()
    'loss'
    """
    panels = _chosen(panels_of(history), metrics, ax is not None)
    if ax is not None or len(panels) == 1:
        size = WIDTH, HEIGHT
        return on_axes(WHO, lambda axes: _draw_panel(axes, panels[0], log), ax, path, size)
    return shown(WHO, lambda figure: draw(figure, panels, log), path)


def _chosen(panels: list[Panel], metrics: Any, one: bool) -> list[Panel]:
    if metrics is None:
        return panels[:1] if one else panels
    wanted = [metrics] if isinstance(metrics, str) else _check.names(WHO, "metrics", metrics)
    by_name = {panel.name: panel for panel in panels}
    for name in wanted:
        if name not in by_name:
            raise ValueError(
                f"{WHO}: metrics must be among {', '.join(map(repr, by_name))}; got {name!r}"
            )
    if not wanted or (one and len(wanted) > 1):
        raise ValueError(
            f"{WHO}: metrics must name {'one' if one else 'at least one'} quantity "
            f"{'for one ax' if one else 'to draw'}; got {metrics!r}"
        )
    return [by_name[name] for name in wanted]


def panels_of(history: Any) -> list[Panel]:
    """Return the panels of a history."""
    history = _of_estimator(history)
    columns = getattr(history, "history", history)
    if not isinstance(columns, Mapping):
        raise TypeError(
            f"learning_curves: needs a History, a dictionary or a fitted estimator; got "
            f"{history!r:.80}"
        )
    # Callbacks may have recorded values other than numbers.
    numbers = {str(key): v for key, given in columns.items() if (v := _numbers(given)) is not None}
    if not numbers:
        raise ValueError("learning_curves: history must have at least one epoch; got none")
    done = list(getattr(history, "epoch", None) or range(max(map(len, numbers.values()))))
    recorded = getattr(history, "recorded_at", {})
    directions = getattr(history, "params", {}).get("directions", {})
    curves = {
        key: Curve(
            "validation" if key.startswith(VALIDATION) else "training",
            1 + np.asarray(recorded.get(key) or _epochs(key, len(values), done)),
            values,
        )
        for key, values in numbers.items()
    }
    return [
        Panel(
            name,
            [curves[key] for key in (name, VALIDATION + name) if key in curves],
            directions.get(name) or direction_of_name(name.removeprefix(VALIDATION)),
        )
        for name in sorted(curves, key=lambda name: name != "loss")  # that first
        if not (name.startswith(VALIDATION) and name.removeprefix(VALIDATION) in curves)
    ]


def _of_estimator(given: Any) -> Any:
    """Return an estimator's record of its fit as a dictionary; other objects unchanged."""
    if hasattr(given, "history_"):
        return given.history_
    if not hasattr(given, "loss_curve_"):
        return given
    score = "val_accuracy" if hasattr(given, "classes_") else "val_r2"
    scores = getattr(given, "validation_scores_", None)
    return {"loss": given.loss_curve_} | ({} if scores is None else {score: scores})


def _numbers(values: Any) -> Array | None:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.ndim == 1 and array.size else None


def _epochs(key: str, count: int, done: Sequence[int]) -> Sequence[int]:
    """Return the epochs at which a column was recorded: all, or every second, third, ..."""
    every = len(done) // count
    taken = done[every - 1 :: every] if every else []
    if len(taken) != count:
        raise ValueError(
            f"learning_curves: {key!r} has {count} values for {len(done)} epochs, and only a "
            f"History knows for which"
        )
    return taken


def draw(figure: Figure, panels: Sequence[Panel], log: bool) -> Array:
    """Draw the panels on an empty figure; return their axes."""
    across = min(len(panels), PANELS_A_ROW)
    down = -(-len(panels) // across)
    figure.set_size_inches(WIDTH * across, HEIGHT * down)
    made = np.array([figure.add_subplot(down, across, i + 1) for i in range(len(panels))])
    for axes, panel in zip(made, panels, strict=True):
        _draw_panel(axes, panel, log)
    return made


def _draw_panel(axes: Axes, panel: Panel, log: bool) -> None:
    for place, curve in enumerate(panel.curves):
        few = np.isfinite(curve.values).sum() <= FEW
        marker = "o" if few else None  # a line through one point is invisible
        axes.plot(curve.epochs, curve.values, label=curve.label, marker=marker, **line(place))
    _mark_best(axes, panel)
    axes.set_xlabel("epoch")
    axes.set_ylabel(panel.name, parse_math=False)  # a name may have a dollar sign
    axes.locator_params(axis="x", integer=True, min_n_ticks=1)
    if log and panel.direction != UP and all((c.values > 0).all() for c in panel.curves):
        axes.set_yscale("log")
    axes.legend(frameon=False)
    plain(axes)


def _mark_best(axes: Axes, panel: Panel) -> None:
    curve = panel.curves[-1]
    if panel.direction is None or np.isnan(curve.values).all():
        return
    best = int(np.nanargmax(curve.values) if panel.direction == UP else np.nanargmin(curve.values))
    epoch, value = int(curve.epochs[best]), curve.values[best]
    size = STAR * axes.lines[-1].get_markersize()
    axes.scatter(
        [epoch], [value], marker="*", s=size**2, zorder=3, color=axes.lines[-1].get_color(),
        label=f"best: {value:.4g}, epoch {epoch}",
    )  # fmt: skip
