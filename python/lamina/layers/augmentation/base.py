"""Code shared by the layers that change images: draws, and examples with labels and boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import ops, random
from lamina._settings import note_change
from lamina._tensors.given import all_rows, by_rows, given
from lamina._tensors.tensor import Tensor
from lamina.layers.augmentation import examples
from lamina.layers.augmentation._arguments import span
from lamina.layers.augmentation.boxes import (
    as_corners,
    clipped,
    format_of,
    from_corners,
    visible,
)
from lamina.layers.base.axes import data_format_of
from lamina.layers.base.shapes import show_shapes
from lamina.layers.layer import Layer
from lamina.random import SeedGenerator, seed_value

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

FILLS = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class Augmentation(Layer):
    """Base of the layers that change images: a subclass defines ``_changed``.

    Called on a dict with a batch, ``{"images": ..., "labels": ..., "bounding_boxes": {"boxes": ...,
    "labels": ...}, "segmentation_masks": ...}``, or with one example, a layer changes all entries
    consistently and returns such a dict.  Boxes have shape (rows, boxes, 4), or are lists of
    different lengths; the label of a box that leaves the image becomes -1.  Masks are read at the
    nearest pixel and keep their type.  Other entries are left unchanged.

    Parameters
    ----------
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    bounding_box_format : str, optional
        Format of the boxes: "xyxy" (left, top, right, bottom), "yxyx", "xywh", "center_xywh" or
        "center_yxhw" in pixels, or "rel_xyxy", "rel_yxyx", "rel_xywh" or "rel_center_xywh" as
        shares of the image.  Required if there are boxes.
    """

    replays = True
    reads_batch = True
    _always: ClassVar[bool] = False  # whether it also acts outside of training, without draws
    _moves: ClassVar[bool] = False  # whether boxes and masks are changed

    def __init__(
        self, seed: int | None, data_format: str | None, **base: Unpack[ImageArguments]
    ) -> None:
        who = type(self).__name__
        rest: Any = dict(base)
        form = rest.pop("bounding_box_format", None)
        super().__init__(**rest)
        self.seed = None if seed is None else seed_value(who, seed)
        self.data_format = data_format_of(who, data_format)
        self._bounding_box_format = None if form is None else self._checked_form(form)
        self._seeds: SeedGenerator | None = None

    def _checked_form(self, value: Any) -> str:
        return format_of(type(self).__name__, "bounding_box_format", value)

    @property
    def bounding_box_format(self) -> str | None:
        """The format of boxes, or None."""
        return self._bounding_box_format

    @bounding_box_format.setter
    def bounding_box_format(self, value: str | None) -> None:
        self._bounding_box_format = None if value is None else self._checked_form(value)
        note_change(self)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        config = super().get_config()
        if self._bounding_box_format is not None:
            config["bounding_box_format"] = self._bounding_box_format
        return config

    # --- calls

    def _applied_to(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply the layer to images, or to a dict of images and related entries."""
        call = super()._applied_to
        if args and isinstance(args[0], dict):
            return examples.called(args[0], self.name, lambda d: call((d, *args[1:]), kwargs))
        if args and examples.is_none(args[0]):
            return call((examples.one_of_none(args[0]), *args[1:]), kwargs)[:0]
        return call(args, kwargs)

    def call(self, inputs: Any, training: bool = True) -> Any:
        """Return the images, changed in training, together with their related entries.

        Parameters
        ----------
        inputs : tensor, or dict of tensors
        training : bool, default True
            It holds where images are given to the layer itself, and nobody says it.
        """
        if isinstance(inputs, dict):
            return self._of_examples(inputs, bool(training))
        x = self._floats(inputs)
        if x.ndim not in (3, 4):
            self._refuse(x)
        single = x.ndim == 3
        x = self._last(ops.expand_dims(all_rows(x), 0) if single else x)
        y = self._back(self._image(x, self._drawn_of(x, training), training))
        return ops.squeeze(y, 0) if single else _of_rows(y)

    def _of_examples(self, data: dict[str, Any], training: bool) -> dict[str, Any]:
        x = self._floats(data["images"])
        if x.ndim != 4:
            self._refuse(x)
        x = self._last(x)
        drawn = self._drawn_of(x, training)
        acts, made = training or self._always, dict(data)
        made["images"] = _of_rows(self._back(self._image(x, drawn, training)))
        if "labels" in data and acts:
            made["labels"] = _of_rows(self._labels(given(data["labels"]), drawn))
        if "bounding_boxes" in data and self._moves and self._bounding_box_format is None:
            raise ValueError(
                f"{self.name}: a dict with bounding_boxes needs the layer's bounding_box_format, "
                f"such as {type(self).__name__}(..., bounding_box_format='xyxy')"
            )
        if "bounding_boxes" in data and acts:
            made["bounding_boxes"] = self._boxed(data["bounding_boxes"], drawn, x)
        if "segmentation_masks" in data and acts and self._moves:
            made["segmentation_masks"] = self._masked(data["segmentation_masks"], drawn)
        return made

    def _floats(self, images: Any) -> Tensor:
        return ops.cast(given(images), "float32")  # type: ignore[no-any-return]

    def _refuse(self, x: Tensor) -> None:
        raise ValueError(
            f"{self.name}: input has shape {show_shapes(x.shape[1:])}; needs images, (rows, "
            f"height, width, channels)"
        )

    def _drawn_of(self, x: Any, training: Any) -> Any:
        return self._draw(x) if training else None

    def _image(self, x: Any, drawn: Any, training: Any) -> Any:
        return self._changed(x, drawn) if training or self._always else x

    def _last(self, x: Any) -> Any:
        return ops.moveaxis(x, 1, -1) if self.data_format == "channels_first" else x

    def _back(self, x: Any) -> Any:
        return ops.moveaxis(x, -1, 1) if self.data_format == "channels_first" else x

    def _boxed(self, data: dict[str, Any], drawn: Any, x: Any) -> dict[str, Any]:
        """Return boxes and labels after the changes of the images."""
        if not self._moves:
            return data
        form, (height, width) = self._bounding_box_format or "", x.shape[1:3]
        boxes = ops.cast(given(data["boxes"]), "float32")
        if boxes.ndim != 3 or boxes.shape[-1] != 4:
            raise ValueError(
                f"{self.name}: boxes must have shape (rows, boxes, 4); got "
                f"{show_shapes(boxes.shape)}"
            )
        boxes, labels = self._corners(
            as_corners(boxes, form, height, width), given(data["labels"]), drawn, x
        )
        height, width = self._size(x, drawn)
        boxes = clipped(boxes, height, width)
        labels = visible(labels, boxes)
        return {
            **data,
            "boxes": _of_rows(from_corners(boxes, form, height, width)),
            "labels": _of_rows(labels),
        }

    def _masked(self, masks: Any, drawn: Any) -> Any:
        """Return masks, (n, height, width, channels) or without channels, changed like images."""
        masks = given(masks)
        flat = masks.ndim == 3
        x = ops.expand_dims(masks, -1) if flat else self._last(masks)
        y = self._masks(x, drawn)
        return _of_rows(ops.squeeze(y, -1) if flat else self._back(y))

    # --- what a subclass defines; images and masks are (n, height, width, channels)

    def _draw(self, x: Any) -> Any:  # noqa: ARG002
        """Return the random numbers for images, if any."""
        return None

    def _changed(self, x: Any, drawn: Any) -> Any:  # noqa: ARG002
        """Return images with the drawn changes; outside of training nothing is drawn (None)."""
        raise TypeError(f"{type(self).__name__}: an augmentation must define _changed")

    def _labels(self, labels: Any, drawn: Any) -> Any:  # noqa: ARG002
        return labels

    def _corners(self, boxes: Any, labels: Any, _: Any, x: Any) -> tuple[Any, Any]:  # noqa: ARG002
        """Return boxes (n, boxes, 4) of left, top, right and bottom, and their labels."""
        return boxes, labels

    def _size(self, x: Any, drawn: Any) -> tuple[Any, Any]:  # noqa: ARG002
        """Return the height and the width of the changed images."""
        return x.shape[1:3]  # type: ignore[no-any-return]

    def _masks(self, masks: Any, drawn: Any) -> Any:  # noqa: ARG002
        return masks

    # --- draws

    def _uniform(self, x: Any, low: float, high: float) -> Any:
        """Return a number in [low, high) for each image, to broadcast with its pixels."""
        return self._drawn((ops.shape(x)[0], 1, 1, 1), low, high)

    def _chosen(self, x: Any, factor: Any) -> Any:
        """Return which images are changed, given a factor that is a range of probabilities."""
        probability = self._uniform(x, *span(self.name, "factor", factor, 0.0, 1.0))
        return self._uniform(x, 0.0, 1.0) < probability

    def _drawn(self, shape: Any, low: float, high: float) -> Any:
        """Return numbers in [low, high), different ones at each step."""
        return random.uniform(shape, low, high, seed=self._source())

    def _stretch(self, x: Any, axis: int, share: Any) -> tuple[int, Any, Any]:
        """Return an axis, and the start and the length (n, 1, 1, 1) of a stretch in each image.

        ``share`` (n,) is the length as a share of the axis; the position is random.
        """
        size = x.shape[axis]
        length = ops.reshape(share, (-1, 1, 1, 1)) * float(size)
        return axis, self._uniform(x, 0.0, 1.0) * (size - length), length

    def _source(self) -> SeedGenerator | None:
        if self.seed is None:
            return None
        if self._seeds is None or self._seeds.seed != self.seed:
            self._seeds = SeedGenerator(self.seed)
        return self._seeds


def _of_rows(x: Any) -> Any:
    """Return a value for all rows with the axis of rows restored."""
    return x if x.rows else by_rows(x)


def within(x: Any, axis: int, start: Any, length: Any) -> Any:
    """Return which rows, or columns, of images are in a stretch."""
    places = np.arange(float(x.shape[axis])).reshape([-1 if i == axis else 1 for i in range(4)])
    return ops.logical_and(places >= start, places < start + length)


def as_masks(masks: Any, change: Any) -> Any:
    """Return masks of any type, changed by a function of floating-point images, in their type."""
    return ops.cast(change(ops.cast(masks, "float32")), masks.dtype)
