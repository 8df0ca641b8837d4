"""Rotating, zooming, moving and shearing images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina.layers.augmentation._arguments import checked, either_way, span
from lamina.layers.augmentation.base import FILLS, INTERPOLATIONS, Augmentation, as_masks
from lamina.layers.augmentation.boxes import moved_back

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom"]

Factor = float | tuple[float, float]


class Affine(Augmentation):
    """Base of the layers that move pixels: a subclass defines ``_matrix``."""

    _moves = True

    def __init__(
        self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float,
        data_format: str | None, **base: Unpack[ImageArguments],
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **base)
        who = type(self).__name__
        self.fill_mode = _check.choice(who, "fill_mode", fill_mode, FILLS)
        self.interpolation = _check.choice(who, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = _check.number(who, "fill_value", fill_value)

    def _matrix(self, x: Any) -> list[Any]:  # noqa: ARG002
        """Return a0, a1, a2, b0, b1 and b2 of ``affine_transform``: numbers, or one per image."""
        raise TypeError(f"{type(self).__name__}: an affine layer must define _matrix")

    def _each(self, x: Any, ends: tuple[float, float]) -> Any:
        """Return a number within a range for each image."""
        return self._drawn((ops.shape(x)[0],), *ends)

    def _draw(self, x: Any) -> list[Any]:
        return self._matrix(x)

    def _changed(self, x: Any, drawn: Any) -> Any:
        return self._read(x, drawn, self.interpolation)

    def _masks(self, masks: Any, drawn: Any) -> Any:
        return as_masks(masks, lambda x: self._read(x, drawn, "nearest"))

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:  # noqa: ARG002
        return moved_back(boxes, drawn), labels

    def _read(self, x: Any, matrix: list[Any], interpolation: str) -> Any:
        return ops.image.affine_transform(
            x, stacked(matrix), interpolation, self.fill_mode, self.fill_value
        )


def stacked(matrix: list[Any]) -> Any:
    """Return a0, a1, a2, b0, b1 and b2, at least one of which is given per image, as (n, 8)."""
    entries = [*matrix, 0.0, 0.0]
    zero = next(entry for entry in entries if not isinstance(entry, float)) * 0.0
    return ops.stack([zero + entry for entry in entries], 1)


class RandomRotation(Affine):
    """In training, rotate images about their centre.

    Parameters
    ----------
    factor : float or (float, float)
        Range of the angle as a share of a full turn, within [-1, 1]; one number f stands for
        ``(-f, f)``.  Positive angles turn images counterclockwise.
    fill_mode : {"reflect", "wrap", "constant", "nearest"}, default "reflect"
        Outside the image: its reflection, its repetition, ``fill_value``, or its edge.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        As in ``Dropout``.
    fill_value : float, default 0.0
        The value outside the image for ``fill_mode="constant"``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.ones((2, 8, 8, 3))
    >>> lamina.layers.RandomRotation(0.1)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **base)
        self.factor = checked("RandomRotation", "factor", factor, -1.0, 1.0)

    def _matrix(self, x: Any) -> list[Any]:
        low, high = span("RandomRotation", "factor", self.factor, -1.0, 1.0)
        angle = self._each(x, (low * 2 * math.pi, high * 2 * math.pi))
        cos, sin = ops.cos(angle), ops.sin(angle)
        down, across = ((size - 1) / 2 for size in x.shape[1:3])
        return [
            cos, -sin, across - across * cos + down * sin,
            sin, cos, down - across * sin - down * cos,
        ]  # fmt: skip


class RandomZoom(Affine):
    """In training, zoom images about their centre, keeping their size.

    Parameters
    ----------
    height_factor : float or (float, float)
        Range within (-1, 1]: with 0.2 the content shrinks by 20 % in height, with -0.2 it grows.
        One number f stands for ``(-f, f)``.
    width_factor : float or (float, float), optional
        As ``height_factor``, drawn independently; by default the proportions are kept.
    fill_mode : {"reflect", "wrap", "constant", "nearest"}, default "reflect"
        Outside the image: its reflection, its repetition, ``fill_value``, or its edge.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        As in ``Dropout``.
    fill_value : float, default 0.0
        The value outside the image for ``fill_mode="constant"``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.ones((2, 8, 8, 3))
    >>> lamina.layers.RandomZoom(0.2)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **base)
        who = "RandomZoom"
        self.height_factor = checked(who, "height_factor", height_factor, -1.0, 1.0, low_open=True)
        width = width_factor
        if width is not None:
            width = checked(who, "width_factor", width, -1.0, 1.0, low_open=True)
        self.width_factor = width

    def _matrix(self, x: Any) -> list[Any]:
        height = self._zoom(x, self.height_factor)
        width = height if self.width_factor is None else self._zoom(x, self.width_factor)
        down, across = ((size - 1) / 2 for size in x.shape[1:3])
        return [width, 0.0, across - across * width, 0.0, height, down - down * height]

    def _zoom(self, x: Any, factor: Factor) -> Any:
        low, high = span("RandomZoom", "factor", factor, -1.0, 1.0)
        return self._each(x, (1.0 + low, 1.0 + high))


class RandomTranslation(Affine):
    """In training, shift images.

    Parameters
    ----------
    height_factor, width_factor : float or (float, float)
        Range of the shift as a share of the height (downwards) and of the width (to the right),
        within [-1, 1].  One number f stands for ``(-f, f)``.
    fill_mode, interpolation, seed, fill_value, data_format
        See ``RandomRotation``.
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.ones((2, 8, 8, 3))
    >>> lamina.layers.RandomTranslation(0.1, 0.1)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **base)
        who = "RandomTranslation"
        self.height_factor = checked(who, "height_factor", height_factor, -1.0, 1.0)
        self.width_factor = checked(who, "width_factor", width_factor, -1.0, 1.0)

    def _matrix(self, x: Any) -> list[Any]:
        who, (height, width) = "RandomTranslation", x.shape[1:3]
        down = self._each(x, span(who, "height_factor", self.height_factor, -1.0, 1.0))
        right = self._each(x, span(who, "width_factor", self.width_factor, -1.0, 1.0))
        return [1.0, 0.0, -right * width, 0.0, 1.0, -down * height]


class RandomShear(Affine):
    """In training, shear images: shift rows, or columns, in proportion to their position.

    Parameters
    ----------
    x_factor, y_factor : float or (float, float), default 0.0
        Range, within [0, 1], of the shift from one row, or column, to the next, in pixels; half of
        the images are sheared in the opposite direction.  One number f stands for ``(-f, f)``.
    interpolation, fill_mode, fill_value, data_format, seed
        See ``RandomRotation``.
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.ones((2, 8, 8, 3))
    >>> lamina.layers.RandomShear(0.2)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        x_factor: Factor = 0.0,
        y_factor: Factor = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **base)
        self.x_factor = checked("RandomShear", "x_factor", x_factor, 0.0, 1.0)
        self.y_factor = checked("RandomShear", "y_factor", y_factor, 0.0, 1.0)

    def _matrix(self, x: Any) -> list[Any]:
        turned = ops.where(self._each(x, (0.0, 1.0)) > 0.5, -1.0, 1.0)
        y_factor, x_factor = (
            self._each(x, either_way(factor)) for factor in (self.y_factor, self.x_factor)
        )
        return [1.0, x_factor * turned, 0.0, y_factor * turned, 1.0, 0.0]
