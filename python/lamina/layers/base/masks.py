"""Masks over the leading axes of a row: checked, repeated, joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina import _check
from lamina._check import Shape
from lamina._tensors import Tensor
from lamina._tensors.given import current, record
from lamina.layers.base.axes import reshaped


def check_masks(who: str, x: Sequence[Tensor], masks: Sequence[Tensor | None]) -> None:
    """Raise ValueError unless every mask has the leading axes of its input."""
    for place, (tensor, mask) in enumerate(zip(x, masks, strict=True)):
        if mask is None:
            continue
        shape, own = tensor.row_shape, mask.row_shape
        if own != shape[: len(own)]:
            raise ValueError(
                f"{who}: a mask must have the leading axes of its input; got "
                f"{_check.show_shape(own)} for input {place}, {_check.show_shape(shape)}"
            )


def check_steps(who: str, x: Tensor, mask: Tensor | None, inner: bool = False) -> None:
    """Raise ValueError unless a mask has one boolean per step or, if ``inner``, starts so."""
    if mask is None:
        return
    shape, needed = mask.row_shape, x.row_shape[:1]
    if (shape[:1] if inner else shape) != needed:
        raise ValueError(
            f"{who}: mask has shape {_check.show_shape(shape)}; input of shape "
            f"{_check.show_shape(x.row_shape)} needs {_check.show_shape(needed)}, one truth "
            f"value per step"
        )


def trailing_ones(mask: Tensor, rank: int) -> Tensor:
    """Return the mask with axes of size 1 appended, up to ``rank`` axes."""
    shape = mask.row_shape
    return mask if len(shape) == rank else reshaped(mask, shape + (1,) * (rank - len(shape)))


def joined(
    masks: Sequence[Tensor | None], shapes: Sequence[Shape], axis: int | None = None
) -> Tensor:
    """Return where any mask of these shapes is true, or the masks concatenated along an axis.

    None stands for a mask that is true everywhere.
    """
    now = current()
    with now.within(f"{now.name}/mask"):
        return record("join_masks", list(masks), list(shapes), axis)  # type: ignore[no-any-return]


def spread(mask: Tensor, shape: Shape) -> Tensor:
    """Return the mask repeated to ``shape``, along axes after its own and those of size 1."""
    if mask.row_shape == tuple(shape):
        return mask
    return joined([trailing_ones(mask, len(shape))], [shape])


def union(masks: Sequence[Any]) -> Tensor:
    """Return where any of the masks, all over leading axes of the same shape, is true."""
    shape = max((m.row_shape for m in masks), key=len)
    return joined([trailing_ones(m, len(shape)) for m in masks], [shape] * len(masks))
