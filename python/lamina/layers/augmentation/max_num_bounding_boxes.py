"""The same number of boxes for each image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina._tensors.given import given
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["MaxNumBoundingBoxes"]


class MaxNumBoundingBoxes(Augmentation):
    """Give each image ``max_number`` boxes: its first ones, or its own followed by empty ones.

    Parameters
    ----------
    max_number : int
    fill_value : int, default -1
        The value in empty boxes and their labels.
    **base
        See ``Layer``.

    Notes
    -----
    Acts also in inference, on a dict as described in ``RandomFlip``; boxes may have any format.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> boxes = {"boxes": [[[1, 1, 4, 4], [2, 2, 5, 5]], [[0, 0, 8, 8]]], "labels": [[1, 2], [3]]}
    >>> batch = {"images": np.ones((2, 8, 8, 3)), "bounding_boxes": boxes}
    >>> lamina.layers.MaxNumBoundingBoxes(3)(batch)["bounding_boxes"]["labels"]
    array([[ 1,  2, -1],
           [ 3, -1, -1]], dtype=int32)
    """

    _always = True

    def __init__(
        self, max_number: int, fill_value: int = -1, **base: Unpack[ImageArguments]
    ) -> None:
        super().__init__(None, None, **base)
        self.max_number = _check.integer("MaxNumBoundingBoxes", "max_number", max_number)
        self.fill_value = _check.integer("MaxNumBoundingBoxes", "fill_value", fill_value, -(2**31))

    def _changed(self, x: Any, drawn: Any) -> Any:  # noqa: ARG002
        return x

    def _boxed(self, data: dict[str, Any], drawn: Any, x: Any) -> dict[str, Any]:  # noqa: ARG002
        return {**data, **{key: self._filled(given(data[key])) for key in ("boxes", "labels")}}

    def _filled(self, x: Any) -> Any:
        x = x[:, : self.max_number]
        margins = [(0, 0), (0, self.max_number - x.shape[1]), *[(0, 0)] * (x.ndim - 2)]
        return ops.pad(x, margins, constant_values=self.fill_value)
