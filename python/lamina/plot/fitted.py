"""The curves of models of several sizes, fitted to the same rows of one predictor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls, on_behalf
from lamina._check import Array
from lamina.plot.figures import Path, on_grid
from lamina.plot.style import BLACK, BLUE, ORANGE, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "fitted_curves"
POINTS = 500  # of a curve


@answering_calls
def fitted_curves(
    result: Any,
    sizes: Sequence[int] | None = None,
    path: Path = None,
    *,
    function: Callable[[Array], Any] | None = None,
    ax: Axes | None = None,
) -> Array:
    """Draw the predictions of models of several sizes from one number, with a panel for each.

    Parameters
    ----------
    result : ComplexityPath
        The result of ``lamina.complexity_path`` for one predictor and one output.
    sizes : sequence of int, optional
        The sizes to draw; by default four, from the smallest to the largest.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    function : callable, optional
        The true function, drawn dashed.
    ax : matplotlib Axes, optional
        The frame of the panels; a new figure of pyplot's if not given.

    Returns
    -------
    ndarray of matplotlib Axes
        One for each size.  The vertical axis covers the training rows and the same range again
        above and below them; curves are cut off beyond it.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x, grid = np.linspace(-5, 5, 20), np.linspace(-5, 5, 200)
    >>> path = lamina.complexity_path("natural_spline", x, np.sin(x), (grid, np.sin(grid)))
    >>> panels = lamina.plot.fitted_curves(path, [8, 20], function=np.sin)
    >>> [ax.get_title() for ax in panels]
    ['8 degrees of freedom', '20 degrees of freedom']
    """
    if not hasattr(result, "training_data"):
        raise TypeError(f"{WHO}: needs the result of lamina.complexity_path; got {result!r:.80}")
    x, y = (np.asarray(each, np.float64) for each in result.training_data)
    if x.size != len(x) or y.size != len(y):
        raise ValueError(
            f"{WHO}: curves need one predictor and one output; x has shape {x.shape} and y "
            f"{y.shape}"
        )
    fitted = np.asarray(result["complexity"])
    if sizes is None:
        sizes = fitted[np.unique(np.linspace(0, len(fitted) - 1, 4).round().astype(int))]
    if not isinstance(sizes, (Sequence, np.ndarray)):
        raise TypeError(f"{WHO}: sizes must be a list of sizes; got {sizes!r:.80}")
    sizes = [_check.integer(WHO, "sizes", size, 0) for size in sizes]
    at = np.linspace(x.min(), x.max(), POINTS)
    with on_behalf(WHO, "complexity_path"):
        curves = [result.predict(size, at.reshape(-1, *x.shape[1:]))[:, 0] for size in sizes]
    if not curves:
        raise ValueError(f"{WHO}: sizes must hold at least one size")
    word = result.labels["complexity"]
    titles = [f"{size} {word}" for size in sizes]
    columns = min(len(curves), 2)
    shape = -(-len(curves) // columns), columns

    def draw(panels: Any) -> Array:
        return _draw(panels, (x.ravel(), y.ravel()), at, curves, titles, function)

    return np.asarray(on_grid(WHO, draw, shape, ax, path, (4.8 * columns, 3.0 * shape[0])))


def _draw(
    panels: Any, rows: tuple[Array, Array], at: Array, curves: list[Array], titles: list[str],
    function: Callable[[Array], Any] | None,
) -> Array:  # fmt: skip
    x, y = rows
    low, high = float(y.min()), float(y.max())
    room = (high - low) / 2 or 1.0
    for place, (axes, curve, title) in enumerate(
        zip(panels.flat, curves, titles, strict=False)  # the last panel may stay empty
    ):
        axes.plot(at, curve, color=ORANGE, linestyle="-", label="fitted", zorder=2)
        if function is not None:
            axes.plot(at, function(at), color=BLACK, linestyle="--", label="true", zorder=3)
        axes.plot(x, y, "o", color=BLUE, markersize=5, label="training rows", zorder=4)
        axes.set_ylim(low - room, high + room)
        axes.set_title(title)
        axes.label_outer()
        plain(axes)
        if place >= len(curves) - panels.shape[1]:
            axes.set_xlabel("x")
            axes.tick_params(labelbottom=True)
        if place % panels.shape[1] == 0:
            axes.set_ylabel("y")
    for axes in panels.flat[len(curves) :]:
        axes.set_axis_off()
    first = panels.flat[0]
    handles, labels = first.get_legend_handles_labels()
    figure = first.figure
    if figure.get_layout_engine() is None:  # nothing else makes room below
        first.legend(frameon=False)
    else:
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return np.asarray(panels.flat[: len(curves)])
