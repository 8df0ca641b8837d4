"""Hinge losses as functions of tensors."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina.losses._shapes import together

__all__ = ["categorical_hinge", "hinge", "squared_hinge"]


@operation
def hinge(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(max(1 - y_true * y_pred, 0))`` over the last axis.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets: -1 and 1, or 0 and 1; if all are 0 or 1, zeros are treated as -1.
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
    >>> losses.hinge([[1, -1]], [[0.5, 0.25]])
    array([0.875], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signs(true) * pred, 0.0), axis=-1)


@operation
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(max(1 - y_true * y_pred, 0) ** 2)`` over the last axis.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets: -1 and 1, or 0 and 1; if all are 0 or 1, zeros are treated as -1.
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
    >>> losses.squared_hinge([[1, -1]], [[0.5, 0.5]])
    array([1.25], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signs(true) * pred, 0.0)), axis=-1)


def _signs(true: Any) -> Any:
    binary = ops.all(ops.logical_or(ops.equal(true, 0.0), ops.equal(true, 1.0)))
    return ops.where(binary, 2.0 * true - 1.0, true)


@operation
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """Return ``max(max((1 - y_true) * y_pred) - sum(y_true * y_pred) + 1, 0)`` over the last axis.

    It is 0 if the score of the right class exceeds every other score by at least 1.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets: one-hot rows.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Scores of the classes.

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
    >>> losses.categorical_hinge([[0, 1, 0]], [[0.2, 0.7, 0.1]])
    array([0.5], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    right = ops.sum(true * pred, axis=-1)
    wrong = ops.max((1.0 - true) * pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)
