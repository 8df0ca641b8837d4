"""Shares of rows where the right class is among the first few."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina._check import Array, integer
from lamina.losses.base import check_real_target
from lamina.losses.crossentropy import check_labels
from lamina.metrics.base import Metric
from lamina.metrics.mean import Mean


def in_top_k(labels: Array, predictions: Array, k: int) -> Array:
    """Return 1 where the label's prediction is among the k largest, ties counted for it, else 0."""
    own = np.take_along_axis(predictions, labels[..., np.newaxis], -1)
    return np.asarray(np.sum(predictions > own, axis=-1) < k, np.float64)


class _TopK(Metric):
    """What the two have in common."""

    direction = "up"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = integer(type(self).__name__, "k", k)
        self._mean = Mean(self.name)

    def reset_state(self) -> None:
        """Forget all rows seen."""
        self._mean.reset_state()

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add rows."""
        prediction = np.asarray(y_pred)
        labels = self._labels(y_true, prediction)
        self._mean.update_state(in_top_k(labels, prediction, self.k), sample_weight)

    def _labels(self, y_true: ArrayLike, prediction: Array) -> Array:  # noqa: ARG002
        raise TypeError(f"{type(self).__name__}: must say how labels are found")

    def result(self) -> float:
        """Return the share of all rows seen."""
        return self._mean.result()


class TopKCategoricalAccuracy(_TopK):
    """Share of rows where the target's largest column is among the k largest predictions.

    Parameters
    ----------
    k : int, default 5
    name : str, default "top_k_categorical_accuracy"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3]] * 2)
    0.5
    """

    name = "top_k_categorical_accuracy"

    def _labels(self, y_true: ArrayLike, prediction: Array) -> Array:
        target = check_real_target(self.name, y_true, prediction.shape[1:])
        return np.asarray(target.argmax(axis=-1))


class SparseTopKCategoricalAccuracy(_TopK):
    """Share of rows where the column that the label names is among the k largest predictions.

    Parameters
    ----------
    k : int, default 5
    name : str, default "sparse_top_k_categorical_accuracy"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.1, 0.6, 0.3]] * 2)
    0.5
    """

    name = "sparse_top_k_categorical_accuracy"

    def _labels(self, y_true: ArrayLike, prediction: Array) -> Array:
        return check_labels(self.name, y_true, prediction.shape[1:])
