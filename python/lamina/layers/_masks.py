"""Masks over the leading axes of a row: checked, repeated, joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina import _check, _core
from lamina._check import Shape


def check_masks(who: str, x: Sequence[Any], masks: Sequence[Any]) -> None:
    """Raise ValueError unless every mask has the leading axes of its input."""
    for place, (tensor, mask) in enumerate(zip(x, masks, strict=True)):
        if mask is not None and tuple(mask.shape) != tuple(tensor.shape)[: len(mask.shape)]:
            raise ValueError(
                f"{who}: a mask must have the leading axes of its input; got "
                f"{_check.show_shape(tuple(mask.shape))} for input {place}, "
                f"{_check.show_shape(tuple(tensor.shape))}"
            )


def check_steps(who: str, x: Any, mask: Any, inner: bool = False) -> None:
    """Raise ValueError unless a mask is one truth value a step, or, with ``inner``, begins so."""
    if mask is None:
        return
    shape, needed = tuple(mask.shape), tuple(x.shape)[:1]
    if (shape[:1] if inner else shape) != needed:
        raise ValueError(
            f"{who}: mask has shape {_check.show_shape(shape)}; input of shape "
            f"{_check.show_shape(tuple(x.shape))} needs {_check.show_shape(needed)}, one truth "
            f"value a step"
        )


def trailing_ones(graph: _core.Graph, mask: _core.Tensor, rank: int) -> _core.Tensor:
    """Return the mask with axes of size 1 behind, to ``rank`` axes."""
    shape = tuple(mask.shape)
    return mask if len(shape) == rank else graph.reshape(mask, shape + (1,) * (rank - len(shape)))


def spread(graph: _core.Graph, mask: _core.Tensor, shape: Shape, who: str) -> _core.Tensor:
    """Return the mask repeated to ``shape``, behind its own axes and along those of size 1."""
    if tuple(mask.shape) == tuple(shape):
        return mask
    mask = trailing_ones(graph, mask, len(shape))
    return graph.join_masks([mask], [shape], name=f"{who}/mask")


def union(graph: _core.Graph, masks: Sequence[Any], who: str) -> _core.Tensor:
    """Return where any of the masks, all over leading axes of one shape, is true."""
    shape = max((tuple(m.shape) for m in masks), key=len)
    same = [trailing_ones(graph, m, len(shape)) for m in masks]
    return graph.join_masks(same, [shape] * len(masks), name=f"{who}/mask")
