"""Dependence of outputs on one or two inputs: partial dependence, single rows, local effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes
from lamina.plot.results import chosen, found
from lamina.plot.style import BLUE, GREY, SEQUENTIAL, VERMILION, beside, line, plain, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@answering_calls
def partial_dependence(
    result: Any,
    x: Any = None,
    features: Any = None,
    path: Path = None,
    *,
    output: str | int | None = None,
    ax: Axes | None = None,
    **options: Any,
) -> Axes:
    """Draw how the mean output depends on one or two inputs, and the curves of single rows.

    Parameters
    ----------
    result : PartialDependence, or model
        The result of ``lamina.inference.partial_dependence`` or ``ice``; or a model, for which it
        is computed with the following arguments.
    x : array_like of shape (rows, inputs), a frame or a dict of columns, optional
        With a model.
    features : int, str or pair of them, optional
        With a model.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    output : str or int, optional
        Which output; by default all for one input, the first for two.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.
    **options
        Arguments of ``lamina.inference.partial_dependence``, with a model.

    Returns
    -------
    matplotlib Axes
        Thin curves are single rows, and marks at the bottom are deciles of the data; two inputs are
        drawn as levels.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.random.default_rng(0).uniform(size=(50, 2))
    >>> ax = lamina.plot.partial_dependence(lambda x: x[:, 0] ** 2, x, 0)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x1', 'partial dependence')
    """
    from lamina.inference import PartialDependence
    from lamina.inference import partial_dependence as find

    who = "partial_dependence"
    made = found(who, result, PartialDependence, find, [x, features], options)
    outputs = chosen(who, "output", output, made.outputs)

    def draw(axes: Axes) -> None:
        if len(made.grid) == 2:
            place = made.outputs.index(outputs[0])
            _levels(axes, made.inputs, made.grid, made.average[place], "partial dependence")
        else:
            _curves(axes, made, outputs)
            _tenths(axes, made.observed[0])

    return on_axes(who, draw, ax, path)


@answering_calls
def ale(
    result: Any,
    x: Any = None,
    features: Any = None,
    path: Path = None,
    *,
    output: str | int | None = None,
    ax: Axes | None = None,
    **options: Any,
) -> Axes:
    """Draw accumulated local effects of one input, or of two beyond those of each.

    Parameters
    ----------
    result : AccumulatedEffects, or model
        The result of ``lamina.inference.ale``; or a model, for which it is computed with the
        following arguments.
    x : array_like of shape (rows, inputs), a frame or a dict of columns, optional
        With a model.
    features : int, str or pair of them, optional
        With a model.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    output : str or int, optional
        Which output; by default all for one input, the first for two.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.
    **options
        Arguments of ``lamina.inference.ale``, with a model.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.random.default_rng(0).uniform(size=(50, 2))
    >>> lamina.plot.ale(lambda x: x[:, 0] ** 2, x, 0).get_ylabel()
    'accumulated local effect'
    """
    from lamina.inference import AccumulatedEffects
    from lamina.inference import ale as find

    who = "ale"
    made = found(who, result, AccumulatedEffects, find, [x, features], options)
    outputs = chosen(who, "output", output, made.outputs)

    def draw(axes: Axes) -> None:
        if len(made.edges) == 2:
            place = made.outputs.index(outputs[0])
            _levels(axes, made.inputs, made.edges, made.effects[place], "interaction")
            return
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        for place, name in enumerate(outputs):
            axes.plot(made.edges[0], made.effects[made.outputs.index(name)], label=name,
                      linewidth=2, **line(place))  # fmt: skip
        _finish(axes, made.inputs[0], "accumulated local effect", len(outputs) > 1)
        _tenths(axes, made.observed[0])

    return on_axes(who, draw, ax, path)


def _curves(axes: Axes, made: Any, outputs: list[str]) -> None:
    single, nominal = made.individual is not None, made.grid[0].dtype.kind not in "biuf"
    for place, name in enumerate(outputs):
        where = made.outputs.index(name)
        if single:
            rows = made.individual[where]
            color = line(place)["color"] if len(outputs) > 1 else BLUE
            alpha = float(np.clip(20 / len(rows), 0.05, 0.6))
            drawn = axes.plot(made.grid[0], rows.T, color=color, linewidth=0.6, alpha=alpha)
            drawn[0].set_label("rows" if len(outputs) == 1 else f"rows, {name}")
        if made.average is not None:
            style = line(place) if len(outputs) > 1 or not single else {"color": VERMILION}
            if nominal:  # there is nothing between categories
                style = {**points(place), "color": style["color"], "linestyle": "", "markersize": 8}
            elif len(made.grid[0]) == 1:  # a constant column has no line
                style = {**style, "marker": "o"}
            label = name if len(outputs) > 1 else "mean" if single else None
            axes.plot(made.grid[0], made.average[where], label=label, linewidth=2.2, **style)
    what = "difference to the first value" if made.centered else "partial dependence"
    _finish(axes, made.inputs[0], "response" if single and not made.centered else what,
            len(outputs) > 1 or (single and made.average is not None))  # fmt: skip


def _finish(axes: Axes, x: str, y: str, legend: bool) -> None:
    axes.set_xlabel(x, parse_math=False)
    axes.set_ylabel(y, parse_math=False)
    if legend:
        beside(axes)
        for handle in axes.get_legend().legend_handles:  # type: ignore[union-attr]
            handle.set_alpha(1.0)  # type: ignore[union-attr]
    plain(axes)


def _tenths(axes: Axes, observed: Any) -> None:
    """Mark the deciles of numbers at the bottom of the axes."""
    values: Array = np.asarray(observed)
    if values.dtype.kind not in "fiu":
        return
    low, high = axes.get_xlim()
    at = np.nanquantile(values, np.linspace(0.1, 0.9, 9))
    at = at[(at >= low) & (at <= high)]
    axes.vlines(at, 0, 0.03, transform=axes.get_xaxis_transform(), color="black", linewidth=0.8)
    axes.set_xlim(low, high)


def _levels(axes: Axes, names: list[str], grid: Any, values: Array, label: str) -> None:
    drawn = axes.contourf(grid[0], grid[1], values.T, levels=12, cmap=SEQUENTIAL)
    axes.contour(grid[0], grid[1], values.T, levels=drawn.levels, colors="white", linewidths=0.5)
    axes.figure.colorbar(drawn, ax=axes, label=label)
    axes.set_xlabel(names[0], parse_math=False)
    axes.set_ylabel(names[1], parse_math=False)
