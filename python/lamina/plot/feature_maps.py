"""The outputs of a layer for one image, channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls, on_behalf
from lamina._check import Array
from lamina.plot.figures import Path, on_grid
from lamina.plot.layers import layer_of
from lamina.plot.style import SEQUENTIAL
from lamina.plot.weights import grid_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "feature_maps"


@answering_calls
def feature_maps(
    model: Any,
    image: Any,
    layer: str | int | None = None,
    path: Path = None,
    *,
    max_maps: int = 64,
    cmap: str = SEQUENTIAL,
    ax: Axes | None = None,
) -> Array:
    """Draw the outputs of a layer for one image, each channel as an image, all on one scale.

    Parameters
    ----------
    model : Model
        A ``Sequential`` or a graph of layers.
    image : array_like of shape (height, width, channels), or (1, height, width, channels)
        The image in the form that the model reads.
    layer : str or int, optional
        Name or number of the layer, counted from 0; by default the first whose outputs are images.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    max_maps : int, default 64
        Draw at most this many, the first ones.
    cmap : str, default "viridis"
    ax : matplotlib Axes, optional
        A frame to draw the images in, below its title; a new figure of pyplot's if not given.

    Returns
    -------
    ndarray of matplotlib Axes, shape (maps,)

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If there is no such layer, its outputs are not images, or `image` does not fit the model.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((8, 8, 1)), lamina.layers.Conv2D(4, 3)])
    >>> lamina.plot.feature_maps(model, np.eye(8)).shape
    (4,)
    """
    from lamina.layers import InputLayer
    from lamina.models import Model

    def makes_images(each: Any) -> bool:
        return not isinstance(each, InputLayer) and len(_row_shape(each)) == 3

    found = layer_of(WHO, model, layer, makes_images, "a layer whose outputs are images")
    shape = tuple(model.input_shape)
    given = as_numbers(WHO, "image", image)
    row = given[np.newaxis] if given.ndim == len(shape) - 1 else given
    if given.ndim == len(shape) - 2 and shape[-1] == 1:  # grey, without an axis of channels
        row = given[np.newaxis, ..., np.newaxis]
    inner = Model(model.inputs, found.output)
    with on_behalf(WHO, "predict"):
        maps = np.moveaxis(np.asarray(inner.predict(row, verbose=0))[:1][0], -1, 0)
    images = maps[: _check.integer(WHO, "max_maps", max_maps)]
    grid_shape, size = grid_for(len(images))
    title = f"{found.name}: {len(images)} of {len(maps)} feature maps"

    def draw(grid: Array) -> Array:
        used = grid.ravel()[: len(images)]
        for axes in grid.ravel()[len(images) :]:
            axes.remove()
        low, high = float(images.min()), float(images.max())
        for axes, each in zip(used, images, strict=True):
            axes.set_axis_off()
            drawn = axes.imshow(each, cmap=cmap, vmin=low, vmax=high)
        used[0].figure.colorbar(drawn, ax=used.tolist(), label="output", aspect=30)
        if ax is None:
            used[0].figure.suptitle(title, parse_math=False)
        return used

    return on_grid(WHO, draw, grid_shape, ax, path, size)  # type: ignore[no-any-return]


def _row_shape(layer: Any) -> tuple[int, ...]:
    try:
        return tuple(layer.output.shape)[1:]
    except (AttributeError, ValueError):
        return ()
