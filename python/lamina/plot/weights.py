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
from lamina.plot.figures import shown

if TYPE_CHECKING:
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
) -> Figure:
    """Draw each unit's weights in the first dense layer as an image.

    Red weights are positive, blue ones negative; the colour bar holds for all images.

    Parameters
    ----------
    model : Sequential
        A model whose first layer with weights is dense and reads images as flat rows.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    image_shape : (int, int), optional
        Height and width; if not given, those of the model's input, or else a square.
    max_units : int, default 64
        Draw at most this many units, the first ones.

    Returns
    -------
    matplotlib.figure.Figure
        Pyplot's current figure, with one of its ``axes`` for each unit and one for the colour bar.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no dense layer or its inputs do not fill the image.
    """
    images, title = images_of(model, image_shape, max_units)
    return shown("first_layer", lambda figure: draw(figure, images, title), path)


def images_of(
    model: Any, image_shape: Sequence[int] | None = None, max_units: int = 64
) -> tuple[Array, str]:
    """Return the units' weights as images, and what the figure is called."""
    most = _check.integer("first_layer", "max_units", max_units)
    name, kernel = _first_kernel(model)
    shape = _image_shape(kernel.shape[0], image_shape, model)
    images = kernel.T[:most].reshape(-1, *shape)
    return images, f"First layer, {name}: weights of {_counted(len(images), kernel.shape[1])}"


def draw(figure: Figure, images: Array, title: str) -> None:
    """Draw the images on an empty figure, all on one scale."""
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    figure.set_size_inches(max(SQUARE * columns + MARGIN, 4.0), max(SQUARE * rows + 0.5, 2.0))
    limit = float(np.abs(images).max()) or 1.0
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(images) :]:
        axes.remove()
    for axes, image in zip(grid.flat, images, strict=False):
        axes.set_axis_off()
        drawn = axes.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
    figure.colorbar(drawn, ax=grid.ravel().tolist()[: len(images)], label="weight", aspect=30)
    figure.suptitle(title, parse_math=False)


def _counted(drawn: int, all_units: int) -> str:
    units = "1 unit" if drawn == 1 else f"{drawn} units"
    return units if drawn == all_units else f"{drawn} of its {all_units} units"


def _first_kernel(model: Any) -> tuple[str, Array]:
    if not hasattr(model, "layers"):
        raise TypeError(f"first_layer: needs a model; got {model!r}")
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
