"""Losses for sequences of labels and for labelled embeddings as functions of tensors."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina._tensors.dispatch import operation
from lamina._tensors.given import given

__all__ = ["circle", "ctc"]


@operation
def ctc(y_true: Any, y_pred: Any) -> Any:
    """Return minus the log-probability of each row's label sequence, given its steps.

    The probability is a sum over all ways to place the labels, in their order, on the steps, with
    repetitions and blanks between them; all steps of a row count (Graves et al. 2006,
    "Connectionist temporal classification").

    Parameters
    ----------
    y_true : tensor or array_like of int, shape (rows, labels)
        Labels from 1 on; 0 is padding.
    y_pred : tensor or array_like of shape (rows, steps, classes)
        Logits; class 0 is the blank.

    Returns
    -------
    tensor or ndarray of shape (rows,)
        The loss of each row.

    Raises
    ------
    ValueError
        If `y_true` does not have 2 axes, or `y_pred` 3.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.ctc([[1, 2, 0]], [[[0.0, 3.0, 0.0], [0.0, 0.0, 3.0], [3.0, 0.0, 0.0]]]).round(4)
    array([0.2314], dtype=float32)
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

    ``log(1 + sum(exp(far)) * sum(exp(near)))``, where the first sum is over the references of other
    classes and the second over those of the row's own class.  For a pair with cosine similarity s,
    ``near`` is ``-gamma * max(1 + margin - s, 0) * (s - 1 + margin)`` and ``far`` is
    ``gamma * max(s + margin, 0) * (s - margin)`` (Sun et al. 2020,
    https://arxiv.org/abs/2002.10857).

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

    Returns
    -------
    tensor or ndarray of shape (rows,)
        The loss of each row; rows whose loss is 0 are left out of means.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an argument does not hold numbers.

    Examples
    --------
    >>> from lamina import losses
    >>> embeddings = [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]
    >>> losses.circle([0, 0, 1], embeddings, gamma=1.0).round(4)
    array([0.5629, 0.7339, 0.    ], dtype=float32)
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
