"""The filters of a convolution as images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_grid
from lamina.plot.layers import layer_of
from lamina.plot.weights import grid_for, one_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "filters"


@answering_calls
def filters(
    model: Any,
    layer: str | int | None = None,
    path: Path = None,
    *,
    channel: int | None = None,
    max_filters: int = 64,
    ax: Axes | None = None,
) -> Array:
    """Draw the filters of a convolution, as images.

    Filters over three channels, in colour, are drawn in colour, from their smallest weight to their
    largest; others as the weights of one channel on one scale, blue below zero and sand above.

    Parameters
    ----------
    model : Model
        A model with a two-dimensional convolution.
    layer : str or int, optional
        Name or number of the layer, counted from 0; by default the first convolution.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    channel : int, optional
        The channel to draw; by default colours if there are three channels, otherwise the first
        channel.
    max_filters : int, default 64
        Draw at most this many, the first ones.
    ax : matplotlib Axes, optional
        A frame to draw the images in, below its title; a new figure of pyplot's if not given.

    Returns
    -------
    ndarray of matplotlib Axes, shape (filters,)

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If there is no such layer, or it has no filters to draw.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((8, 8, 1)), lamina.layers.Conv2D(4, 3)])
    >>> lamina.plot.filters(model).shape
    (4,)
    """
    found = layer_of(WHO, model, layer, _has_filters, "a two-dimensional convolution")
    kernel = np.asarray(found.get_weights()[0], np.float64)  # (height, width, channels, filters)
    most = _check.integer(WHO, "max_filters", max_filters)
    images = np.moveaxis(kernel, -1, 0)[:most]
    colour = channel is None and images.shape[3] == 3
    if not colour:
        place = _check.integer(WHO, "channel", 0 if channel is None else channel, 0)
        if place >= images.shape[3]:
            raise ValueError(f"{WHO}: channel must be below {images.shape[3]}; got {place}")
        images = images[..., place]
    shape, size = grid_for(len(images))
    title = f"{found.name}: {len(images)} of {kernel.shape[3]} filters"
    if not colour and kernel.shape[2] > 1:
        title += f", channel {place} of {kernel.shape[2]}"

    def draw(grid: Array) -> Array:
        used = _in_colour(grid, images) if colour else one_scale(grid, images, "weight")
        if ax is None:
            used[0].figure.suptitle(title, parse_math=False)
        return used

    return on_grid(WHO, draw, shape, ax, path, size)  # type: ignore[no-any-return]


def _in_colour(grid: Array, images: Array) -> Array:
    used = grid.ravel()[: len(images)]
    for axes in grid.ravel()[len(images) :]:
        axes.remove()
    low, high = images.min(), images.max()
    for axes, image in zip(used, images, strict=True):
        axes.set_axis_off()
        axes.imshow((image - low) / ((high - low) or 1.0))
    return used


def _has_filters(layer: Any) -> bool:
    weights = layer.get_weights()
    return bool(weights) and np.ndim(weights[0]) == 4
