"""Stretching images to the full range of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import ops
from lamina.layers.augmentation._arguments import pixels
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["AutoContrast"]


class AutoContrast(Augmentation):
    """Stretch each channel of an image to the full range of values, also in inference.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Nothing is random.  A channel with a single value is left unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.AutoContrast()(np.array([[[[10.0], [20.0], [30.0]]]])).ravel()
    array([  0. , 127.5, 255. ], dtype=float32)
    """

    _always = True

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(None, data_format, **base)
        self.value_range = pixels("AutoContrast", value_range)

    def _changed(self, x: Any, drawn: Any) -> Any:  # noqa: ARG002
        least = ops.min(x, (1, 2), keepdims=True)
        extent = ops.max(x, (1, 2), keepdims=True) - least
        low, high = self.value_range
        stretched = ops.divide_no_nan(x - least, extent) * (high - low) + low
        return ops.where(extent > 0.0, stretched, x)
