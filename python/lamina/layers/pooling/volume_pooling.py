"""Maximum and average pooling of volumes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from lamina._tensors.given import record
from lamina.layers.base import windows
from lamina.layers.base.any_type import in_own_type
from lamina.layers.base.axes import reshaped
from lamina.layers.pooling.global_pooling import GlobalPooling
from lamina.layers.pooling.pooling import Pooling

if TYPE_CHECKING:
    from lamina._check import Shape
    from lamina._typing import DimArguments, Sizes, Unpack

__all__ = [
    "AveragePooling3D",
    "AvgPool3D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool3D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling3D",
    "MaxPool3D",
    "MaxPooling3D",
]


def pooled(kind: str, x: Any, pool: Shape, strides: Shape, pads: windows.Pads) -> Any:
    """Return pooled volumes: slices are pooled as images, and the result along the depth.

    The number of cells of a window inside the volume is the same in each slice, so that the mean of
    means is the mean of all.
    """
    depth, _, _, channels = x.row_shape
    around = windows.around(pads[1:])
    flat = record("pool2d", kind, record("fold", x), pool[1:], strides[1:], around)
    rows, columns, _ = flat.row_shape
    whole = reshaped(record("unfold", flat, depth), (depth, rows * columns, channels))
    y = record("pool2d", kind, whole, (pool[0], 1), (strides[0], 1), (*pads[0], 0, 0))
    return reshaped(y, (y.row_shape[0], rows, columns, channels))


class Pooling3D(Pooling):
    """The base of both layers: a window over depth, height and width."""

    _axes: ClassVar[int] = 3

    def call_rows(self, x: Any) -> Any:
        """Return one number for each window and channel."""
        _, pads = self._place(x.row_shape)
        return in_own_type(lambda x: pooled(self._kind, x, self.pool_size, self.strides, pads), x)


class GlobalPooling3D(GlobalPooling):
    """The base of both layers: one window as large as the volume."""

    _axes: ClassVar[int] = 3

    def _pooled(self, x: Any) -> Any:
        # Over all cells as one axis.
        *spatial, channels = x.row_shape
        flat = reshaped(x, (1, prod(spatial), channels))
        return super()._pooled(flat)


class MaxPooling3D(Pooling3D):
    """The maximum over windows, channel by channel.

    Of equal maxima the first counts, slice by slice; a NaN is larger than any number.

    Parameters
    ----------
    pool_size : int or tuple of 3 int, default (2, 2, 2)
        Size of the window along each axis.
    strides : int or tuple of 3 int, optional
        Steps of the window; its size if not given.
    padding : {"valid", "same"}, default "valid"
        "valid" drops an incomplete last window; with "same" a window starts at every stride.
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If an argument is out of range, the input has another number of axes, or the window is
        larger than the padded volume.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), y (rows, out depth, out height, out width,
    channels).

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.MaxPooling3D(2)(np.arange(8.0).reshape(1, 2, 2, 2, 1)).item()
    7.0
    """

    input_dtype = None
    _kind: ClassVar[str] = "max"

    def __init__(
        self,
        pool_size: Sizes = (2, 2, 2),
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **base)


class AveragePooling3D(Pooling3D):
    """The mean over windows, channel by channel.

    Padding counts neither in the sum nor in the number of cells.

    Parameters
    ----------
    pool_size : int or tuple of 3 int
        Size of the window along each axis.
    strides : int or tuple of 3 int, optional
        Steps of the window; its size if not given.
    padding : {"valid", "same"}, default "valid"
        "valid" drops an incomplete last window; with "same" a window starts at every stride.
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If an argument is out of range, the input has another number of axes, or the window is
        larger than the padded volume.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), y (rows, out depth, out height, out width,
    channels).

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.AveragePooling3D(2)(np.arange(8.0).reshape(1, 2, 2, 2, 1)).item()
    3.5
    """

    _kind: ClassVar[str] = "average"

    def __init__(
        self,
        pool_size: Sizes,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **base)


class GlobalMaxPooling3D(GlobalPooling3D):
    """The maximum over the whole volume, channel by channel.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    keepdims : bool, default False
        Whether the spatial axes are kept with size 1.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If the input has another number of axes.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), y (rows, channels) or (rows, 1, 1, 1,
    channels).

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.GlobalMaxPooling3D()(np.arange(8.0).reshape(1, 2, 2, 2, 1))
    array([[7.]], dtype=float32)
    """

    input_dtype = None
    _kind: ClassVar[str] = "max"


class GlobalAveragePooling3D(GlobalPooling3D):
    """The mean over the whole volume, channel by channel.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Position of the axis of channels.  With channels_first it is moved last, and back again.
    keepdims : bool, default False
        Whether the spatial axes are kept with size 1.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If the input has another number of axes.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), y (rows, channels) or (rows, 1, 1, 1,
    channels).

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.GlobalAveragePooling3D()(np.arange(8.0).reshape(1, 2, 2, 2, 1))
    array([[3.5]], dtype=float32)
    """

    _kind: ClassVar[str] = "average"


# Keras's aliases.
AvgPool3D = AveragePooling3D
MaxPool3D = MaxPooling3D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool3D = GlobalMaxPooling3D
