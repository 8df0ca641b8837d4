"""True and false positives and negatives at thresholds, and metrics computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina import ops
from lamina._check import integer, number
from lamina.metrics.direction import DOWN, UP
from lamina.metrics.recorded import RecordedMetric, Sums, ratio

Counts = NDArray[np.float64]


class Confusion(NamedTuple):
    """Weights of the rows for each threshold (and label)."""

    true_positives: Counts
    false_positives: Counts
    true_negatives: Counts
    false_negatives: Counts


class AtThresholds(RecordedMetric):
    """Base of the metrics that count at thresholds: predictions above a threshold are positive.

    The state is a histogram of the predictions for each of the two outcomes, with one bin between
    any two neighbouring thresholds.
    """

    _plumbing: ClassVar[str] = "confusion evenly limits"
    class_id: int | None = None
    top_k: int | None = None

    @property
    def limits(self) -> list[float]:
        """The thresholds in ascending order."""
        return [0.5]

    @property
    def evenly(self) -> bool:
        """Whether they divide [0, 1] into equal parts."""
        return False

    def sums(self, y_true: Any, y_pred: Any) -> Sums:
        """Return the bin of each prediction, in pairs for false and true outcomes."""
        if self.top_k is not None:
            y_pred = _only_top(y_pred, self.top_k)
        if self.class_id is not None:
            _check_class(self.name, self.class_id, y_pred.shape[-1])
            one = slice(self.class_id, self.class_id + 1)
            y_true, y_pred = y_true[..., one], y_pred[..., one]
        true = ops.cast(ops.not_equal(y_true, 0.0), "int32")
        return Sums(self._amounts(y_pred), 2 * self._bins(y_pred) + true, self._size(y_pred))

    def _amounts(self, y_pred: Any) -> Any:
        return ops.ones_like(y_pred)

    def _size(self, y_pred: Any) -> int:  # noqa: ARG002
        return 2 * (len(self.limits) + 1)

    def _bins(self, y_pred: Any) -> Any:
        """Return the number of thresholds below each prediction."""
        if self.evenly:
            # As in Keras, which rounds if a prediction equals a threshold.
            steps = len(self.limits) - 1
            bins = ops.ceil(ops.clip(y_pred, 0.0, 1.0) * float(steps))
            if self.limits[0] < 0.0:
                bins = ops.maximum(bins, 1.0)
            return ops.cast(bins, "int32")
        limits = self.limits
        if len(limits) == 1:
            return ops.cast(y_pred > limits[0], "int32")
        above = ops.expand_dims(y_pred, -1) > np.array(limits, "float32")
        return ops.sum(ops.cast(above, "int32"), axis=-1)

    def confusion(self, state: Counts) -> Confusion:
        """Return the counts: the positives of a threshold are those in the bins above it."""
        bins = state.reshape(len(self.limits) + 1, 2, -1)
        above = np.cumsum(bins[::-1], axis=0)[::-1]
        false, true = above[1:, 0], above[1:, 1]
        counts = (true, false, above[0, 0] - false, above[0, 1] - true)
        alone = state.size == bins[..., 0].size
        return Confusion(*(c[:, 0] if alone else c for c in counts))


def _only_top(y_pred: Any, k: int) -> Any:
    """Return the predictions, with -1e10 for all but the k largest in each row."""
    _, places = ops.top_k(y_pred, k)
    kept = ops.sum(ops.one_hot(places, y_pred.shape[-1]), axis=-2)
    return y_pred * kept - 1e10 * (1.0 - kept)


def _check_class(name: str, class_id: int, columns: int) -> None:
    if class_id >= columns:
        raise ValueError(
            f"{name}: class_id must be below the predictions' {columns} columns; got {class_id}"
        )


def _checked(who: str, given: Any) -> Any:
    if given is None:
        return None
    if np.ndim(given) == 0:
        return number(who, "thresholds", given, low=0.0, high=1.0)
    if len(given) == 0:
        raise ValueError(f"{who}: thresholds must be at least one number; got {given!r}")
    return [number(who, "thresholds", v, low=0.0, high=1.0) for v in given]


class _AtGiven(AtThresholds):
    """Base of the counts, precision and recall: with thresholds given by the user."""

    _plumbing: ClassVar[str] = "name_of_count of"
    name_of_count: ClassVar[str]

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.thresholds = _checked(type(self).__name__, thresholds)

    @property
    def _given(self) -> list[float]:
        if self.thresholds is None:  # all of the best k are positives
            return [0.5 if self.top_k is None else -1e10]
        return [self.thresholds] if np.ndim(self.thresholds) == 0 else list(self.thresholds)

    @property
    def limits(self) -> list[float]:
        """The thresholds in ascending order."""
        return sorted(self._given)

    def value(self, state: Counts) -> Any:
        """Return a number, or an array with one for each of several thresholds."""
        given = self._given
        values = self.of(self.confusion(state))
        places = np.argsort(np.argsort(given, kind="stable"))  # in the order given
        return values[0] if len(given) == 1 else values[places]

    def of(self, counts: Confusion) -> Any:
        """Return the reported value, computed from the counts."""
        return getattr(counts, self.name_of_count)


class TruePositives(_AtGiven):
    """Weight of the rows with outcome 1 that are predicted as 1.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above it count as 1; several thresholds give an array.
    name : str, default "true_positives"
        Key in the history; if that is in use, "true_positives_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.TruePositives()([0, 1, 1, 1], [0.9, 0.2, 0.6, 0.8])
    2.0
    """

    name_of_count, direction = "true_positives", UP


class TrueNegatives(_AtGiven):
    """Weight of the rows with outcome 0 that are predicted as 0.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above it count as 1; several thresholds give an array.
    name : str, default "true_negatives"
        Key in the history; if that is in use, "true_negatives_1" and so on.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.TrueNegatives()([0, 1, 1, 0], [0.2, 0.7, 0.4, 0.6])
    1.0
    """

    name_of_count, direction = "true_negatives", UP


class FalsePositives(_AtGiven):
    """Weight of the rows with outcome 0 that are predicted as 1.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above it count as 1; several thresholds give an array.
    name : str, default "false_positives"
        Key in the history; if that is in use, "false_positives_1" and so on.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.FalsePositives()([0, 1, 1, 0], [0.2, 0.7, 0.4, 0.6])
    1.0
    """

    name_of_count, direction = "false_positives", DOWN


class FalseNegatives(_AtGiven):
    """Weight of the rows with outcome 1 that are predicted as 0.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above it count as 1; several thresholds give an array.
    name : str, default "false_negatives"
        Key in the history; if that is in use, "false_negatives_1" and so on.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.FalseNegatives()([0, 1, 1, 0], [0.2, 0.7, 0.4, 0.6])
    1.0
    """

    name_of_count, direction = "false_negatives", DOWN


class _OfPositives(_AtGiven):
    """Base of precision and recall."""

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, name, dtype)
        who = type(self).__name__
        self.top_k = None if top_k is None else integer(who, "top_k", top_k)
        self.class_id = None if class_id is None else integer(who, "class_id", class_id, 0)


class Precision(_OfPositives):
    """Share of positive predictions that are right: ``TP / (TP + FP)``, 0 if there are none.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above it count as 1; several thresholds give an array.  With `top_k` the
        default is to take all of those.
    top_k : int, optional
        Only the k largest predictions of a row can count as 1.
    class_id : int, optional
        The column to use; by default all columns, treated as rows.
    name : str, default "precision"
        Key in the history; if that is in use, "precision_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.Precision()([0, 1, 1, 1], [0.9, 0.2, 0.6, 0.8]).__round__(6)
    0.666667
    """

    direction = UP

    def of(self, counts: Confusion) -> Any:
        """Return the precision at each threshold."""
        return ratio(counts.true_positives, counts.true_positives + counts.false_positives)


class Recall(_OfPositives):
    """Share of positive outcomes that are predicted: ``TP / (TP + FN)``, 0 if there are none.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above it count as 1; several thresholds give an array.  With `top_k` the
        default is to take all of those.
    top_k : int, optional
        Only the k largest predictions of a row can count as 1.
    class_id : int, optional
        The column to use; by default all columns, treated as rows.
    name : str, default "recall"
        Key in the history; if that is in use, "recall_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.Recall()([0, 1, 1, 1], [0.9, 0.2, 0.6, 0.8]).__round__(6)
    0.666667
    """

    direction = UP

    def of(self, counts: Confusion) -> Any:
        """Return the recall at each threshold."""
        return ratio(counts.true_positives, counts.true_positives + counts.false_negatives)
