"""Random mirror images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomFlip"]

AXES = {"horizontal": [2], "vertical": [1], "horizontal_and_vertical": [1, 2]}


class RandomFlip(Augmentation):
    """In training, flip half of the images.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}
        Left to right, upside down, or both at once, as in Keras 3: an image is flipped in both
        directions or in neither.  Two layers flip them independently.
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``; and ``bounding_box_format``, the format of boxes: "xyxy" (left, top, right,
        bottom), "yxyx", "xywh", "center_xywh" or "center_yxhw" in pixels, or "rel_xyxy",
        "rel_yxyx", "rel_xywh" or "rel_center_xywh" as shares of the image.

    Notes
    -----
    Every layer that changes images may be called on a dict with a batch or with one example, and
    changes all entries consistently: ``{"images": ..., "labels": ..., "bounding_boxes": {"boxes":
    ..., "labels": ...}, "segmentation_masks": ...}``.  Boxes have shape (rows, boxes, 4), or are
    lists of different lengths, which are padded with boxes of no size and label -1.  Boxes are
    clipped to the image; if nothing is left of a box its label becomes -1.  Masks are read at the
    nearest pixel and keep their type.  Other entries are left unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> image = np.arange(4.0).reshape(1, 1, 4, 1)
    >>> lamina.layers.RandomFlip()(image, training=False).ravel()        # the identity
    array([0., 1., 2., 3.], dtype=float32)
    """

    _moves = True

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.mode = _check.choice("RandomFlip", "mode", mode, tuple(AXES))

    def _draw(self, x: Any) -> Any:
        return ops.less_equal(self._uniform(x, 0.0, 1.0), 0.5)

    def _changed(self, x: Any, drawn: Any) -> Any:
        return ops.where(drawn, ops.flip(x, AXES[self.mode]), x)

    def _masks(self, masks: Any, drawn: Any) -> Any:
        return self._changed(masks, drawn)

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:
        left, top, right, bottom = (boxes[..., i : i + 1] for i in range(4))
        if 2 in AXES[self.mode]:
            left, right = x.shape[2] - right, x.shape[2] - left
        if 1 in AXES[self.mode]:
            top, bottom = x.shape[1] - bottom, x.shape[1] - top
        flipped = ops.concatenate([left, top, right, bottom], -1)
        return ops.where(ops.squeeze(drawn, -1), flipped, boxes), labels
