"""Losses for predicted probabilities of classes as functions of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.losses._shapes import EPSILON, together

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "kl_divergence",
    "sparse_categorical_crossentropy",
]


@operation
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Return ``sum(y_true * log(y_true / y_pred))`` over the last axis.

    This is the Kullback-Leibler divergence of two distributions.  Both are kept within [1e-7, 1].

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets: probabilities.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predicted probabilities.

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
    >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    array([0.1438], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    true, pred = ops.clip(true, EPSILON, 1.0), ops.clip(pred, EPSILON, 1.0)
    return ops.sum(true * ops.log(true / pred), axis=-1)


@operation
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Return ``mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred))`` over an axis.

    Probabilities are kept at least 1e-7 away from 0 and 1.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets, in [0, 1].
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Probabilities, or log-odds.
    from_logits : bool, default False
        Whether `y_pred` holds log-odds, the inputs of the sigmoid, rather than probabilities.
    label_smoothing : float, default 0.0
        In [0, 1]; with s, targets become ``y * (1 - s) + s / 2``.
    axis : int, default -1
        The axis over which the mean is taken.

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
    >>> losses.binary_crossentropy([[0.0, 1.0, 1.0]], [[0.2, 0.7, 0.4]]).round(4)
    array([0.4987], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    true = _smoothed(true, label_smoothing, 2)
    values = ops.binary_crossentropy(true, pred, from_logits=from_logits)
    return ops.mean(values, axis=axis)


@operation
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Return ``-sum(y_true * log(y_pred))`` over the classes.

    Probabilities are first divided by their sum and kept at least 1e-7 away from 0 and 1.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., classes)
        Targets: probabilities of the classes, such as one-hot rows.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities, or logits.
    from_logits : bool, default False
        Whether `y_pred` holds logits, the inputs of the softmax, rather than probabilities.
    label_smoothing : float, default 0.0
        In [0, 1]; with s, targets become ``y * (1 - s) + s / classes``.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row or position: the shape of `y_pred` without `axis`.

    Raises
    ------
    ValueError
        If the shapes differ.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.categorical_crossentropy([[0.0, 1.0, 0.0]], [[0.2, 0.7, 0.1]]).round(4)
    array([0.3567], dtype=float32)
    """
    true, pred = together(y_true, y_pred, aligned=False)
    true = _smoothed(true, label_smoothing, true.shape[axis])
    return ops.categorical_crossentropy(true, pred, from_logits=from_logits, axis=axis)


@operation
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Return ``-log(p)``, where p is the predicted probability of the class that the label names.

    Probabilities are first divided by their sum and kept at least 1e-7 away from 0 and 1.

    Parameters
    ----------
    y_true : tensor or array_like of int, shape (rows, ...) or (rows, ..., 1)
        Labels, from 0 to ``classes - 1``.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities, or logits.
    from_logits : bool, default False
        Whether `y_pred` holds logits, the inputs of the softmax, rather than probabilities.
    ignore_class : int, optional
        A label of positions that do not count: their loss is 0, and means leave them out.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row or position: the shape of `y_pred` without `axis`.

    Raises
    ------
    ValueError
        If the labels do not have the shape of the predictions without the classes.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.sparse_categorical_crossentropy([1], [[0.2, 0.7, 0.1]]).round(4)
    array([0.3567], dtype=float32)
    """
    true, pred = ops.cast(given(y_true), "int32"), ops.cast(given(y_pred), "float32")
    if true.ndim == pred.ndim and true.shape[axis] == 1:
        true = ops.squeeze(true, axis)
    values = ops.sparse_categorical_crossentropy(true, pred, from_logits=from_logits, axis=axis)
    if ignore_class is None:
        return values
    values = ops.where(true == ignore_class, 0.0, values)
    values.mask = ops.not_equal(true, ignore_class)
    return values


@operation
def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25,
    gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Return the binary cross-entropy times ``(1 - p)**gamma``, as a mean over an axis.

    p is the predicted probability of the right one of the two classes: rows that are predicted well
    count less (Lin et al. 2018, https://arxiv.org/abs/1708.02002).

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets, in [0, 1].
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Probabilities, or log-odds.
    apply_class_balancing : bool, default False
        Whether ones are weighted by `alpha` and zeros by ``1 - alpha``.
    alpha : float, default 0.25
        The weight of ones.
    gamma : float, default 2.0
        At least 0; with 0 the loss is the binary cross-entropy.
    from_logits : bool, default False
        Whether `y_pred` holds log-odds, the inputs of the sigmoid, rather than probabilities.
    label_smoothing : float, default 0.0
        In [0, 1]; with s, targets become ``y * (1 - s) + s / 2``.
    axis : int, default -1
        The axis over which the mean is taken.

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
    >>> losses.binary_focal_crossentropy([[0, 1, 1]], [[0.2, 0.7, 0.4]]).round(4)
    array([0.1236], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    true = _smoothed(true, label_smoothing, 2)
    if from_logits:
        pred = ops.sigmoid(pred)
    right = true * pred + (1.0 - true) * (1.0 - pred)
    values = ops.power(1.0 - right, gamma) * ops.binary_crossentropy(true, pred)
    if apply_class_balancing:
        values = (true * alpha + (1.0 - true) * (1.0 - alpha)) * values
    return ops.mean(values, axis=axis)


@operation
def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Return ``-sum(alpha * y_true * (1 - y_pred)**gamma * log(y_pred))`` over the classes.

    Rows that are predicted well count less than in the cross-entropy (Lin et al. 2018,
    https://arxiv.org/abs/1708.02002).

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., classes)
        Targets: probabilities of the classes, such as one-hot rows.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities, or logits.
    alpha : float or array_like of shape (classes,), default 0.25
        A factor, or one for each class.
    gamma : float, default 2.0
        At least 0; with 0 the loss is the cross-entropy, times `alpha`.
    from_logits : bool, default False
        Whether `y_pred` holds logits, the inputs of the softmax, rather than probabilities.
    label_smoothing : float, default 0.0
        In [0, 1]; with s, targets become ``y * (1 - s) + s / classes``.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row or position: the shape of `y_pred` without `axis`.

    Raises
    ------
    ValueError
        If the shapes do not broadcast, or `alpha` has another number of values than there are
        classes.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.categorical_focal_crossentropy([[0, 1, 0]], [[0.2, 0.7, 0.1]]).round(4)
    array([0.008], dtype=float32)
    >>> y, p = [[0, 1, 0], [1, 0, 0]], [[0.2, 0.7, 0.1], [0.2, 0.7, 0.1]]
    >>> losses.categorical_focal_crossentropy(y, p, alpha=[0.5, 0.25, 1.0]).round(4)
    array([0.008, 0.515], dtype=float32)
    """
    true, pred = together(y_true, y_pred, aligned=False)
    alpha = _along(alpha, pred.shape, axis)
    true = _smoothed(true, label_smoothing, true.shape[axis])
    if from_logits:
        pred = ops.softmax(pred, axis=axis)
    share = ops.clip(pred / ops.sum(pred, axis=axis, keepdims=True), EPSILON, 1.0 - EPSILON)
    return ops.sum(alpha * ops.power(1.0 - share, gamma) * (-true * ops.log(share)), axis=axis)


@operation
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """Return ``(1 - p**q) / q``, where p is the predicted probability of the class of the label.

    For q near 0 it is the cross-entropy, and for ``q = 1`` it is ``1 - p``: the larger q, the less
    wrong labels matter (Zhang and Sabuncu 2018, https://arxiv.org/abs/1805.07836).

    Parameters
    ----------
    y_true : tensor or array_like of int, shape (rows, ...)
        Labels, from 0 to ``classes - 1``.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities.
    q : float
        In (0, 1].

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The loss of each row or position.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.categorical_generalized_cross_entropy([1], [[0.2, 0.7, 0.1]], q=0.7).round(4)
    array([0.3156], dtype=float32)
    """
    pred = ops.cast(y_pred, "float32")
    labels = ops.one_hot(ops.cast(y_true, "int32"), pred.shape[-1], dtype="float32")
    right = ops.sum(pred * labels, axis=-1)
    return (1.0 - ops.power(right, q)) / q


def _along(alpha: Any, shape: Any, axis: int) -> Any:
    """Return numbers, one for each class, as an array that meets the classes of predictions."""
    if not np.ndim(alpha):
        return alpha
    if np.shape(alpha) != (shape[axis],):
        raise ValueError(
            f"categorical_focal_crossentropy: alpha must be a number, or one for each of "
            f"{shape[axis]} classes; got shape {np.shape(alpha)}"
        )
    placed = [1] * len(shape)
    placed[axis] = -1
    return np.reshape(alpha, placed).astype(np.float32)


def _smoothed(true: Any, share: float, classes: int) -> Any:
    return true * (1.0 - share) + share / classes if share else true
