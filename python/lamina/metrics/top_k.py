"""Shares of rows whose right class is among the k most likely ones."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina._check import integer
from lamina.losses.crossentropy import check_labels
from lamina.metrics.direction import UP
from lamina.metrics.recorded import MeanOfFunction


class TopKCategoricalAccuracy(MeanOfFunction):
    """Share of rows where the target's largest column is among the k largest predictions.

    Predictions equal to the k-th largest are included.

    Parameters
    ----------
    k : int, default 5
    name : str, default "top_k_categorical_accuracy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3]] * 2)
    0.5
    """

    function, direction = "metrics.functions:top_k_categorical_accuracy", UP
    settings: ClassVar[tuple[str, ...]] = ("k",)

    def __init__(self, k: int = 5, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self.k = integer(type(self).__name__, "k", k)


class SparseTopKCategoricalAccuracy(MeanOfFunction):
    """Share of rows where the column of the label is among the k largest predictions.

    Predictions equal to the k-th largest are included.

    Parameters
    ----------
    k : int, default 5
    name : str, default "sparse_top_k_categorical_accuracy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    from_sorted_ids : bool, default False
        Whether predictions are classes, the most likely first, rather than one number per class.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.1, 0.6, 0.3]] * 2)
    0.5
    """

    function, direction = "metrics.functions:sparse_top_k_categorical_accuracy", UP
    settings: ClassVar[tuple[str, ...]] = ("k", "from_sorted_ids")
    target_dtype = "int32"

    def __init__(
        self,
        k: int = 5,
        name: str | None = None,
        dtype: str | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.k = integer(type(self).__name__, "k", k)
        self.from_sorted_ids = bool(from_sorted_ids)

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the labels as int32; each must be one of the predictions' columns."""
        if self.from_sorted_ids:
            return super().check_target(y, prediction_shape)
        return np.asarray(check_labels(self.name, y, tuple(prediction_shape)))
