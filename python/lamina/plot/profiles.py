"""Lek's profiles: outputs along each input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes, on_grid
from lamina.plot.results import chosen, found
from lamina.plot.style import GREY, SEQUENTIAL, broken, inches, length, line, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "lekprofile"
PANELS_A_ROW = 4
WIDTH, HEIGHT = 2.6, 2.4
NAMES = 1.8  # inches of a line of a column's name


@answering_calls
def lekprofile(
    profile: Any,
    x: Any = None,
    xsel: Sequence[int | str] | int | str | None = None,
    path: Path = None,
    *,
    group_show: bool = False,
    ax: Axes | None = None,
    **options: Any,
) -> Any:
    """Draw the outputs along each input: a panel per input and output, a line per group.

    Parameters
    ----------
    profile : LekProfile, or model
        The result of ``lamina.inference.lekprofile``; or a model, whose profile over the rows `x`
        is computed with `options`, such as ``group_vals`` and ``steps``.
    x : array_like of shape (rows, inputs), a frame or a dict of columns, optional
        With a model.
    xsel : sequence of int or str, optional
        Inputs to draw, by default all.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    group_show : bool, default False
        Draw the groups instead: the values at which the other inputs are held, with each input
        scaled to its range over the groups.
    ax : matplotlib Axes, optional
        Where to draw one panel, or a frame for several; a new figure of pyplot's if not given.
    **options
        Arguments of ``lamina.inference.lekprofile``, with a model.

    Returns
    -------
    matplotlib Axes, or ndarray of them of shape (outputs, inputs)
        An array if there are several panels.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.random.default_rng(0).uniform(size=(50, 2))
    >>> drawn = lamina.plot.lekprofile(lambda x: x[:, 0] * x[:, 1], x, steps=3)
    >>> drawn.shape
    (1, 2)
    """
    from lamina.inference import LekProfile
    from lamina.inference import lekprofile as find

    made = found(WHO, profile, LekProfile, find, [x], options)
    if group_show:
        size = 5.0, 1.4 + 0.3 * len(made.group_names) + _labels_of(made.inputs)[1]
        return on_axes(WHO, lambda axes: _draw_groups(axes, made), ax, path, size)
    inputs = chosen(WHO, "xsel", xsel, made.inputs)
    if len(inputs) * len(made.outputs) == 1:
        return on_axes(WHO, lambda axes: _alone(axes, made, inputs[0]), ax, path)
    # Inputs wrap if there is one output; otherwise there is a row for each output.
    one = len(made.outputs) == 1
    across = min(len(inputs), PANELS_A_ROW) if one else len(inputs)
    down = -(-len(inputs) // across) if one else len(made.outputs)
    size = WIDTH * across + 1.2, HEIGHT * down + 0.3

    def draw(grid: Array) -> Array:
        cells = [(output, name) for output in made.outputs for name in inputs]
        used = grid.ravel()[: len(cells)]
        for axes in grid.ravel()[len(cells) :]:
            axes.remove()
        for place, (axes, (output, name)) in enumerate(zip(used, cells, strict=True)):
            _panel(axes, made, name, output, place % across == 0)
        handles, labels = used[0].get_legend_handles_labels()
        used[0].figure.legend(handles, labels, title="others at", frameon=False,
                              loc="outside right upper")  # fmt: skip
        return used.reshape(len(made.outputs), len(inputs))

    return on_grid(WHO, draw, (down, across), ax, path, size)


def _alone(axes: Axes, profile: Any, name: str) -> None:
    _panel(axes, profile, name, profile.outputs[0], True)
    axes.legend(title="others at", frameon=False)


def _panel(axes: Axes, profile: Any, name: str, output: str, labelled: bool) -> None:
    for place, group in enumerate(profile.group_names):
        values, responses = profile.curve(name, output, group)
        axes.plot(values, responses, label=group, linewidth=1.6, **line(place))
    axes.set_xlabel(broken(name, inches(axes)[0]), parse_math=False)
    if labelled:
        axes.set_ylabel(output if len(profile.outputs) > 1 else "response", parse_math=False)
    plain(axes)


def _labels_of(names: list[str]) -> tuple[list[str], float]:
    """Return the names of columns in lines, and the height in inches that they need upright."""
    labels = [broken(name, NAMES) for name in names]
    return labels, max(length(part) for label in labels for part in label.split("\n"))


def _draw_groups(axes: Axes, profile: Any) -> None:
    held = np.column_stack([profile.groups[name] for name in profile.inputs])
    low, spread = held.min(axis=0), np.ptp(held, axis=0)
    scaled = np.divide(held - low, spread, out=np.full_like(held, 0.5), where=spread > 0)
    image = axes.imshow(scaled, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    labels = _labels_of(profile.inputs)[0]
    axes.set_xticks(np.arange(len(labels)), labels, rotation=90, parse_math=False)
    axes.set_yticks(np.arange(len(held)), profile.group_names, parse_math=False)
    axes.set_ylabel("group")
    bar = axes.figure.colorbar(image, ax=axes, ticks=[0, 1])
    bar.ax.set_yticklabels(["least", "largest"])
    bar.outline.set_edgecolor(GREY)
