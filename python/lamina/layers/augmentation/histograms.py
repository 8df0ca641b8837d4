"""Equalising the histograms of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina._tensors.given import all_rows
from lamina.layers.augmentation._arguments import pixels
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["ContrastLimitedAdaptiveHistogramEqualization", "Equalization"]

LEVELS = 256


def counted(levels: Any, bins: int) -> Any:
    """Return the counts of levels (..., n), integers below ``bins``: (..., bins)."""
    shape = levels.shape[:-1]
    lists = int(np.prod(shape))
    ids = ops.reshape(levels, (lists, -1)) + np.arange(lists, dtype="int32")[:, None] * bins
    ids = ops.reshape(ids, (-1,))
    ones = ops.ones_like(ops.cast(ids, "float32"))
    return ops.reshape(ops.segment_sum(ones, ids, lists * bins), (*shape, bins))


class Equalization(Augmentation):
    """Spread the values of each channel of an image evenly over their range, also in inference.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
    bins : int, default 256
        The number of levels to count.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Nothing is random.  A value is replaced by the share of the values of its channel that are not
    above it, in 256 steps, shifted so that the smallest value becomes the lower end of the range.
    A channel with a single level is left unchanged.  No gradient flows.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.Equalization()(np.array([[[[10.0], [20.0], [30.0]]]])).ravel()
    array([  0., 128., 255.], dtype=float32)
    """

    _always = True

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(None, data_format, **base)
        self.value_range = pixels("Equalization", value_range)
        self.bins = _check.integer("Equalization", "bins", bins)

    def _changed(self, x: Any, drawn: Any) -> Any:  # noqa: ARG002
        (low, high), bins = self.value_range, self.bins
        x = all_rows(x)
        n, height, width, channels = x.shape
        lists = ops.reshape(ops.moveaxis(x, -1, 1), (n, channels, height * width))
        scaled = (lists - low) * ((bins - 1) / (high - low))
        levels = ops.cast(ops.clip(scaled, 0, bins - 1), "int32")
        below = ops.cumsum(counted(levels, bins), -1)  # exact: counts are below 2^24
        least = ops.min(ops.where(below > 0.0, below, np.inf), -1, keepdims=True)
        rest = height * width - least
        table = ops.clip(ops.round((below - least) * 255.0 / ops.maximum(rest, 1.0)), 0, 255)
        spread = ops.take_along_axis(table, levels, 2) * ((high - low) / 255.0) + low
        spread = ops.where(rest > 0.0, spread, lists)  # no rest if there is a single level
        return ops.moveaxis(ops.reshape(spread, (n, channels, height, width)), 1, -1)


class ContrastLimitedAdaptiveHistogramEqualization(Augmentation):
    """Spread values evenly within tiles of images, up to a limit, also in inference.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
    clip_limit : float, default 4.0
        Limit for the count of a level, in multiples of the mean count; the excess is distributed
        over all levels.  0 sets no limit.
    tile_grid_size : (int, int), default (8, 8)
        The number of tiles vertically and horizontally.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Nothing is random.  Each tile has a table that maps its 256 levels; all tiles have the same
    size, the image being continued by reflection.  A pixel is interpolated between the tables of
    the four tiles around it, weighted by distance.  No gradient flows.

    References
    ----------
    Zuiderveld (1994), Contrast limited adaptive histogram equalization.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.ContrastLimitedAdaptiveHistogramEqualization()
    >>> layer(np.full((1, 16, 16, 3), 100.0)).shape
    (1, 16, 16, 3)
    """

    _always = True

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: tuple[int, int] = (8, 8),
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(None, data_format, **base)
        who = "ContrastLimitedAdaptiveHistogramEqualization"
        self.value_range = pixels(who, value_range)
        self.clip_limit = _check.number(who, "clip_limit", clip_limit)
        if np.shape(tile_grid_size) != (2,):
            raise ValueError(f"{who}: tile_grid_size must be two integers; got {tile_grid_size!r}")
        down, across = (_check.integer(who, "tile_grid_size", n) for n in tile_grid_size)
        self.tile_grid_size = (down, across)

    def _changed(self, x: Any, drawn: Any) -> Any:  # noqa: ARG002
        low, high = self.value_range
        x = (all_rows(x) - low) * (255.0 / (high - low))
        n, *sizes, channels = x.shape
        counts = down_tiles, across_tiles = self.tile_grid_size
        tiles = [-(-size // count) for size, count in zip(sizes, counts, strict=True)]
        margins = [(0, t * c - size) for t, c, size in zip(tiles, counts, sizes, strict=True)]
        levels = ops.cast(ops.clip(x, 0, LEVELS - 1), "int32")
        tables = self._tables(ops.pad(levels, [(0, 0), *margins, (0, 0)], "symmetric"), tiles)
        (rows, down), (columns, across) = (
            _neighbours(*each) for each in zip(sizes, tiles, counts, strict=True)
        )
        count, images = channels * LEVELS, np.arange(n)[:, None, None, None]
        own = levels + np.arange(channels) * LEVELS + images * (count * down_tiles * across_tiles)
        y: Any = 0.0
        for row, by_row in zip(rows, (1.0 - down, down), strict=True):
            for column, by_column in zip(columns, (1.0 - across, across), strict=True):
                index = own + row[:, None, None] * (count * across_tiles) + column[:, None] * count
                y = y + ops.take(tables, index, 0) * by_row[:, None, None] * by_column[:, None]
        return y * ((high - low) / 255.0) + low

    def _tables(self, levels: Any, tiles: list[int]) -> Any:
        """Return the mapped levels of each tile, (n * down * across * channels * levels,)."""
        n, _, _, channels = levels.shape
        (down, across), size = self.tile_grid_size, tiles[0] * tiles[1]
        parts = ops.reshape(levels, (n, down, tiles[0], across, tiles[1], channels))
        parts = ops.transpose(parts, (0, 1, 3, 5, 2, 4))
        counts = counted(ops.reshape(parts, (n, down, across, channels, size)), LEVELS)
        if self.clip_limit > 0:
            kept = ops.minimum(counts, self.clip_limit * size / LEVELS)
            counts = kept + ops.sum(counts - kept, -1, keepdims=True) / LEVELS
        below = ops.cumsum(counts, -1)
        least = ops.min(below, -1, keepdims=True)
        rest = size - least
        table = (below - least) * 255.0 / ops.where(ops.equal(rest, 0.0), 1.0, rest)
        return ops.reshape(ops.clip(table, 0, 255), (-1,))


def _neighbours(size: int, tile: int, count: int) -> tuple[list[Any], Any]:
    """Return the tiles before and after each pixel along an axis, and the weight of the latter."""
    places = (np.arange(size, dtype=float) - tile / 2) / tile
    first = np.floor(places)
    parts = [np.clip(first + i, 0, count - 1).astype(int) for i in range(2)]
    return parts, places - first
