"""Learning curves: loss and metrics over the epochs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import Array
from lamina.metrics.direction import UP, direction_of_name
from lamina.plot.figures import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lamina.callbacks import History

PANELS_A_ROW = 3
WIDTH, HEIGHT = 4.5, 3.5  # inches of a panel
VALIDATION = "val_"
FEW = 10  # values that are marked one by one


@dataclass
class Curve:
    """Values, and the epochs, counted from 1, at whose ends they were taken."""

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
    history: History | Mapping[str, Sequence[float]],
    path: str | os.PathLike[str] | None = None,
    log: bool = False,
) -> Figure:
    """Draw the loss and each metric over epochs, training and validation in one panel.

    A star marks the best epoch of each panel: of the validation, if there is one, else of the
    training.  Which values are better the metrics say; no star stands where nothing tells.

    Parameters
    ----------
    history : History or dict of str to list of float
        What ``model.fit`` returns, or its ``history``.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    log : bool, default False
        Give losses and errors a logarithmic axis: panels of positive values of which larger
        ones are not better.

    Returns
    -------
    matplotlib.figure.Figure
        Pyplot's current figure, with one of its ``axes`` for each panel.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If `history` is no history or has no epoch.

    Examples
    --------
    >>> from lamina import plot
    >>> figure = plot.learning_curves({"loss": [2.0, 1.0], "val_loss": [2.1, 1.3]})
    >>> len(figure.axes)
    1
    """
    panels = panels_of(history)
    return shown("learning_curves", lambda figure: draw(figure, panels, log), path)


def panels_of(history: Any) -> list[Panel]:
    """Return what there is to draw of a history."""
    columns = getattr(history, "history", history)
    if not isinstance(columns, Mapping):
        raise TypeError(f"learning_curves: needs a History or a dictionary; got {history!r}")
    # Callbacks may have recorded other things than numbers.
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


def _numbers(values: Any) -> Array | None:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.ndim == 1 and array.size else None


def _epochs(key: str, count: int, done: Sequence[int]) -> Sequence[int]:
    """Return at which epochs a column was recorded: all, or every second, third, ..."""
    every = len(done) // count
    taken = done[every - 1 :: every] if every else []
    if len(taken) != count:
        raise ValueError(
            f"learning_curves: {key!r} has {count} values for {len(done)} epochs, and only a "
            f"History knows for which"
        )
    return taken


def draw(figure: Figure, panels: Sequence[Panel], log: bool) -> None:
    """Draw the panels on an empty figure."""
    across = min(len(panels), PANELS_A_ROW)
    down = -(-len(panels) // across)
    figure.set_size_inches(WIDTH * across, HEIGHT * down)
    for place, panel in enumerate(panels):
        _draw_panel(figure.add_subplot(down, across, place + 1), panel, log)


def _draw_panel(axes: Axes, panel: Panel, log: bool) -> None:
    for curve in panel.curves:
        few = np.isfinite(curve.values).sum() <= FEW
        marker = "o" if few else None  # a line through one point is invisible
        axes.plot(curve.epochs, curve.values, label=curve.label, marker=marker)
    _mark_best(axes, panel)
    axes.set_xlabel("epoch")
    axes.set_ylabel(panel.name, parse_math=False)  # a name may have a dollar sign
    axes.locator_params(axis="x", integer=True, min_n_ticks=1)
    if log and panel.direction != UP and all((c.values > 0).all() for c in panel.curves):
        axes.set_yscale("log")
    axes.legend(frameon=False)


def _mark_best(axes: Axes, panel: Panel) -> None:
    curve = panel.curves[-1]
    if panel.direction is None or np.isnan(curve.values).all():
        return
    best = int(np.nanargmax(curve.values) if panel.direction == UP else np.nanargmin(curve.values))
    epoch, value = int(curve.epochs[best]), curve.values[best]
    axes.scatter(
        [epoch], [value], marker="*", s=100, zorder=3, color=axes.lines[-1].get_color(),
        label=f"best: {value:.4g}, epoch {epoch}",
    )  # fmt: skip
