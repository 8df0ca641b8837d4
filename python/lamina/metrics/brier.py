"""The Brier score."""

from __future__ import annotations

from typing import Any

from lamina.metrics.direction import DOWN
from lamina.metrics.recorded import MeanOfFunction


class BrierScore(MeanOfFunction):
    """Mean squared difference between probability and outcome, summed over the classes.

    With one probability p per row: ``mean (p - y)^2``, as in ``sklearn.metrics.brier_score_loss``;
    with probabilities of several classes: ``mean sum_c (p_c - y_c)^2``, y one-hot or labels.

    Brier 1950, "Verification of forecasts expressed in terms of probability".

    Parameters
    ----------
    name : str, default "brier_score"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> round(metrics.BrierScore()([1, 0], [0.9, 0.4]), 6)
    0.085
    """

    direction = DOWN
    target_dtype = "any"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        from lamina import ops

        if y_true.ndim < y_pred.ndim:
            y_true = ops.one_hot(y_true, y_pred.shape[-1])
        return ops.sum(ops.square(y_pred - y_true), axis=-1)
