"""Attention: averages of values, weighted by how well their keys match a query."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina import _check
from lamina._tensors.dispatch import operation
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import converted, floats
from lamina.ops._numbers import real
from lamina.ops.arithmetic import add, divide, multiply
from lamina.ops.comparisons import where
from lamina.ops.core import shape
from lamina.ops.products import matrices
from lamina.ops.shaping import expand_dims, reshape, transpose
from lamina.ops.simplex import softmax
from lamina.ops.trigonometry import tanh

__all__ = ["dot_product_attention"]


@operation
def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: Any = None,
    is_causal: bool = False, flash_attention: Any = None, attn_logits_soft_cap: Any = None,
) -> Any:  # fmt: skip
    """Return for each query the mean of the values, weighted by ``softmax(query . key * scale)``.

    Parameters
    ----------
    query : tensor or array_like, shape (n, targets, heads, size)
    key, value : tensor or array_like, shape (n, sources, key heads, size)
        If there are fewer key heads, groups of heads share a key head.
    bias : tensor or array_like, optional
        Added to the products; broadcasts to (n, heads, targets, sources).
    mask : tensor or array_like of bool, optional
        The sources that count for each target; broadcasts like ``bias``.
    scale : float, optional
        By default 1 / sqrt(size).
    is_causal : bool, default False
        Whether a target only sees the sources up to its own position.
    flash_attention : bool, optional
        Has no effect.
    attn_logits_soft_cap : float, optional
        A bound c for the products, which become c tanh(product / c).

    Examples
    --------
    >>> from lamina import ops
    >>> key = ops.reshape([10.0, 0.0], (1, 2, 1, 1))
    >>> value = [[[[5.0]], [[7.0]]]]
    >>> ops.dot_product_attention(key, key, value).round(4)[0, :, 0, 0]
    array([5., 6.], dtype=float32)
    >>> ops.dot_product_attention(key[:, :1], key, value, is_causal=True)[0, :, 0, 0]
    array([5.], dtype=float32)
    """
    if flash_attention is not None:
        _check.boolean("dot_product_attention", "flash_attention", flash_attention, numbers=True)
    q, k, v = floats(query), floats(key), floats(value)
    if not (
        q.ndim == k.ndim == v.ndim == 4
        and k.shape[:3] == v.shape[:3]
        and q.shape[3] == k.shape[3]
        and k.shape[2]
        and q.shape[2] % k.shape[2] == 0
    ):
        raise ValueError(
            f"dot_product_attention: needs query (n, targets, heads, size) and key and value (n, "
            f"sources, key heads, size), whose heads divide those of the query; got {shown(q)}, "
            f"{shown(k)} and {shown(v)}"
        )
    targets, heads, size = q.shape[1:]
    sources, groups = k.shape[1], k.shape[2]
    shared = heads // groups
    # (n, key heads, heads of a group x targets, size): one product for each key head.
    q = reshape(q, (shape(q)[0], targets, groups, shared, size))
    q = reshape(transpose(q, (0, 2, 3, 1, 4)), (shape(q)[0], groups, shared * targets, size))
    k, v = transpose(k, (0, 2, 1, 3)), transpose(v, (0, 2, 1, 3))
    q = multiply(q, float(1.0 / math.sqrt(size)) if scale is None else scale)
    logits = reshape(matrices(q, k, transpose_b=True), (shape(q)[0], heads, targets, sources))
    weights = softmax(_limited(logits, bias, mask, is_causal, attn_logits_soft_cap))
    weights = reshape(weights, (shape(q)[0], groups, shared * targets, sources))
    y = reshape(matrices(weights, v), (shape(q)[0], heads, targets, v.shape[3]))
    return transpose(y, (0, 2, 1, 3))


def _limited(logits: Tensor, bias: Any, mask: Any, is_causal: bool, cap: Any) -> Any:
    if cap is not None:
        cap = real("dot_product_attention", "attn_logits_soft_cap", cap)
        logits = multiply(tanh(divide(logits, cap)), cap)
    if bias is not None:
        logits = add(logits, _four_axes(floats(bias), logits))
    lowest = 0.7 * float(np.finfo(logits.dtype).min)
    if mask is not None:
        logits = where(_four_axes(converted(mask, "bool"), logits), logits, lowest)
    if is_causal:
        seen = np.tri(*logits.shape[2:], dtype=np.bool_)
        logits = where(seen, logits, lowest)
    return logits


def _four_axes(x: Tensor, logits: Tensor) -> Tensor:
    """Return a bias or mask with missing axes of heads or targets inserted."""
    while x.ndim < 4 and (x.rows or x.ndim == 3):
        heads = x.ndim == 3 and x.shape[1] == logits.shape[1] != logits.shape[2]
        x = expand_dims(x, 2 if heads else 1)
    return x
