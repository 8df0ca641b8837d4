"""Random elastic distortions of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops, random
from lamina.layers.augmentation._arguments import checked, pixels, span
from lamina.layers.augmentation.base import FILLS, INTERPOLATIONS, Augmentation, as_masks
from lamina.ops.warping import pixel_grid, warped

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomElasticTransform"]


class RandomElasticTransform(Augmentation):
    """In training, distort some of the images by a smooth random displacement of their pixels.

    Parameters
    ----------
    factor : float or (float, float), default 1.0
        Range, within [0, 1], of the probability that an image is changed; one number f stands for
        ``(0, f)``.
    scale : float or (float, float), default 1.0
        Range, within [0, 1], of the strength s, one for the whole batch: pixels move by ``0.1 s``
        times the longer side, times ``0.05 s`` times the shorter side, times normal noise blurred
        with that standard deviation.  One number f stands for ``(0, f)``.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_mode : {"reflect", "wrap", "constant", "nearest", "mirror"}, default "reflect"
        Values outside the image: the reflected image, the image repeated, ``fill_value``, or the
        edge; "mirror" is like "reflect" without repeating the edge.
    fill_value : float, default 0.0
        The value outside the image for ``fill_mode="constant"``.
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value; results are clipped to it.
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``.

    Notes
    -----
    Masks are distorted in the same way as their images.  Boxes are rejected, because a distorted
    box is not a box.

    References
    ----------
    Simard, Steinkraus, Platt (2003), Best practices for convolutional neural networks applied to
    visual document analysis.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.full((2, 8, 8, 3), 100.0)
    >>> lamina.layers.RandomElasticTransform()(images, training=True).shape
    (2, 8, 8, 3)
    """

    _moves = True

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        scale: float | tuple[float, float] = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "RandomElasticTransform"
        self.factor = checked(who, "factor", factor, 0.0, 1.0)
        self.scale = checked(who, "scale", scale, 0.0, 1.0)
        self.interpolation = _check.choice(who, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_mode = _check.choice(who, "fill_mode", fill_mode, (*FILLS, "mirror"))
        self.fill_value = _check.number(who, "fill_value", fill_value)
        self.value_range = pixels(who, value_range)

    def _draw(self, x: Any) -> dict[str, Any]:
        chosen = self._chosen(x, self.factor)
        low, high = span("RandomElasticTransform", "scale", self.scale, 0.0, 1.0)
        strength = self._drawn((1,), low, high)
        height, width = x.shape[1:3]
        noise = random.normal((ops.shape(x)[0], height, width, 2), seed=self._source())
        sigma = ops.maximum(0.05 * min(height, width) * strength, 1e-6)
        smooth = _blurred(noise * sigma, sigma, int(0.3 * min(height, width) * high) | 1)
        moves = smooth * (0.1 * max(height, width) * strength)
        places = [grid + moves[..., axis] for axis, grid in enumerate(pixel_grid(x))]
        return {"chosen": chosen, "places": places}

    def _changed(self, x: Any, drawn: Any) -> Any:
        return ops.clip(self._read(x, drawn, self.interpolation), *self.value_range)

    def _masks(self, masks: Any, drawn: Any) -> Any:
        return as_masks(masks, lambda x: self._read(x, drawn, "nearest"))

    def _read(self, x: Any, drawn: Any, interpolation: str) -> Any:
        rows, columns = drawn["places"]
        y = warped(x, rows, columns, interpolation, self.fill_mode, self.fill_value)
        return ops.where(drawn["chosen"], y, x)

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:  # noqa: ARG002
        raise ValueError(
            f"{self.name}: bounding_boxes are not supported, because "
            "a box that is bent is not a box"
        )


def _blurred(x: Any, sigma: Any, most: int) -> Any:
    """Return images blurred with ``sigma`` (1,), over int(6 sigma) | 1 pixels, at most ``most``."""
    places = np.arange(most) - (most - 1) / 2
    reach = ops.floor(ops.floor(6.0 * sigma) / 2.0)  # pixels to either side
    weights = ops.where(np.abs(places) <= reach, ops.exp(-0.5 * ops.square(places / sigma)), 0.0)
    weights = weights / ops.sum(weights)
    for shape in ((most, 1, 1, 1), (1, most, 1, 1)):
        kernel = ops.concatenate([ops.reshape(weights, shape)] * x.shape[-1], 2)
        x = ops.depthwise_conv(x, kernel, 1, "same")
    return x
