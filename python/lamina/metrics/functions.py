"""Metrics as functions of tensors or arrays, under Keras's names: one value per row or position."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.losses._shapes import together

__all__ = [
    "accuracy", "binary_accuracy", "categorical_accuracy", "concordance_correlation",
    "pearson_correlation", "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]  # fmt: skip


@operation
def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return 1 where ``y_true == y_pred``, otherwise 0.

    Parameters
    ----------
    y_true : tensor or array_like
        Targets.
    y_pred : tensor or array_like
        Predictions of the same shape.

    Returns
    -------
    tensor or ndarray
        0 or 1 for each element.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina.metrics import functions
    >>> functions.accuracy([[0, 1, 2]], [[0, 1, 1]])
    array([[1., 1., 0.]], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return ops.cast(ops.equal(true, pred), "float32")


@operation
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Return 1 where ``y_pred > threshold`` agrees with the target, otherwise 0.

    Parameters
    ----------
    y_true : tensor or array_like
        Targets, 0 or 1.
    y_pred : tensor or array_like
        Probabilities, of the same shape.
    threshold : float, default 0.5
        Predictions above it count as 1.

    Returns
    -------
    tensor or ndarray
        0 or 1 for each element.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.binary_accuracy([[1.0, 0.0]], [[0.7, 0.6]])
    array([[1., 0.]], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    return ops.cast(ops.equal(true, ops.cast(pred > threshold, "float32")), "float32")


@operation
def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return 1 where the largest prediction is that of the target's class, otherwise 0.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., classes)
        Targets: one-hot rows, or scores whose largest is the class.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities or other scores.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        0 or 1 for each row, and for each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.categorical_accuracy([[0, 1, 0]], [[0.2, 0.7, 0.1]])
    array([1.], dtype=float32)
    """
    return _right(ops.argmax(given(y_true), axis=-1), y_pred)


@operation
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return 1 where the largest prediction is that of the class of the label, otherwise 0.

    Parameters
    ----------
    y_true : tensor or array_like of int, shape (rows, ...) or (rows, ..., 1)
        Labels, from 0 to ``classes - 1``.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities or other scores.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        0 or 1 for each row, and for each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.sparse_categorical_accuracy([1], [[0.2, 0.7, 0.1]])
    array([1.], dtype=float32)
    """
    return _right(_labels(y_true, y_pred), y_pred)


def _right(labels: Any, y_pred: Any) -> Any:
    return ops.cast(ops.equal(labels, ops.argmax(given(y_pred), axis=-1)), "float32")


def _labels(y_true: Any, y_pred: Any) -> Any:
    labels = ops.cast(given(y_true), "int32")
    alike = labels.ndim == given(y_pred).ndim and labels.shape[-1] == 1
    return ops.squeeze(labels, -1) if alike else labels


@operation
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Return 1 where fewer than k predictions exceed that of the target's class, otherwise 0.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., classes)
        Targets: one-hot rows, or scores whose largest is the class.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities or other scores.
    k : int, default 5
        The number of largest predictions.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        0 or 1 for each row, and for each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.top_k_categorical_accuracy([[0, 1, 0]], [[0.2, 0.3, 0.5]], k=2)
    array([1.], dtype=float32)
    """
    return _among(ops.argmax(given(y_true), axis=-1), y_pred, k)


@operation
def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """Return 1 where fewer than k predictions exceed that of the label's class, otherwise 0.

    Parameters
    ----------
    y_true : tensor or array_like of int, shape (rows, ...) or (rows, ..., 1)
        Labels, from 0 to ``classes - 1``.
    y_pred : tensor or array_like of shape (rows, ..., classes)
        Probabilities or other scores.
    k : int, default 5
        The number of largest predictions.
    from_sorted_ids : bool, default False
        Whether `y_pred` holds classes, the most probable first, rather than scores.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        0 or 1 for each row, and for each position if there are axes between the first and the last.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.sparse_top_k_categorical_accuracy([1], [[0.2, 0.3, 0.5]], k=2)
    array([1.], dtype=float32)
    >>> metrics.sparse_top_k_categorical_accuracy([1], [[2, 1, 0]], k=2, from_sorted_ids=True)
    array([1.], dtype=float32)
    """
    labels = _labels(y_true, y_pred)
    if from_sorted_ids:
        first = ops.cast(given(y_pred)[..., :k], "int32")
        found = ops.any(ops.equal(ops.expand_dims(labels, -1), first), axis=-1)
        return ops.cast(found, "float32")
    return _among(labels, y_pred, k)


def _among(labels: Any, y_pred: Any, k: int) -> Any:
    pred = ops.cast(given(y_pred), "float32")
    own = ops.take_along_axis(pred, ops.expand_dims(labels, -1), axis=-1)
    better = ops.sum(ops.cast(pred > own, "float32"), axis=-1)
    return ops.cast(ops.logical_and(better < float(k), own[..., 0] == own[..., 0]), "float32")


@operation
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Return Pearson's correlation, ``cov(y_true, y_pred) / (sd(y_true) * sd(y_pred))``.

    It is NaN where one of them is constant.

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.
    axis : int, default -1
        The axis along which the values are compared.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The coefficient of each row or position, in [-1, 1]: the shape of `y_pred` without `axis`.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.pearson_correlation([[1.0, 2.0, 3.0]], [[1.0, 2.0, 4.0]]).round(4)
    array([0.982], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    true, pred = _centred(true, axis), _centred(pred, axis)
    true = true / ops.sqrt(ops.mean(ops.square(true), axis=axis, keepdims=True))
    pred = pred / ops.sqrt(ops.mean(ops.square(pred), axis=axis, keepdims=True))
    return ops.mean(true * pred, axis=axis)


@operation
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Return the concordance correlation of Lin (1989).

    ``2 * cov / (var_true + var_pred + (mean_true - mean_pred)**2)``, with variances divided by the
    number of values and 1e-7 added to the divisor: 1 only if both are equal ("A concordance
    correlation coefficient to evaluate reproducibility").

    Parameters
    ----------
    y_true : tensor or array_like of shape (rows, ..., outputs)
        Targets.
    y_pred : tensor or array_like of shape (rows, ..., outputs)
        Predictions.
    axis : int, default -1
        The axis along which the values are compared.

    Returns
    -------
    tensor or ndarray of shape (rows, ...)
        The coefficient of each row or position, in [-1, 1]: the shape of `y_pred` without `axis`.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.concordance_correlation([[1.0, 2.0, 3.0]], [[1.0, 2.0, 4.0]]).round(4)
    array([0.8571], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    true_mean, pred_mean = ops.mean(true, axis=axis), ops.mean(pred, axis=axis)
    true, pred = _centred(true, axis), _centred(pred, axis)
    spread = ops.mean(ops.square(true), axis=axis) + ops.mean(ops.square(pred), axis=axis)
    apart = spread + ops.square(true_mean - pred_mean)
    return 2.0 * ops.mean(true * pred, axis=axis) / (apart + 1e-7)


def _centred(x: Any, axis: int) -> Any:
    return x - ops.mean(x, axis=axis, keepdims=True)
