"""Matching targets to predictions: the same type and the same number of axes."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina._tensors.given import given

EPSILON = 1e-7  # Keras's bound that keeps probabilities and norms away from 0


def together(y_true: Any, y_pred: Any, *, aligned: bool = True) -> tuple[Any, Any]:
    """Return both as tensors of floats; a surplus last axis of size 1 is aligned."""
    pred = ops.cast(given(y_pred), "float32")
    true = ops.cast(given(y_true), "float32")
    return same_rank(true, pred) if aligned else (true, pred)


def same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two tensors, one of which may have lost or gained a last axis of size 1."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, ops.expand_dims(b, -1)) if b.ndim == 1 else (ops.squeeze(a, -1), b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (ops.expand_dims(a, -1), b) if a.ndim == 1 else (a, ops.squeeze(b, -1))
    return a, b
