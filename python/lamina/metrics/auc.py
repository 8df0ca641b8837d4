"""The area under a curve over all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina import ops
from lamina._check import integer, number
from lamina.metrics.direction import UP
from lamina.metrics.operating_points import even_thresholds
from lamina.metrics.recorded import Sums, ratio
from lamina.metrics.thresholds import AtThresholds, Confusion, Counts

CURVES = ("ROC", "PR", "PRGAIN")
METHODS = ("interpolation", "minoring", "majoring")
BEYOND = 1e-7  # distance of the first and the last threshold from [0, 1]


class AUC(AtThresholds):
    """Area under the ROC curve, or the precision-recall curve, as in Keras.

    It is computed from thresholds, not from all predictions: with 200 it differs from
    ``sklearn.metrics.roc_auc_score`` by up to about 1 / 200 if many predictions share a bin.

    Parameters
    ----------
    num_thresholds : int, default 200
        Number of equidistant thresholds in [0, 1].
    curve : {"ROC", "PR", "PRGAIN"}, default "ROC"
        Recall against the false positive rate; precision against recall (Davis and Goadrich 2006,
        https://dl.acm.org/doi/10.1145/1143844.1143874); the gains of both (Flach and Kull 2015).
    summation_method : {"interpolation", "minoring", "majoring"}, default "interpolation"
        The mean, the smaller or the larger of two neighbouring heights.
    name : str, default "auc"
        Key in the history; if that is in use, "auc_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    thresholds : sequence of float, optional
        Thresholds in (0, 1), in place of `num_thresholds`.
    multi_label : bool, default False
        Whether the columns are separate outcomes, whose areas are averaged; by default all columns
        are treated as rows of one outcome.
    num_labels : int, optional
        Accepted for compatibility with Keras: the number of columns of the predictions.
    label_weights : sequence of float, optional
        Weight of each column.
    from_logits : bool, default False
        Whether predictions are log-odds rather than probabilities.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    0.75
    """

    direction = UP

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.thresholds = _numbers("thresholds", thresholds, 1.0)
        if self.thresholds is not None:
            num_thresholds = len(self.thresholds) + 2
        self.num_thresholds = integer("AUC", "num_thresholds", num_thresholds, 2)
        self.curve = _one_of("curve", curve, CURVES, str.upper)
        self.summation_method = _one_of("summation_method", summation_method, METHODS, str.lower)
        self.multi_label, self.from_logits = bool(multi_label), bool(from_logits)
        if num_labels is not None and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True")
        self.num_labels = None if num_labels is None else integer("AUC", "num_labels", num_labels)
        self.label_weights = _numbers("label_weights", label_weights, np.inf)

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return "auc"

    @property
    def limits(self) -> list[float]:
        """The thresholds in ascending order, with one on either side of [0, 1]."""
        even = even_thresholds(self.num_thresholds)[1:-1]
        inner = even if self.thresholds is None else sorted(self.thresholds)
        return [-BEYOND, *inner, 1.0 + BEYOND]

    @property
    def evenly(self) -> bool:
        """Whether they divide [0, 1] into equal parts."""
        whole = np.array([0.0, *self.limits[1:-1], 1.0])
        return len(whole) > 2 and bool(
            np.allclose(whole, np.linspace(0.0, 1.0, len(whole)), atol=BEYOND)
        )

    def sums(self, y_true: Any, y_pred: Any) -> Sums:
        """Return the bin of each prediction, separately for each column if these are labels."""
        columns = y_pred.shape[-1]
        for what, count in (("num_labels", self.num_labels), ("label_weights", self._weighted())):
            if count not in (None, columns):
                raise ValueError(
                    f"{self.name}: {what} must fit the predictions' {columns} columns; got {count}"
                )
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        amounts, places, size = super().sums(y_true, y_pred)
        if not self.multi_label:
            return Sums(amounts, places, size)
        column = np.arange(columns, dtype=np.int32)
        return Sums(amounts, places * columns + column, size * columns)

    def _weighted(self) -> int | None:
        return None if self.label_weights is None else len(self.label_weights)

    def _amounts(self, y_pred: Any) -> Any:
        ones = ops.ones_like(y_pred)
        if self.label_weights is None or self.multi_label:
            return ones
        return ones * np.asarray(self.label_weights, "float32")

    def confusion(self, state: Counts) -> Confusion:
        """Return the counts, for each label in a column if there are several."""
        counts = super().confusion(state)
        return Confusion(*(c.reshape(len(self.limits), -1) for c in counts))

    def value(self, state: Counts) -> float:
        """Return the area, or the average over labels."""
        areas = self._areas(self.confusion(state)).sum(axis=0)
        if self.label_weights is None or not self.multi_label:
            return float(areas.mean())
        return float(ratio(np.dot(areas, self.label_weights), np.sum(self.label_weights)))

    def _areas(self, c: Confusion) -> Any:
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated(c)
        x, y = _axes_of(self.curve, c)
        low, high = y[:-1], y[1:]
        heights = {
            "interpolation": (low + high) / 2.0,
            "minoring": np.minimum(low, high),
            "majoring": np.maximum(low, high),
        }[self.summation_method]
        return (x[:-1] - x[1:]) * heights


def _one_of(name: str, value: Any, known: tuple[str, ...], fold: Any) -> str:
    folded = fold(value) if isinstance(value, str) else value
    if folded not in known:
        raise ValueError(f"AUC: {name} must be one of {known}; got {value!r}")
    return str(folded)


def _numbers(name: str, values: Sequence[float] | None, high: float) -> list[float] | None:
    if values is None:
        return None
    return [number("AUC", name, v, low=0.0, high=high) for v in np.asarray(values).tolist()]


def _axes_of(curve: str, c: Confusion) -> tuple[Any, Any]:
    tp, fp, tn, fn = c
    recall = ratio(tp, tp + fn)
    if curve == "ROC":
        return ratio(fp, fp + tn), recall
    if curve == "PR":
        return recall, ratio(tp, tp + fp)
    odds = ratio(tp + fn, tn + fp)
    recall_gain = np.where(tp == 0.0, 0.0, 1.0 - odds * ratio(fn, tp))
    precision_gain = np.where(tp == 0.0, 1.0, 1.0 - odds * ratio(fp, tp))
    return np.maximum(recall_gain, 0.0), precision_gain


def _interpolated(c: Confusion) -> Any:
    """Return the areas under the precision-recall curve, interpolating true positives linearly."""
    tp, fp, _, fn = c
    p = tp + fp
    dtp, dp = tp[:-1] - tp[1:], p[:-1] - p[1:]
    slope = ratio(dtp, np.maximum(dp, 0.0))
    intercept = tp[1:] - slope * p[1:]
    both = (p[:-1] > 0) & (p[1:] > 0)
    growth = np.where(both, ratio(p[:-1], np.maximum(p[1:], 0.0)), 1.0)
    return ratio(slope * (dtp + intercept * np.log(growth)), np.maximum(tp[1:] + fn[1:], 0.0))
