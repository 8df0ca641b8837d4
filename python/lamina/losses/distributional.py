"""Losses for predicted distributions as functions of tensors, one value per row or position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.losses._shapes import together

__all__ = ["gaussian_nll", "pinball"]


@operation
def gaussian_nll(
    y_true: Any, y_pred: Any, predicts: str = "variance", full: bool = False, epsilon: float = 1e-6
) -> Any:
    """Return ``mean((log v + (y - m)**2 / v) / 2)`` over the outputs, of means m and variances v.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
    y_pred : tensor or array_like of shape (rows, ..., 2 * outputs)
        The means, then the variances or their logarithms.
    predicts : {"variance", "log_variance"}, default "variance"
        The content of the second half.
    full : bool, default False
        Whether the constant, ``log(2 pi) / 2``, is added.
    epsilon : float, default 1e-6
        Lower bound of the variance.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If `y_pred` does not have twice as many columns as `y_true`.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.gaussian_nll([[1.0]], [[0.0, 1.0]])
    array([0.5], dtype=float32)
    """
    pred, true = ops.cast(given(y_pred), "float32"), ops.cast(given(y_true), "float32")
    if true.ndim < pred.ndim:
        true = ops.expand_dims(true, -1)
    outputs = true.shape[-1]
    if pred.shape[-1] != 2 * outputs:
        raise ValueError(
            f"gaussian_nll: predictions need a mean and a variance for each of {outputs} outputs, "
            f"{2 * outputs} columns; got {pred.shape[-1]}"
        )
    mean, spread = pred[..., :outputs], pred[..., outputs:]
    if predicts == "log_variance":
        spread = ops.maximum(spread, math.log(epsilon))
        values = spread + ops.square(true - mean) * ops.exp(-spread)
    else:
        spread = ops.maximum(spread, epsilon)
        values = ops.log(spread) + ops.square(true - mean) / spread
    return ops.mean(0.5 * values, axis=-1) + (0.5 * math.log(2.0 * math.pi) if full else 0.0)


@operation
def pinball(y_true: Any, y_pred: Any, quantiles: float | Sequence[float] = 0.5) -> Any:
    """Return ``mean(max(q e, (q - 1) e))`` over the last axis, ``e = y - p``.

    Koenker and Bassett 1978, "Regression quantiles": it is smallest where p is the q-quantile of y.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ...)
    y_pred : tensor or array_like
        For one quantile in the shape of the targets; for several with the quantiles along the last
        axis.
    quantiles : float or sequence of float, default 0.5
        Each in (0, 1).

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not fit, or predictions have another number of columns than quantiles.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.pinball([[1.0]], [[0.0, 2.0]], quantiles=[0.1, 0.9]).round(6)
    array([0.1], dtype=float32)
    """
    share = np.asarray(quantiles, "float32")
    true, pred = together(y_true, y_pred, aligned=share.ndim == 0)
    if share.ndim == 0:
        error, q = true - pred, float(quantiles)  # type: ignore[arg-type]
        return ops.mean(ops.maximum(q * error, (q - 1.0) * error), axis=-1)
    if pred.shape[-1] != len(share):
        raise ValueError(
            f"pinball: predictions need a column for each of {len(share)} quantiles; "
            f"got {pred.shape[-1]}"
        )
    error = (ops.expand_dims(true, -1) if true.ndim < pred.ndim else true) - pred
    return ops.mean(ops.maximum(share * error, (share - 1.0) * error), axis=-1)
