"""The layout of images: channels last, and parts of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina._check import choice
from lamina._tensors.given import all_rows, given
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import converted, floats
from lamina.ops.indexing import get_item
from lamina.ops.rounding import round as whole
from lamina.ops.shaping import moveaxis

NAMES = {2: "an image (height, width, channels)", 3: "a volume (depth, height, width, channels)"}


def last_channels(
    who: str, images: Any, data_format: Any, axes: int = 2
) -> tuple[Tensor, int, Callable[[Any], Any]]:
    """Return images with the channels last, the first axis, and a function that moves them back."""
    x = floats(images)
    if data_format is not None:
        choice(who, "data_format", data_format, ("channels_last", "channels_first"))
    if x.ndim not in (axes + 1, axes + 2):
        raise ValueError(f"{who}: needs {NAMES[axes]}, or several; got shape {shown(x)}")
    x = all_rows(x) if x.ndim == axes + 1 else x  # its first axis belongs to the image
    first = x.ndim - axes - 1
    if data_format != "channels_first":
        return x, first, lambda y: y
    return moveaxis(x, first, -1), first, lambda y: moveaxis(y, -1, first)


def as_given(images: Any, y: Tensor, *, nearest: bool = False) -> Tensor:
    """Return the result for images, as integers for integers: rounded, or towards 0."""
    if given(images).dtype != "int32":
        return y
    return converted(whole(y) if nearest else y, "int32")


def cut(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    """Return a slice along one axis."""
    key = [slice(None)] * axis + [slice(start, start + length)]
    return get_item(x, tuple(key))  # type: ignore[no-any-return]
