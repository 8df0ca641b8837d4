"""Losses for numbers and directions as functions of tensors."""

from __future__ import annotations

import math
from typing import Any

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina.losses._shapes import EPSILON, together

__all__ = [
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]


@operation
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean((y_true - y_pred) ** 2)`` over the last axis.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]])
    array([2.5], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return ops.mean(ops.square(true - pred), axis=-1)


@operation
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(|y_true - y_pred|)`` over the last axis.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]])
    array([1.5], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return ops.mean(ops.absolute(true - pred), axis=-1)


@operation
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Return ``100 * mean(|y_true - y_pred| / |y_true|)`` over the last axis.

    The divisor is at least 1e-7.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.mean_absolute_percentage_error([[1.0, 2.0]], [[1.5, 1.0]])
    array([50.], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    shares = ops.absolute((true - pred) / ops.maximum(ops.absolute(true), EPSILON))
    return 100.0 * ops.mean(shares, axis=-1)


@operation
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean((log(y_true + 1) - log(y_pred + 1)) ** 2)`` over the last axis.

    Targets and predictions below 1e-7 count as 1e-7.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.mean_squared_logarithmic_error([[1.0, 2.0]], [[1.5, 1.0]]).round(4)
    array([0.1071], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    ratio = ops.log(ops.maximum(pred, EPSILON) + 1.0) - ops.log(ops.maximum(true, EPSILON) + 1.0)
    return ops.mean(ops.square(ratio), axis=-1)


@operation
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Return Huber's loss, ``mean(h(y_true - y_pred))`` over the last axis.

    ``h(e)`` is ``e**2 / 2`` for ``|e| <= delta``, and beyond that the straight line
    ``delta * |e| - delta**2 / 2`` (Huber 1964, "Robust estimation of a location parameter").

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.
    delta : float, default 1.0
        The size of errors from which the loss grows linearly.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.huber([[1.0, 2.0]], [[1.5, 1.0]]).round(4)
    array([0.3125], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    error = pred - true
    size = ops.absolute(error)
    line = ops.multiply(delta, size - 0.5 * delta)
    return ops.mean(ops.where(size <= delta, 0.5 * ops.square(error), line), axis=-1)


@operation
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(log(cosh(y_pred - y_true)))`` over the last axis.

    About ``e**2 / 2`` for small errors ``e`` and ``|e| - log(2)`` for large ones.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.log_cosh([[1.0, 2.0]], [[1.5, 1.0]]).round(4)
    array([0.2769], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    error = pred - true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)


@operation
def poisson(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(y_pred - y_true * log(y_pred))`` over the last axis.

    This is minus the log-likelihood of counts with means `y_pred`, without the term that does not
    depend on them.  1e-7 is added to the argument of the logarithm.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets: counts.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predicted means, positive.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row, and of each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.poisson([[1.0, 2.0]], [[1.5, 1.0]]).round(4)
    array([1.0473], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return ops.mean(pred - true * ops.log(pred + EPSILON), axis=-1)


@operation
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Return minus the cosine of the angle between `y_true` and `y_pred` along an axis.

    ``-sum(y_true * y_pred) / (|y_true| * |y_pred|)``: -1 if both have the same direction, 0 if they
    are orthogonal, 1 if they are opposite.  Norms are at least 1e-6.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.
    axis : int, default -1
        The axis of the vectors.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row or position: the shape of `y_pred` without `axis`.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.cosine_similarity([[0.0, 2.0]], [[1.0, 1.0]]).round(4)
    array([-0.7071], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return -ops.sum(_unit(true, axis) * _unit(pred, axis), axis=axis)


def _unit(x: Any, axis: int) -> Any:
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))
