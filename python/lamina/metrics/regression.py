"""Metrics of continuous outcomes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen
from lamina._check import integer, quiet
from lamina.metrics.base import KernelMetric


class MeanAbsoluteError(KernelMetric):
    """``mean |y - p|``.

    Parameters
    ----------
    name : str, default "mean_absolute_error"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.MeanAbsoluteError()([1.0, 2.0], [1.5, 1.0]).__round__(6)
    0.75
    """

    kind = "mean_absolute_error"
    direction = "down"


class MeanSquaredError(KernelMetric):
    """``mean (y - p)^2``.

    Parameters
    ----------
    name : str, default "mean_squared_error"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.MeanSquaredError()([1.0, 2.0], [1.5, 1.0]).__round__(6)
    0.625
    """

    kind = "mean_squared_error"
    direction = "down"


class RootMeanSquaredError(KernelMetric):
    """``sqrt(mean (y - p)^2)``, with the root taken once, over all rows.

    Parameters
    ----------
    name : str, default "root_mean_squared_error"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.RootMeanSquaredError()([0.0, 0.0], [3.0, 3.0])
    3.0
    """

    kind = "mean_squared_error"
    direction = "down"

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return "root_mean_squared_error"

    def value(self, state: NDArray[np.float64]) -> float:
        """Return the root of the mean square."""
        mean = super().value(state)
        return math.sqrt(mean) if mean >= 0.0 else math.nan  # negative weights may dominate


class R2Score(KernelMetric):
    """Coefficient of determination, ``1 - sum w (y - p)^2 / sum w (y - mean(y))^2``.

    The mean is over all rows seen, so the value does not depend on the batches.  A constant target
    scores 1 if it is predicted exactly, otherwise 0 (as in scikit-learn); if all weights are 0 the
    score is 0.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}
        How columns are combined: by their mean (default), by a mean weighted by the columns' sums
        of squares, or not at all: `result` then returns an array.
    num_regressors : int, default 0
        With k > 0 the adjusted score, ``1 - (1 - R2) (n - 1) / (n - k - 1)``: n is the sum of the
        weights, or the number of rows if there are none, and k the number of inputs of the model.
        If n is not larger than k + 1 the score is not adjusted, with a warning.
    name : str, default "r2_score"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.R2Score()([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """

    kind = "r2"
    direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        choices = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in choices:
            raise ValueError(
                f"R2Score: class_aggregation must be one of {choices}; got {class_aggregation!r}"
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = integer("R2Score", "num_regressors", num_regressors, 0)

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return "r2_score"

    def result(self, state: NDArray[np.float64] | None = None) -> Any:
        """Return the score: a float, or an array over columns if they are not aggregated."""
        state = self._state if state is None else state
        if state is None:
            return 0.0
        scores = self._adjusted(np.asarray(state))
        return scores if self.class_aggregation is None else float(scores)

    @quiet
    def _adjusted(self, state: NDArray[np.float64]) -> Any:
        count, _, total, residual = state.reshape(-1, 4).T
        perfect = np.where((residual == 0.0) & (count > 0.0), 1.0, 0.0)
        scores: Any = np.where(total > 0.0, 1.0 - residual / np.where(total > 0, total, 1), perfect)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = np.average(scores, weights=total) if total.any() else scores.mean()
        if self.num_regressors:
            n, k = count[0], self.num_regressors
            if n <= k + 1:
                _screen.warn(
                    f"R2Score: the adjusted score needs more than num_regressors + 1 = {k + 1} "
                    f"rows; for {n:g} it equals R2"
                )
                return scores
            scores = 1.0 - (1.0 - scores) * (n - 1.0) / (n - k - 1.0)
        return scores
