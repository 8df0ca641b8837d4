"""The best value of one rate subject to a bound on another, over all thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import integer, number
from lamina.metrics.direction import UP
from lamina.metrics.recorded import ratio
from lamina.metrics.thresholds import AtThresholds, Confusion, Counts


def even_thresholds(count: int) -> list[float]:
    """Return thresholds that divide [0, 1] into equal parts, including both ends."""
    return [0.0, *((i + 1) / (count - 1) for i in range(count - 2)), 1.0]


def _sensitivity(c: Confusion) -> Any:
    return ratio(c.true_positives, c.true_positives + c.false_negatives)


def _specificity(c: Confusion) -> Any:
    return ratio(c.true_negatives, c.true_negatives + c.false_positives)


def _precision(c: Confusion) -> Any:
    return ratio(c.true_positives, c.true_positives + c.false_positives)


class _AtLeast(AtThresholds):
    """The base of the four metrics."""

    direction = UP

    def _init(self, num_thresholds: int, class_id: int | None) -> None:
        who = type(self).__name__
        self.num_thresholds = integer(who, "num_thresholds", num_thresholds)
        self.class_id = None if class_id is None else integer(who, "class_id", class_id, 0)

    def _share(self, name: str, value: float) -> float:
        return number(type(self).__name__, name, value, low=0.0, high=1.0)

    @property
    def limits(self) -> list[float]:
        """The thresholds in ascending order."""
        return even_thresholds(self.num_thresholds) if self.evenly else [0.5]

    @property
    def evenly(self) -> bool:
        """Whether they divide [0, 1] into equal parts."""
        return self.num_thresholds > 1


def _best(wanted: Any, enough: Any, least: float) -> float:
    return float(np.max(np.where(enough >= least, wanted, 0.0), initial=0.0))


class SensitivityAtSpecificity(_AtLeast):
    """The largest sensitivity, or recall, over thresholds with sufficient specificity.

    Sensitivity is ``TP / (TP + FN)``, specificity ``TN / (TN + FP)``.

    Parameters
    ----------
    specificity : float
        Lower bound, in [0, 1].
    num_thresholds : int, default 200
        Number of equidistant thresholds in [0, 1].
    class_id : int, optional
        The column to use; by default all columns, treated as rows.
    name : str, default "sensitivity_at_specificity"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    0.5
    """

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.specificity = self._share("specificity", specificity)
        self._init(num_thresholds, class_id)

    def value(self, state: Counts) -> float:
        """Return the largest value."""
        c = self.confusion(state)
        return _best(_sensitivity(c), _specificity(c), self.specificity)


class SpecificityAtSensitivity(_AtLeast):
    """The largest specificity over thresholds with sufficient sensitivity, or recall.

    Sensitivity is ``TP / (TP + FN)``, specificity ``TN / (TN + FP)``.

    Parameters
    ----------
    sensitivity : float
        Lower bound, in [0, 1].
    num_thresholds : int, default 200
        Number of equidistant thresholds in [0, 1].
    class_id : int, optional
        The column to use; by default all columns, treated as rows.
    name : str, default "specificity_at_sensitivity"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.SpecificityAtSensitivity(0.5)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8]).__round__(6)
    1.0
    """

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.sensitivity = self._share("sensitivity", sensitivity)
        self._init(num_thresholds, class_id)

    def value(self, state: Counts) -> float:
        """Return the largest value."""
        c = self.confusion(state)
        return _best(_specificity(c), _sensitivity(c), self.sensitivity)


class PrecisionAtRecall(_AtLeast):
    """The largest precision over thresholds with sufficient recall.

    Precision is ``TP / (TP + FP)``, recall ``TP / (TP + FN)``.

    Parameters
    ----------
    recall : float
        Lower bound, in [0, 1].
    num_thresholds : int, default 200
        Number of equidistant thresholds in [0, 1].
    class_id : int, optional
        The column to use; by default all columns, treated as rows.
    name : str, default "precision_at_recall"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.PrecisionAtRecall(0.5)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8]).__round__(6)
    1.0
    """

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.recall = self._share("recall", recall)
        self._init(num_thresholds, class_id)

    def value(self, state: Counts) -> float:
        """Return the largest value."""
        c = self.confusion(state)
        return _best(_precision(c), _sensitivity(c), self.recall)


class RecallAtPrecision(_AtLeast):
    """The largest recall over thresholds with sufficient precision.

    Precision is ``TP / (TP + FP)``, recall ``TP / (TP + FN)``.

    Parameters
    ----------
    precision : float
        Lower bound, in [0, 1].
    num_thresholds : int, default 200
        Number of equidistant thresholds in [0, 1].
    class_id : int, optional
        The column to use; by default all columns, treated as rows.
    name : str, default "recall_at_precision"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.RecallAtPrecision(0.5)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8]).__round__(6)
    1.0
    """

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.precision = self._share("precision", precision)
        self._init(num_thresholds, class_id)

    def value(self, state: Counts) -> float:
        """Return the largest value."""
        c = self.confusion(state)
        return _best(_sensitivity(c), _precision(c), self.precision)
