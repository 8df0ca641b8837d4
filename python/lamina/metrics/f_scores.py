"""F scores: combinations of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import ops
from lamina._check import number
from lamina._settings import optional_number
from lamina.metrics.direction import UP
from lamina.metrics.recorded import RecordedMetric, Sums, ratio

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(RecordedMetric):
    """``(1 + b^2) P R / (b^2 P + R)`` with precision P and recall R, for each class.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        None: an array with one score per class.  "micro" counts all classes together, "macro" is
        the mean over the classes, "weighted" the mean weighted by how often each class is true.
    beta : float, default 1.0
        Weight of recall; above 0.
    threshold : float, optional
        In (0, 1]: predictions above it count as 1.  By default the largest in each row does.
    name : str, default "fbeta_score"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> score = metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> score([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]])
    array([0.38461538, 0.90909091, 0.83333333])
    """

    direction = UP

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        who = type(self).__name__
        if average not in AVERAGES:
            raise ValueError(f"{who}: average must be one of {AVERAGES}; got {average!r}")
        self.average = average
        self.beta = number(who, "beta", beta, low=0.0, low_open=True)
        self.threshold = optional_number(
            who, "threshold", threshold, low=0.0, low_open=True, high=1.0
        )

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return "fbeta_score"

    def sums(self, y_true: Any, y_pred: Any) -> Sums:
        """Return true positives, false positives and false negatives, class by class."""
        if self.threshold is None:
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            said = ops.logical_and(y_pred >= largest, ops.absolute(y_pred) > 1e-9)
        else:
            said = y_pred > self.threshold
        said = ops.cast(said, "float32")
        parts = [said * y_true, said * (1.0 - y_true), (1.0 - said) * y_true]
        return Sums(ops.concatenate(parts, axis=-1), None, 3 * y_pred.shape[-1])

    def value(self, state: NDArray[np.float64]) -> Any:
        """Return the score, or the scores of the classes."""
        tp, fp, fn = state.reshape(3, -1)
        if self.average == "micro":
            tp, fp, fn = tp.sum(), fp.sum(), fn.sum()
        precision, recall = ratio(tp, tp + fp), ratio(tp, tp + fn)
        square = self.beta * self.beta
        scores = ratio((1.0 + square) * precision * recall, square * precision + recall)
        if self.average == "weighted":
            return ratio(np.dot(scores, tp + fn), np.sum(tp + fn))
        return scores.mean() if self.average == "macro" else scores


class F1Score(FBetaScore):
    """``2 P R / (P + R)`` with precision P and recall R, for each class.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        See `FBetaScore`; None returns an array with one score per class.
    threshold : float, optional
        In (0, 1]: predictions above it count as 1.  By default the largest in each row does.
    name : str, default "f1_score"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> y, p = [[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]
    >>> metrics.F1Score(average="macro")(y, p).__round__(4)
    0.6667
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return "f1_score"
