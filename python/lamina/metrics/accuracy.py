"""Accuracies: shares of right predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina._check import number
from lamina.losses.crossentropy import check_labels
from lamina.metrics.base import KernelMetric


class BinaryAccuracy(KernelMetric):
    """Share of columns where ``p > threshold`` equals the target, 0 or 1.

    Parameters
    ----------
    name : str, default "binary_accuracy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    threshold : float, default 0.5
        Predictions above it count as 1.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.BinaryAccuracy()([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.1])
    0.75
    """

    kind = "binary_accuracy"
    direction = "up"

    def __init__(
        self, name: str | None = None, dtype: str | None = None, threshold: float = 0.5
    ) -> None:
        super().__init__(name, dtype)
        self.threshold = number(type(self).__name__, "threshold", threshold)

    @property
    def parameter(self) -> float:
        """The threshold."""
        return self.threshold


class CategoricalAccuracy(KernelMetric):
    """Share of rows where the largest prediction is in the target's largest column.

    The first of equal values is used.

    Parameters
    ----------
    name : str, default "categorical_accuracy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.3, 0.7], [0.4, 0.6]])
    0.5
    """

    kind = "categorical_accuracy"
    direction = "up"


class SparseCategoricalAccuracy(KernelMetric):
    """Share of rows where the largest prediction is in the column of the label.

    The first of equal values is used.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.SparseCategoricalAccuracy()([1, 0], [[0.3, 0.7], [0.4, 0.6]])
    0.5
    """

    kind = "sparse_categorical_accuracy"
    direction = "up"
    target_dtype = "int32"

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the prediction's shape without the classes: one label per position."""
        return tuple(prediction_shape[:-1])

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[np.int32]:
        """Return the labels as int32; each must be an integer in [0, classes)."""
        return check_labels(self.name, y, tuple(prediction_shape))
