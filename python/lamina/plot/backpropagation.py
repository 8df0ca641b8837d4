"""The path of one row through a network: values forward, deltas backward."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes, require_matplotlib
from lamina.plot.style import BLUE, GREY, VERMILION
from lamina.tracing.symbols import unit_symbol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lamina.tracing import Trace

WHO = "backpropagation"
# Sizes in units of the text's height, so that a larger font makes a larger figure without overlap.
CIRCLE, BETWEEN, EACH = 3.7, 15.0, 7.2
MANY = 24  # weights; if there are more, they are drawn without their numbers
NEAR = 0.27  # position of a weight along its line: lines that cross in the middle are apart there


@answering_calls
def backpropagation(
    traced: Trace,
    path: Path = None,
    *,
    digits: int = 2,
    ax: Axes | None = None,
) -> Axes:
    """Draw the result of ``lamina.trace``: each unit's value, its delta, and the weights.

    Each circle contains the unit's value, which is computed from left to right; below it is the
    unit's delta, the derivative of the loss with respect to its sum, computed from right to left.
    The gradient of a weight is the value at its left end times the delta at its right end; that of
    a bias, which is not drawn, is the delta of its unit.

    Parameters
    ----------
    traced : Trace
        The result of ``lamina.trace`` for a network that is small enough to read.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    digits : int, default 2
        The number of decimals.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of pyplot's, as large as the network requires.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import lamina
    >>> from lamina import layers
    >>> model = lamina.Sequential([lamina.Input((1,)), layers.Dense(1, activation="sigmoid"),
    ...                            layers.Dense(1)])
    >>> model.set_weights([[[1.0]], [-1.0], [[2.0]], [0.5]])
    >>> ax = lamina.plot.backpropagation(lamina.trace(model, [1.0], 1.0))
    >>> [text.get_text() for text in ax.texts if "δ" in text.get_text()]
    ['δ = 0.25', 'δ = 0.50']
    """
    if not hasattr(traced, "layers") or not hasattr(traced, "loss_name"):
        raise TypeError(f"{WHO}: needs the result of lamina.trace; got {traced!r:.80}")
    require_matplotlib(WHO)
    shown = _check.integer(WHO, "digits", digits, 0)
    columns = [traced.x, *(each.outputs for each in traced.layers)]
    tallest = max(map(len, columns))

    def draw(axes: Axes) -> None:
        _lines(axes, traced, tallest, shown)
        _units(axes, traced, columns, tallest, shown)
        end = len(columns) - 1, _heights(len(columns[-1]), tallest)[-1]
        target = ", ".join(_number(float(each), shown) for each in traced.y.ravel())
        _beside(axes, end, f"y = {target}\nR = {_number(traced.loss, shown)}", (0, -3.6), "black")
        axes.set_axis_off()
        axes.set_xlim(-0.25, len(columns) - 1 + 0.25)
        axes.set_ylim(-0.7, tallest - 0.4)

    height = _points() / 72
    size = (
        (BETWEEN * (len(columns) - 1) + 2 * CIRCLE) * height,
        EACH * max(tallest, 2) * height + 0.5,
    )
    return on_axes(WHO, draw, ax, path, size)


def _points() -> float:
    """Return the height of the text in points: Matplotlib's "medium"."""
    from matplotlib import rcParams

    return float(rcParams["font.size"])


def _heights(units: int, tallest: int) -> list[float]:
    return [(tallest - 1) / 2 + (units - 1) / 2 - unit for unit in range(units)]


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return (
        (text[1:] if float(text) == 0 else text).replace("-", "\N{MINUS SIGN}")
        if value < 0
        else text
    )


def _lines(axes: Axes, traced: Trace, tallest: int, digits: int) -> None:
    few = sum(layer.kernel.size for layer in traced.layers) <= MANY
    for depth, layer in enumerate(traced.layers):
        sources, targets = (_heights(n, tallest) for n in layer.kernel.shape)
        for (j, low), (m, high) in itertools.product(enumerate(sources), enumerate(targets)):
            axes.plot(
                [depth, depth + 1], [low, high], color=GREY, linewidth=1, linestyle="-", zorder=1
            )
            if few:
                axes.text(
                    depth + NEAR, low + NEAR * (high - low), _number(layer.kernel[j, m], digits),
                    ha="center", va="center", fontsize="small", zorder=2,
                    bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 0.5},
                )  # fmt: skip


def _units(axes: Axes, traced: Trace, columns: list[Array], tallest: int, digits: int) -> None:
    for depth, values in enumerate(columns):
        for unit, (value, height) in enumerate(
            zip(values, _heights(len(values), tallest), strict=True)
        ):
            axes.plot(
                [depth], [height], "o", markersize=CIRCLE * _points(), markerfacecolor="white",
                markeredgecolor=BLUE, markeredgewidth=2, zorder=3, clip_on=False,
            )  # fmt: skip
            axes.text(depth, height, _number(float(value), digits), ha="center", va="center",
                      color=BLUE, zorder=4)  # fmt: skip
            symbol = f"${unit_symbol(traced, depth - 1, unit).latex()}$"
            _beside(axes, (depth, height), symbol, (0, 2.5), BLUE)
            if depth:
                delta = f"δ = {_number(float(traced.layers[depth - 1].deltas[unit]), digits)}"
                _beside(axes, (depth, height), delta, (0, -2.5), VERMILION)


def _beside(
    axes: Axes, place: tuple[float, float], text: str, by: tuple[float, float], colour: str
) -> None:
    """Write above or below a circle, at a distance from its middle in heights of the text."""
    axes.annotate(
        text, place, xytext=(by[0] * _points(), by[1] * _points()), textcoords="offset points",
        ha="center", va="center" if abs(by[1]) < 3 else "top", color=colour, zorder=4,
        annotation_clip=False,
    )  # fmt: skip
