"""Pooling to a given size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import _room, ops
from lamina._tensors.given import given
from lamina.layers.base import windows
from lamina.layers.base.any_type import as_floats
from lamina.layers.base.axes import channels_first, needs_rank
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Sizes, Unpack

__all__ = [
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
]

AXES = {1: "steps", 2: "height, width", 3: "depth, height, width"}


class AdaptivePooling(Layer):
    """The base of the adaptive pooling layers, which have a given number of windows.

    For n cells, window i of m extends from floor(i n / m) to ceil((i + 1) n / m): if m does not
    divide n, windows have unequal sizes and overlap.

    Parameters
    ----------
    output_size : int or sequence of int
        Number of windows along each spatial axis.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``.
    """

    _axes: ClassVar[int]
    _kind: ClassVar[str]

    def __init__(
        self, output_size: Sizes, data_format: str | None = None, **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.output_size = windows.sizes(who, "output_size", output_size, self._axes)
        self.data_format = data_format
        self._first = channels_first(who, data_format)

    def call(self, x: Any) -> Any:
        """Return the pooled input, axis by axis."""
        x, names = given(x), AXES[self._axes]
        named = f"channels, {names}" if self._first else f"{names}, channels"
        needs_rank(self.name, tuple(x.shape[1:]), self._axes + 1, named)
        for axis, size in enumerate(self.output_size, 2 if self._first else 1):
            x = self._along(x, axis, size)
        return x

    def _along(self, x: Any, axis: int, size: int) -> Any:
        """Return one axis pooled: the cells of each window are put side by side, then joined."""
        length = x.shape[axis]
        if size == length:
            return x
        _room.take(8 * size * (1 + -(-length // size)), f"{self.name} with output_size {size}")
        begins = np.arange(size) * length // size
        ends = -(-(np.arange(size) + 1) * length // size)
        widest = int((ends - begins).max())
        cells = begins[:, None] + np.arange(widest)
        inside = cells < ends[:, None]
        chosen = ops.take(x, np.where(inside, cells, begins[:, None]).astype("int32"), axis=axis)
        if self._kind == "max":  # the first cell stands in for cells that a window lacks
            return ops.max(chosen, axis=axis + 1)
        chosen = as_floats(chosen)
        share = inside / (ends - begins)[:, None]
        shape = [1] * (chosen.ndim - axis)
        shape[:2] = share.shape
        return ops.sum(chosen * np.reshape(share, shape).astype(chosen.dtype), axis=axis + 1)


class AdaptiveAveragePooling1D(AdaptivePooling):
    """The mean over a given number of windows of a signal, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of 1 int
        Windows along each axis: of n cells, window i of m holds those from floor(i n / m) to
        ceil((i + 1) n / m).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, out steps, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AdaptiveAveragePooling1D(2)([[[1.0], [3.0], [5.0], [3.0]]])
    array([[[2.],
            [4.]]], dtype=float32)
    """

    _axes, _kind = 1, "average"


class AdaptiveAveragePooling2D(AdaptivePooling):
    """The mean over a given number of windows of an image, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of 2 int
        Windows along each axis: of n cells, window i of m holds those from floor(i n / m) to
        ceil((i + 1) n / m).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, height, width, channels), y (rows, out height, out width, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AdaptiveAveragePooling2D(1)([[[[1.0], [3.0]]]])
    array([[[[2.]]]], dtype=float32)
    """

    _axes, _kind = 2, "average"


class AdaptiveAveragePooling3D(AdaptivePooling):
    """The mean over a given number of windows of a volume, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of 3 int
        Windows along each axis: of n cells, window i of m holds those from floor(i n / m) to
        ceil((i + 1) n / m).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), y (rows, out depth, out height,
    out width, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AdaptiveAveragePooling3D(1)([[[[[1.0], [3.0]]]]])
    array([[[[[2.]]]]], dtype=float32)
    """

    _axes, _kind = 3, "average"


class AdaptiveMaxPooling1D(AdaptivePooling):
    """The maximum over a given number of windows of a signal, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of 1 int
        Windows along each axis: of n cells, window i of m holds those from floor(i n / m) to
        ceil((i + 1) n / m).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, out steps, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AdaptiveMaxPooling1D(2)([[[1.0], [3.0], [5.0], [3.0]]])
    array([[[3.],
            [5.]]], dtype=float32)
    """

    _axes, _kind = 1, "max"


class AdaptiveMaxPooling2D(AdaptivePooling):
    """The maximum over a given number of windows of an image, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of 2 int
        Windows along each axis: of n cells, window i of m holds those from floor(i n / m) to
        ceil((i + 1) n / m).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, height, width, channels), y (rows, out height, out width, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AdaptiveMaxPooling2D(1)([[[[1.0], [3.0]]]])
    array([[[[3.]]]], dtype=float32)
    """

    _axes, _kind = 2, "max"


class AdaptiveMaxPooling3D(AdaptivePooling):
    """The maximum over a given number of windows of a volume, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of 3 int
        Windows along each axis: of n cells, window i of m holds those from floor(i n / m) to
        ceil((i + 1) n / m).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), y (rows, out depth, out height,
    out width, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AdaptiveMaxPooling3D(1)([[[[[1.0], [3.0]]]]])
    array([[[[[3.]]]]], dtype=float32)
    """

    _axes, _kind = 3, "max"
