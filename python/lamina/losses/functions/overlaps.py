"""Losses for overlaps as functions of tensors, over all elements or some axes."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina.losses._shapes import EPSILON, together

__all__ = ["dice", "tversky"]


@operation
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """Return one minus Dice's coefficient, ``1 - 2 * sum(y * p) / (sum(y) + sum(p))``.

    1e-7 is added to the divisor.

    Parameters
    ----------
    y_true : tensor or array_like
        Targets, in [0, 1].
    y_pred : tensor or array_like
        Probabilities, of the shape of `y_true`.
    axis : int or tuple of int, optional
        The axes to sum over, including that of the rows; by default all.

    Returns
    -------
    tensor or ndarray
        One number, or an array with the axes that `axis` leaves.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.dice([[0, 1, 1], [1, 0, 0]], [[0.2, 0.7, 0.4], [0.6, 0.1, 0.3]], axis=-1).round(4)
    array([0.3333, 0.4   ], dtype=float32)
    """
    true, pred = together(y_true, y_pred, aligned=False)
    total = ops.sum(true, axis=axis) + ops.sum(pred, axis=axis) + EPSILON
    return 1.0 - 2.0 * ops.sum(true * pred, axis=axis) / total


@operation
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """Return one minus Tversky's index, ``both / (both + alpha * missed + beta * surplus)``.

    ``both`` is ``sum(y * p)``, ``missed`` is ``sum(y * (1 - p))`` and ``surplus`` is
    ``sum((1 - y) * p)``.  1e-7 is added to the divisor.  With the defaults the index is Dice's
    coefficient (Salehi et al. 2017, https://arxiv.org/abs/1706.05721).

    Parameters
    ----------
    y_true : tensor or array_like
        Targets, in [0, 1].
    y_pred : tensor or array_like
        Probabilities, of the shape of `y_true`.
    alpha, beta : float, default 0.5
        Weights of false negatives and of false positives.
    axis : int or tuple of int, optional
        The axes to sum over, including that of the rows; by default all.

    Returns
    -------
    tensor or ndarray
        One number, or an array with the axes that `axis` leaves.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> round(float(losses.tversky([[0, 1, 1]], [[0.2, 0.7, 0.4]], alpha=0.7, beta=0.3)), 4)
    0.3855
    """
    true, pred = together(y_true, y_pred, aligned=False)
    both = ops.sum(true * pred, axis=axis)
    missed = ops.sum((1.0 - pred) * true, axis=axis)
    surplus = ops.sum(pred * (1.0 - true), axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * surplus + EPSILON)
