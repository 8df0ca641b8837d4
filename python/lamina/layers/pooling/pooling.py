"""Maximum and average pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina._check import Shape
from lamina._tensors.given import record
from lamina.kernels._windows import countable
from lamina.layers.base import windows
from lamina.layers.base.any_type import in_own_type
from lamina.layers.base.spatial import Spatial

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Sizes, Unpack

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
]


class Pooling(Spatial):
    """The base of the pooling layers, which have a window without weights.

    Parameters
    ----------
    pool_size : int or sequence of int
        One for each spatial axis.
    strides : int or sequence of int, optional
        The pool size if not given.
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``.
    """

    _kind: ClassVar[str] = "max"

    def __init__(
        self,
        pool_size: Sizes,
        strides: Sizes | None,
        padding: str,
        data_format: str | None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.pool_size = countable(who, windows.sizes(who, "pool_size", pool_size, self._axes))
        given = pool_size if strides is None else strides
        self.strides = windows.sizes(who, "strides", given, self._axes)
        self.padding = windows.padding(who, padding, ("valid", "same"))
        self.data_format = windows.data_format(who, data_format)

    def _place(self, input_shape: Shape) -> tuple[Shape, windows.Pads]:
        spatial, _ = windows.image(self.name, input_shape, self._axes)
        return windows.placed(
            self.name, "pool_size", spatial, self.pool_size, self.strides, self.padding
        )

    def call_rows(self, x: Any) -> Any:
        """Return one number for each window and channel."""
        _, pads = self._place(x.row_shape)
        pool, strides = windows.pair(self.pool_size), windows.pair(self.strides)
        around = windows.around(pads)
        return in_own_type(lambda x: record("pool2d", self._kind, x, pool, strides, around), x)


class MaxPooling1D(Pooling):
    """The maximum over windows, channel by channel.

    Of equal maxima the first counts, in row order; a NaN is larger than any number.

    Parameters
    ----------
    pool_size : int or tuple of 1 int, default 2
        Size of the window.
    strides : int or tuple of 1 int, optional
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
        larger than the padded signal.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, out steps, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.MaxPooling1D(2)([[[1.0], [3.0], [5.0], [2.0]]])
    array([[[3.],
            [5.]]], dtype=float32)
    """

    input_dtype = None
    _axes: ClassVar[int] = 1
    _kind: ClassVar[str] = "max"

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **base)


class MaxPooling2D(Pooling):
    """The maximum over windows, channel by channel.

    Of equal maxima the first counts, in row order; a NaN is larger than any number.

    Parameters
    ----------
    pool_size : int or tuple of 2 int, default (2, 2)
        Size of the window along each axis.
    strides : int or tuple of 2 int, optional
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
        larger than the padded image.

    Notes
    -----
    Shapes: x (rows, height, width, channels), y (rows, out height, out width, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.MaxPooling2D(2)([[[[1.0], [2.0]], [[4.0], [5.0]]]])
    array([[[[5.]]]], dtype=float32)
    """

    input_dtype = None
    _kind: ClassVar[str] = "max"

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **base)


class AveragePooling1D(Pooling):
    """The mean over windows, channel by channel.

    Padding counts neither in the sum nor in the number of cells.

    Parameters
    ----------
    pool_size : int or tuple of 1 int
        Size of the window.
    strides : int or tuple of 1 int, optional
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
        larger than the padded signal.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, out steps, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AveragePooling1D(2)([[[1.0], [3.0], [5.0], [3.0]]])
    array([[[2.],
            [4.]]], dtype=float32)
    """

    _axes: ClassVar[int] = 1
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


class AveragePooling2D(Pooling):
    """The mean over windows, channel by channel.

    Padding counts neither in the sum nor in the number of cells.

    Parameters
    ----------
    pool_size : int or tuple of 2 int
        Size of the window along each axis.
    strides : int or tuple of 2 int, optional
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
        larger than the padded image.

    Notes
    -----
    Shapes: x (rows, height, width, channels), y (rows, out height, out width, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.AveragePooling2D(2)([[[[1.0], [2.0]], [[4.0], [5.0]]]])
    array([[[[3.]]]], dtype=float32)
    """

    _axes: ClassVar[int] = 2
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


# Keras's aliases.
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
