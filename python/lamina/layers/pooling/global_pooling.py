"""Pooling over all axes except rows and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.base import windows
from lamina.layers.base.any_type import in_own_type
from lamina.layers.base.masks import check_steps
from lamina.layers.base.spatial import Spatial

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = [
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
]


class GlobalPooling(Spatial):
    """The base of the global pooling layers: one window as large as the input.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
    keepdims : bool, default False
        Whether the spatial axes are kept with size 1.
    **base
        See ``Layer``.
    """

    _kind: ClassVar[str] = "max"

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.data_format = windows.data_format(who, data_format)
        self.keepdims = _check.boolean(who, "keepdims", keepdims)

    @property
    def drops(self) -> str | None:  # type: ignore[override]
        """How to keep the axes that are pooled, for messages."""
        if self.keepdims:
            return None
        return "pools these axes away; place it after the layers that need them"

    def call_rows(self, x: Any) -> Any:
        """Return one number for each channel."""
        spatial, channels = windows.image(self.name, x.row_shape, self._axes)
        shape = (*(1 for _ in spatial), channels) if self.keepdims else (channels,)
        return record("reshape", self._pooled(x), shape)

    def _pooled(self, x: Any) -> Any:
        window = windows.pair(x.row_shape[:-1])
        around = (0, 0, 0, 0)
        return in_own_type(lambda x: record("pool2d", self._kind, x, window, window, around), x)


class GlobalMaxPooling1D(GlobalPooling):
    """The maximum over all steps, channel by channel.

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
    Shapes: x (rows, steps, channels), y (rows, channels) or (rows, 1, channels).

    Among equal maxima only the first receives the gradient (Keras splits it among them).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.GlobalMaxPooling1D()([[[1.0], [3.0]]])
    array([[3.]], dtype=float32)
    """

    input_dtype = None
    _axes: ClassVar[int] = 1
    _kind: ClassVar[str] = "max"


class GlobalMaxPooling2D(GlobalPooling):
    """The maximum over the whole image, channel by channel.

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
    Shapes: x (rows, height, width, channels), y (rows, channels) or (rows, 1, 1, channels).

    Among equal maxima only the first receives the gradient (Keras splits it among them).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.GlobalMaxPooling2D()([[[[1.0], [3.0]]]])
    array([[3.]], dtype=float32)
    """

    input_dtype = None
    _axes: ClassVar[int] = 2
    _kind: ClassVar[str] = "max"


class GlobalAveragePooling1D(GlobalPooling):
    """The mean over all steps, channel by channel; under a mask, over those it keeps.

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
        If the input has another number of axes, or the mask does not have one boolean per step.

    Notes
    -----
    Shapes: x (rows, steps, channels), mask (rows, steps), y (rows, channels) or
    (rows, 1, channels).

    If all steps of a row are hidden, its mean is 0 and no gradient flows to it; Keras divides 0 by
    0 there and returns NaN.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.GlobalAveragePooling1D()([[[1.0], [3.0]]])
    array([[2.]], dtype=float32)
    """

    _axes: ClassVar[int] = 1
    _kind: ClassVar[str] = "average"

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Return the mean of each channel; under a mask, over the steps that it keeps."""
        if mask is None:
            return super().call_rows(x)
        windows.image(self.name, x.row_shape, 1)
        check_steps(self.name, x, mask)
        channels = x.row_shape[-1]
        y = record("masked_mean", x, mask)
        return record("reshape", y, (1, channels) if self.keepdims else (channels,))


class GlobalAveragePooling2D(GlobalPooling):
    """The mean over the whole image, channel by channel.

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
    Shapes: x (rows, height, width, channels), y (rows, channels) or (rows, 1, 1, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.GlobalAveragePooling2D()([[[[1.0], [3.0]]]])
    array([[2.]], dtype=float32)
    """

    _axes: ClassVar[int] = 2
    _kind: ClassVar[str] = "average"


# Keras's aliases.
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
