"""Resizing images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina._tensors.given import given
from lamina.layers.augmentation.base import Augmentation
from lamina.layers.augmentation.boxes import cropped_to, padded_to

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["Resizing"]

INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


class Resizing(Augmentation):
    """Resize images to ``height`` x ``width``.

    Parameters
    ----------
    height, width : int
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}, default "bilinear"
    crop_to_aspect_ratio, pad_to_aspect_ratio : bool, default False
        Whether to crop or pad images of other proportions instead of distorting them.
    fill_mode : {"constant"}
    fill_value : float, default 0.0
        The value of the padding.
    antialias : bool, default False
        Whether to smooth images that become smaller.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Images have shape (rows, height, width, channels).  Integers stay integers and are rounded.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.Resizing(2, 2)(np.ones((1, 6, 4, 3))).shape
    (1, 2, 2, 3)
    """

    _always = _moves = True

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
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(None, data_format, **base)
        who = "Resizing"
        self.height = _check.integer(who, "height", height)
        self.width = _check.integer(who, "width", width)
        self.interpolation = _check.choice(who, "interpolation", interpolation, INTERPOLATIONS)
        self.crop_to_aspect_ratio = _check.boolean(
            who, "crop_to_aspect_ratio", crop_to_aspect_ratio
        )
        self.pad_to_aspect_ratio = _check.boolean(who, "pad_to_aspect_ratio", pad_to_aspect_ratio)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError(
                f"{who}: crop_to_aspect_ratio and pad_to_aspect_ratio cannot both be True"
            )
        if fill_mode != "constant":
            raise ValueError(f"{who}: fill_mode must be 'constant'; got {fill_mode!r}")
        self.fill_mode = fill_mode
        self.fill_value = _check.number(who, "fill_value", fill_value)
        self.antialias = _check.boolean(who, "antialias", antialias)

    def _floats(self, images: Any) -> Any:
        return given(images)  # integers stay integers

    def _changed(self, x: Any, drawn: Any) -> Any:  # noqa: ARG002
        return self._resized(x, self.interpolation, self.antialias)

    def _masks(self, masks: Any, drawn: Any) -> Any:  # noqa: ARG002
        return ops.cast(self._resized(masks, "nearest", False), masks.dtype)

    def _resized(self, x: Any, interpolation: str, antialias: bool) -> Any:
        return ops.image.resize(
            x,
            (self.height, self.width),
            interpolation,
            antialias,
            self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio,
            self.fill_mode,
            self.fill_value,
        )

    def _corners(self, boxes: Any, labels: Any, _: Any, x: Any) -> tuple[Any, Any]:
        to = (self.height, self.width)
        if self.crop_to_aspect_ratio:
            return cropped_to(boxes, x.shape[1:3], to), labels
        if self.pad_to_aspect_ratio:
            return padded_to(boxes, x.shape[1:3], to), labels
        down, across = (new / old for new, old in zip(to, x.shape[1:3], strict=True))
        return boxes * np.array([across, down, across, down]), labels

    def _size(self, x: Any, drawn: Any) -> tuple[Any, Any]:  # noqa: ARG002
        return self.height, self.width
