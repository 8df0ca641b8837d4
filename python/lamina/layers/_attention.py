"""What the attention layers share: masks, and the sums that scores weigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import ops
from lamina._tensors.given import given, record
from lamina.layers import called

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

LARGE = 0.7 * float(np.finfo(np.float32).max)  # far below any score, and no infinity


def masked(scores: Any, mask: Any) -> Any:
    """Return scores that the softmax makes 0 of where the mask is false."""
    return scores if mask is None else ops.where(mask, scores, -LARGE)


def attend(
    query: Any, key: Any, value: Any, mask: Any, dropout: Callable[[Any], Any] | None, zeros: bool
) -> tuple[Any, Any]:
    """Return what queries find, and how they weigh the values.

    Parameters
    ----------
    query : Tensor of shape (rows, ..., T, K)
        Scaled already.
    key : Tensor of shape (rows, ..., S, K)
    value : Tensor of shape (rows, ..., S, V)
    mask : Tensor or None
        Of bool, to be broadcast to (rows, ..., T, S).
    dropout : callable or None
        What becomes of the weights on their way to the values.
    zeros : bool
        Whether a query that sees nothing finds 0; else it finds the mean of all values.

    Returns
    -------
    Tensor of shape (rows, ..., T, V)
    Tensor of shape (rows, ..., T, S)
    """
    scores = masked(record("matmul", query, key, transpose_b=True), mask)
    weights = ops.softmax(scores, axis=-1)
    if zeros and mask is not None:
        weights = ops.where(mask, weights, 0.0)
    kept = weights if dropout is None else dropout(weights)
    return ops.matmul(kept, value), weights


def causal(queries: int, keys: int, before: int = 0) -> Any:
    """Return a mask (queries, keys) by which a query sees keys up to its own position.

    With ``before`` it is the band of positions less than so far apart, on both sides.
    """
    apart = np.arange(queries)[:, None] - np.arange(keys)
    return np.abs(apart) < before if before else apart >= 0


def joined(*masks: Any) -> Any:
    """Return where all masks are true; None stands for one that is true everywhere."""
    result = None
    for each in masks:
        if each is not None:
            mask = ops.cast(given(each), "bool")
            result = mask if result is None else ops.logical_and(result, mask)
    return result


def of_positions(
    query_mask: Any, value_mask: Any, key_mask: Any, attention_mask: Any, positions: Any
) -> Any:
    """Return the mask of pairs (rows, T, S) that masks of single positions make.

    ``positions`` is one of them already, without rows, or None.
    """
    first = None if query_mask is None else ops.expand_dims(given(query_mask), -1)
    second, third = (
        None if mask is None else ops.expand_dims(given(mask), -2)
        for mask in (value_mask, key_mask)
    )
    if positions is not None:
        positions = positions[None]
    return joined(first, second, third, positions, attention_mask)


def window(query: Any, value: Any, size: int | None, use_causal_mask: bool, axis: int = 1) -> Any:
    """Return which positions (T, S) a sliding window and causality let see, or None for all."""
    queries, keys = given(query).shape[axis], given(value).shape[axis]
    band = None if size is None else causal(queries, keys, size)
    if not use_causal_mask:
        return band
    return causal(queries, keys) if band is None else causal(queries, keys) & band


def shared_settings(layer: Any) -> dict[str, Any]:
    """Return what a layer says of the weights of all its projections."""
    names = ("initializer", "regularizer", "constraint")
    return {f"{w}_{n}": getattr(layer, f"{w}_{n}") for w in ("kernel", "bias") for n in names}


def output_shape_of(layer: Layer, *shapes: Any) -> Any:
    """Return the shape of the output; an argument that is left out has None in place of one."""
    return called.output_shape(layer, *(shape for shape in shapes if shape is not None))
