"""Code shared by the attention layers: masks, and weighted sums of values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import ops
from lamina._tensors.given import given, record
from lamina.layers.base import called

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

LARGE = 0.7 * float(np.finfo(np.float32).max)  # far from any score, and finite


def masked(scores: Any, mask: Any) -> Any:
    """Return scores for which the softmax is 0 where the mask is false."""
    return scores if mask is None else ops.where(mask, scores, -LARGE)


def attend(
    query: Any, key: Any, value: Any, mask: Any, dropout: Callable[[Any], Any] | None, zeros: bool
) -> tuple[Any, Any]:
    """Return the attention outputs and the weights of the values.

    Parameters
    ----------
    query : Tensor of shape (rows, ..., T, K)
        Already scaled.
    key : Tensor of shape (rows, ..., S, K)
    value : Tensor of shape (rows, ..., S, V)
    mask : Tensor or None
        Boolean, broadcast to (rows, ..., T, S).
    dropout : callable or None
        Applied to the weights before they multiply the values.
    zeros : bool
        Whether the output is 0 for a query whose values are all hidden; otherwise it is the mean of
        all values.

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

    With ``before`` it is the band of positions less than that far apart, on both sides.
    """
    apart = np.arange(queries)[:, None] - np.arange(keys)
    return np.abs(apart) < before if before else apart >= 0


def joined(*masks: Any) -> Any:
    """Return where all masks are true; None means true everywhere."""
    result = None
    for each in masks:
        if each is not None:
            mask = ops.cast(given(each), "bool")
            result = mask if result is None else ops.logical_and(result, mask)
    return result


def of_positions(
    query_mask: Any, value_mask: Any, key_mask: Any, attention_mask: Any, positions: Any
) -> Any:
    """Return the mask of pairs (rows, T, S) implied by masks of single positions.

    ``positions`` already is such a mask, without rows, or None.
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
    """Return the positions (T, S) visible under a sliding window and causality, or None for all."""
    queries, keys = given(query).shape[axis], given(value).shape[axis]
    band = None if size is None else causal(queries, keys, size)
    if not use_causal_mask:
        return band
    return causal(queries, keys) if band is None else causal(queries, keys) & band


def shared_settings(layer: Any) -> dict[str, Any]:
    """Return a layer's settings for the weights of all its projections."""
    names = ("initializer", "regularizer", "constraint")
    return {f"{w}_{n}": getattr(layer, f"{w}_{n}") for w in ("kernel", "bias") for n in names}


def output_shape_of(layer: Layer, *shapes: Any) -> Any:
    """Return the shape of the output; omitted arguments have None in place of a shape."""
    return called.output_shape(layer, *(shape for shape in shapes if shape is not None))
