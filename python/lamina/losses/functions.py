"""Losses as functions of tensors, under Keras's names, with one value per row or position.

They compute the same as the classes of the same names, on recorded tensors (in user-defined losses,
regularizers and layers), on symbolic tensors, and on arrays.
"""

from __future__ import annotations

import math
from typing import Any

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.losses._shapes import EPSILON, together

__all__ = [
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_generalized_cross_entropy", "categorical_hinge",
    "circle", "cosine_similarity", "ctc", "dice", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "sparse_categorical_crossentropy",
    "squared_hinge", "tversky",
]  # fmt: skip


# --- continuous outcomes


@operation
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean((y_true - y_pred) ** 2)`` over the last axis.

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
    """Return ``mean(|y_true - y_pred|)`` over the last axis."""
    true, pred = together(y_true, y_pred)
    return ops.mean(ops.absolute(true - pred), axis=-1)


@operation
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Return ``100 mean(|y_true - y_pred| / |y_true|)`` over the last axis.

    Targets are kept at least 1e-7 away from 0.
    """
    true, pred = together(y_true, y_pred)
    shares = ops.absolute((true - pred) / ops.maximum(ops.absolute(true), EPSILON))
    return 100.0 * ops.mean(shares, axis=-1)


@operation
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean((log(y_true + 1) - log(y_pred + 1)) ** 2)`` over the last axis.

    Values below 1e-7 count as 1e-7.
    """
    true, pred = together(y_true, y_pred)
    ratio = ops.log(ops.maximum(pred, EPSILON) + 1.0) - ops.log(ops.maximum(true, EPSILON) + 1.0)
    return ops.mean(ops.square(ratio), axis=-1)


@operation
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Return the mean over the last axis of ``e**2 / 2`` up to delta, a straight line beyond.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.huber([[1.0, 2.0]], [[1.5, 1.0]]).round(4)
    array([0.3125], dtype=float32)
    """
    true, pred = together(y_true, y_pred)
    error = pred - true
    size = ops.absolute(error)
    line = delta * size - 0.5 * delta * delta
    return ops.mean(ops.where(size <= delta, 0.5 * ops.square(error), line), axis=-1)


@operation
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(log(cosh(y_pred - y_true)))`` over the last axis."""
    true, pred = together(y_true, y_pred)
    error = pred - true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)


@operation
def poisson(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(y_pred - y_true log(y_pred))`` over the last axis."""
    true, pred = together(y_true, y_pred)
    return ops.mean(pred - true * ops.log(pred + EPSILON), axis=-1)


@operation
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Return minus the cosine of the angle between both along an axis: -1 if they agree."""
    true, pred = together(y_true, y_pred)
    return -ops.sum(_unit(true, axis) * _unit(pred, axis), axis=axis)


def _unit(x: Any, axis: int) -> Any:
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))


# --- margins


@operation
def hinge(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(max(1 - y_true y_pred, 0))`` over the last axis, for targets -1 and 1.

    If all targets are 0 or 1, zeros are treated as -1.
    """
    true, pred = together(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signs(true) * pred, 0.0), axis=-1)


@operation
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Return ``mean(max(1 - y_true y_pred, 0) ** 2)`` over the last axis; see ``hinge``."""
    true, pred = together(y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signs(true) * pred, 0.0)), axis=-1)


def _signs(true: Any) -> Any:
    binary = ops.all(ops.logical_or(ops.equal(true, 0.0), ops.equal(true, 1.0)))
    return ops.where(binary, 2.0 * true - 1.0, true)


@operation
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """Return ``max(max((1 - y_true) y_pred) - sum(y_true y_pred) + 1, 0)`` over the last axis."""
    true, pred = together(y_true, y_pred)
    right = ops.sum(true * pred, axis=-1)
    wrong = ops.max((1.0 - true) * pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


# --- probabilities


@operation
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Return ``sum(y_true log(y_true / y_pred))`` over the last axis.

    Both are kept within [1e-7, 1].

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
    """Return ``mean(-y log p - (1 - y) log(1 - p))`` over an axis.

    Parameters
    ----------
    y_true, y_pred : tensor or array_like
    from_logits : bool, default False
        Whether ``y_pred`` is that before the sigmoid.
    label_smoothing : float, default 0.0
        Targets become ``y * (1 - s) + s / 2``.
    axis : int, default -1

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
    """Return ``-sum(y log p)`` over an axis; see ``CategoricalCrossentropy``.

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
    """Return ``-log p`` of the class of each label; see ``SparseCategoricalCrossentropy``.

    Where the label is ``ignore_class`` the loss is 0, and means leave it out.

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
    """Return the binary cross-entropy times ``(1 - p)**gamma``, p that of the right class.

    Lin et al. 2018, https://arxiv.org/abs/1708.02002.  With ``apply_class_balancing`` ones are
    weighted by alpha and zeros by ``1 - alpha``.
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
    y_true: Any, y_pred: Any, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Return ``-alpha sum(y (1 - p)**gamma log p)`` over an axis."""
    true, pred = together(y_true, y_pred, aligned=False)
    true = _smoothed(true, label_smoothing, true.shape[axis])
    if from_logits:
        pred = ops.softmax(pred, axis=axis)
    share = ops.clip(pred / ops.sum(pred, axis=axis, keepdims=True), EPSILON, 1.0 - EPSILON)
    return ops.sum(alpha * ops.power(1.0 - share, gamma) * (-true * ops.log(share)), axis=axis)


@operation
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """Return ``(1 - p**q) / q``, where p is the probability of the class given by the label.

    Zhang and Sabuncu 2018, https://arxiv.org/abs/1805.07836.
    """
    pred = ops.cast(y_pred, "float32")
    labels = ops.one_hot(ops.cast(y_true, "int32"), pred.shape[-1], dtype="float32")
    right = ops.sum(pred * labels, axis=-1)
    return (1.0 - ops.power(right, q)) / q


def _smoothed(true: Any, share: float, classes: int) -> Any:
    return true * (1.0 - share) + share / classes if share else true


# --- overlaps, over all elements or some axes


@operation
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """Return one minus Dice's coefficient, ``2 sum(y p) / (sum(y) + sum(p))``."""
    true, pred = together(y_true, y_pred, aligned=False)
    total = ops.sum(true, axis=axis) + ops.sum(pred, axis=axis) + EPSILON
    return 1.0 - 2.0 * ops.sum(true * pred, axis=axis) / total


@operation
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """Return one minus Tversky's index; alpha weighs false negatives, beta false positives.

    Salehi et al. 2017, https://arxiv.org/abs/1706.05721.
    """
    true, pred = together(y_true, y_pred, aligned=False)
    both = ops.sum(true * pred, axis=axis)
    missed = ops.sum((1.0 - pred) * true, axis=axis)
    surplus = ops.sum(pred * (1.0 - true), axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * surplus + EPSILON)


# --- labels of sequences and of pairs


@operation
def ctc(y_true: Any, y_pred: Any) -> Any:
    """Return minus the log-probability of each row's label sequence, given its steps.

    Parameters
    ----------
    y_true : tensor or array_like of int, shape (rows, labels)
        Labels from 1 on; 0 is padding.
    y_pred : tensor or array_like of shape (rows, steps, classes)
        Logits; class 0 is the blank.
    """
    true, pred = ops.cast(given(y_true), "int32"), ops.cast(given(y_pred), "float32")
    if true.ndim != 2 or pred.ndim != 3:
        raise ValueError(
            f"ctc: needs targets (rows, labels) and predictions (rows, steps, classes); got "
            f"{true.ndim} and {pred.ndim} axes"
        )
    labels = ops.sum(ops.cast(ops.not_equal(true, 0), "int32"), axis=-1)
    return ops.ctc_loss(true, pred, labels, ops.zeros_like(labels) + pred.shape[1])


@operation
def circle(
    y_true: Any, y_pred: Any, ref_labels: Any = None, ref_embeddings: Any = None,
    remove_diagonal: bool = True, gamma: float = 80.0, margin: float = 0.4,
) -> Any:  # fmt: skip
    """Return the circle loss of each row: near others of its class, far from other classes.

    Sun et al. 2020, https://arxiv.org/abs/2002.10857.

    Parameters
    ----------
    y_true : tensor or array_like of int, shape (rows,)
        Labels.
    y_pred : tensor or array_like of shape (rows, columns)
        Embeddings of length 1.
    ref_labels, ref_embeddings : tensor or array_like, optional
        The rows to compare with; by default the rows themselves.
    remove_diagonal : bool, default True
        Whether a row is not compared with the reference of the same index.
    gamma : float, default 80.0
        Scale factor.
    margin : float, default 0.4
        Relaxation margin: how far pairs must be beyond the optimum.
    """
    pred = ops.cast(given(y_pred), "float32")
    labels = ops.reshape(ops.cast(given(y_true), "int32"), (-1,))
    others = pred if ref_embeddings is None else ops.cast(given(ref_embeddings), "float32")
    named = labels if ref_labels is None else ops.reshape(
        ops.cast(given(ref_labels), "int32"), (-1,)
    )  # fmt: skip
    apart = ops.maximum(1.0 - ops.matmul(pred, ops.transpose(others)), 0.0)
    same = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(named, 0))
    alike, other = same, ops.logical_not(same)
    if remove_diagonal:
        alike = ops.logical_and(alike, ops.logical_not(ops.cast(ops.eye(*same.shape), "bool")))
    near = -gamma * ops.maximum(apart + margin, 0.0) * (margin - apart)
    far = gamma * ops.maximum(1.0 + margin - apart, 0.0) * (1.0 - margin - apart)
    values = ops.softplus(_log_sum(near, alike) + _log_sum(far, other))
    values.mask = values > 0.0
    return values


def _log_sum(x: Any, kept: Any) -> Any:
    """Return log(sum(exp(x))) of the kept values along axis 1; very low if there are none."""
    low = -1e30
    x = ops.where(kept, x, low)
    most = ops.stop_gradient(ops.max(x, axis=1, keepdims=True))
    total = ops.sum(ops.where(kept, ops.exp(x - most), 0.0), axis=1)
    return ops.where(total > 0.0, ops.log(ops.maximum(total, 1e-30)) + most[:, 0], low)
