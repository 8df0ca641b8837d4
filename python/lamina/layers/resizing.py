"""Images of another size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina._tensors.given import given
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Resizing"]

INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


class Resizing(Layer):
    """Make images ``height`` x ``width``.

    Parameters
    ----------
    height, width : int
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}, default "bilinear"
    crop_to_aspect_ratio, pad_to_aspect_ratio : bool, default False
        Whether images of other proportions are cropped, or get margins, instead of distortion.
    fill_mode : {"constant"}
    fill_value : float, default 0.0
        What stands in the margins.
    antialias : bool, default False
        Whether smaller images are smoothed.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``.

    Notes
    -----
    Images are of shape (rows, height, width, channels).  Integers stay integers, the nearest ones.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.Resizing(2, 2)(np.ones((1, 6, 4, 3))).shape
    (1, 2, 2, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "Resizing"
        self.height = _check.integer(who, "height", height)
        self.width = _check.integer(who, "width", width)
        if interpolation not in INTERPOLATIONS:
            shown = ", ".join(map(repr, INTERPOLATIONS))
            raise ValueError(f"{who}: interpolation must be one of {shown}; got {interpolation!r}")
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = _check.boolean(
            who, "crop_to_aspect_ratio", crop_to_aspect_ratio
        )
        self.pad_to_aspect_ratio = _check.boolean(who, "pad_to_aspect_ratio", pad_to_aspect_ratio)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError(
                f"{who}: crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other"
            )
        if fill_mode != "constant":
            raise ValueError(f"{who}: fill_mode must be 'constant'; got {fill_mode!r}")
        self.fill_mode = fill_mode
        self.fill_value = _check.number(who, "fill_value", fill_value)
        self.antialias = _check.boolean(who, "antialias", antialias)
        self.data_format = data_format_of(who, data_format)

    def call(self, inputs: Any) -> Any:
        """Return the images."""
        return ops.image.resize(
            given(inputs),
            (self.height, self.width),
            self.interpolation,
            self.antialias,
            self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )


def data_format_of(who: str, value: Any) -> str:
    """Return where images have their channels; last by default."""
    if value not in (None, "channels_last", "channels_first"):
        raise ValueError(
            f"{who}: data_format must be 'channels_last' or 'channels_first'; got {value!r}"
        )
    return value or "channels_last"
