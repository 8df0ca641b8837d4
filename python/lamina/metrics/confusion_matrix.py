"""The confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import ops
from lamina._check import number
from lamina.metrics.recorded import RecordedMetric, Sums, ratio

SHARES = {None: None, "true": 1, "pred": 0, "all": (0, 1)}


class ConfusionMatrix(RecordedMetric):
    """Weights of rows by true class (rows of the matrix) and predicted class (columns).

    Parameters
    ----------
    normalize : {None, "true", "pred", "all"}, default None
        Whether to return shares: of each row, of each column, or of the whole matrix.
    threshold : float, default 0.5
        A single prediction per row, as from a sigmoid, means class 1 if it is larger.
    name : str, default "confusion_matrix"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Notes
    -----
    If there are several columns the prediction is the largest, or the first of equal ones.  Targets
    are labels or one-hot.  As in ``sklearn.metrics.confusion_matrix``.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.ConfusionMatrix()([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    array([[1., 0.],
           [1., 1.]])
    """

    target_dtype = "any"

    def __init__(
        self,
        normalize: str | None = None,
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        if normalize not in SHARES:
            raise ValueError(
                f"ConfusionMatrix: normalize must be one of {tuple(SHARES)}; got {normalize!r}"
            )
        self.normalize = normalize
        self.threshold = number("ConfusionMatrix", "threshold", threshold)

    def sums(self, y_true: Any, y_pred: Any) -> Sums:
        """Return the entry of the matrix for each row, or position."""
        classes = max(2, y_pred.shape[-1])
        if y_pred.shape[-1] == 1:
            true = ops.cast(y_true, "int32")
            said = ops.cast(y_pred > self.threshold, "int32")
        else:
            several = y_true.ndim == y_pred.ndim
            true = ops.argmax(y_true, axis=-1, keepdims=True) if several else y_true[..., None]
            said = ops.argmax(y_pred, axis=-1, keepdims=True)
        known = ops.logical_and(true >= 0, true < classes)
        places = ops.where(known, true * classes + said, -1)
        return Sums(ops.ones_like(ops.cast(places, "float32")), places, classes * classes)

    def value(self, state: NDArray[np.float64]) -> Any:
        """Return the matrix."""
        classes = int(np.sqrt(state.size))
        matrix = state.reshape(classes, classes)
        if self.normalize is None:
            return matrix
        return ratio(matrix, matrix.sum(axis=SHARES[self.normalize], keepdims=True))
