"""Cross-entropies of single elements and of classes, on tensors; exact where logits are given."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina.losses._shapes import EPSILON


def binary(true: Any, pred: Any, from_logits: bool = False) -> Any:
    """Return ``-y log p - (1 - y) log(1 - p)`` of each element."""
    if from_logits:
        return ops.relu(pred) - pred * true + ops.softplus(-ops.absolute(pred))
    pred = ops.clip(pred, EPSILON, 1.0 - EPSILON)
    return -(true * ops.log(pred) + (1.0 - true) * ops.log(1.0 - pred))


def categorical(true: Any, pred: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Return ``-sum(y log p)`` along an axis."""
    if from_logits:
        return -ops.sum(true * ops.log_softmax(pred, axis=axis), axis=axis)
    share = pred / ops.sum(pred, axis=axis, keepdims=True)
    share = ops.clip(share, EPSILON, 1.0 - EPSILON)
    return -ops.sum(true * ops.log(share), axis=axis)
