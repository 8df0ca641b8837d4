"""The weights of a network's first layer as images."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import on_grid
from lamina.plot.style import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lamina.models import Model

SQUARE = 0.9  # inches of an image
MARGIN = 1.1  # inches for the colour bar


@answering_calls
def first_layer(
    model: Model,
    path: str | os.PathLike[str] | None = None,
    image_shape: Sequence[int] | None = None,
    max_units: int = 64,
    *,
    ax: Axes | None = None,
) -> Array:
    """Draw each unit's weights in the first dense layer as an image.

    The lighter a weight, the larger it is: blue below zero, sand above.  The colour bar applies to
    all images.

    Parameters
    ----------
    model : Sequential
        A model whose first layer with weights is dense and reads images as flat rows.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    image_shape : (int, int), optional
        Height and width; by default those of the model's input, or else a square.
    max_units : int, default 64
        Draw at most this many units, the first ones.
    ax : matplotlib Axes, optional
        A frame to draw the images in, below its title; a new figure of pyplot's if not given.

    Returns
    -------
    ndarray of matplotlib Axes, shape (units,)

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no dense layer or its inputs do not fill the image.
    """
    images, title = images_of(model, image_shape, max_units)
    shape, size = grid_for(len(images))
    return on_grid(  # type: ignore[no-any-return]
        "first_layer", lambda grid: _draw(grid, images, title), shape, ax, path, size
    )


def images_of(
    model: Any, image_shape: Sequence[int] | None = None, max_units: int = 64
) -> tuple[Array, str]:
    """Return the units' weights as images, and the title of the figure."""
    most = _check.integer("first_layer", "max_units", max_units)
    name, kernel = _first_kernel(model)
    shape = _image_shape(kernel.shape[0], image_shape, model)
    images = kernel.T[:most].reshape(-1, *shape)
    return images, f"First layer, {name}: weights of {_counted(len(images), kernel.shape[1])}"


def grid_for(count: int) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return the rows and columns of a nearly square grid of images, and its size in inches."""
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    return (rows, columns), (max(SQUARE * columns + MARGIN, 4.0), max(SQUARE * rows + 0.5, 2.0))


def draw(figure: Figure, images: Array, title: str) -> None:
    """Draw the images on an empty figure, all on one scale."""
    shape, size = grid_for(len(images))
    figure.set_size_inches(size)
    _draw(figure.subplots(*shape, squeeze=False), images, title)


def _draw(grid: Array, images: Array, title: str) -> Array:
    used = one_scale(grid, images, "weight")
    used[0].figure.suptitle(title, parse_math=False)
    return used


def one_scale(grid: Array, images: Array, label: str) -> Array:
    """Draw signed images on one scale with zero in its middle; return their axes."""
    limit = float(np.abs(images).max()) or 1.0
    used = grid.ravel()[: len(images)]
    for axes in grid.ravel()[len(images) :]:
        axes.remove()
    for axes, image in zip(used, images, strict=True):
        axes.set_axis_off()
        drawn = axes.imshow(image, cmap=signed(), vmin=-limit, vmax=limit)
    used[0].figure.colorbar(drawn, ax=used.tolist(), label=label, aspect=30)
    return used


def _counted(drawn: int, all_units: int) -> str:
    units = "1 unit" if drawn == 1 else f"{drawn} units"
    return units if drawn == all_units else f"{drawn} of its {all_units} units"


def _first_kernel(model: Any) -> tuple[str, Array]:
    if not hasattr(model, "layers"):
        raise TypeError(f"first_layer: needs a model; got {model!r:.80}")
    known = getattr(model, "input_row_shapes", None)
    if known is not None:
        model.ensure_built(known)
    for layer in model.layers:
        for weights in layer.get_weights():
            if np.ndim(weights) > 2:
                raise ValueError(
                    f"first_layer: the first layer with weights must be dense; {layer.name} has "
                    f"weights of shape {np.shape(weights)}"
                )
            if np.ndim(weights) == 2:
                return getattr(layer, "name", "dense"), np.asarray(weights)
    raise ValueError("first_layer: the model must be built and have a Dense layer; found no matrix")


def _image_shape(inputs: int, shape: Sequence[int] | None, model: Any) -> tuple[int, int]:
    hint = ""
    if shape is None:
        hint = "; give image_shape=(height, width)"
        rows = (getattr(model, "input_row_shapes", None) or [()])[0]
        plain = rows[:-1] if rows[2:] == (1,) else rows  # a channel of grey
        side = math.isqrt(inputs)
        shape = plain if len(plain) == 2 and math.prod(plain) == inputs else (side, side)
    height, width = (_check.integer("first_layer", "image_shape", size) for size in shape)
    if height * width != inputs:
        raise ValueError(
            f"first_layer: the image must have as many pixels as the layer has inputs, {inputs}; "
            f"got {height} x {width}{hint}"
        )
    return height, width
