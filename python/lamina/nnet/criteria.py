"""What R's nnet minimizes, in ``lamina.ops``: sums over rows and outputs, before decay.

R takes the logistic function to be 0 or 1, with derivative 0, where its argument is more than 15
away from 0, and so does this file: elsewhere values agree to rounding, and so do whole searches
for as long as rounding does not tell them apart.
"""

from __future__ import annotations

import math
from typing import Any

from lamina import ops
from lamina.losses import Loss

REACH = 15.0  # of the logistic function
LEAST_LOG = 80.0 * math.log(10.0)  # R adds 1e-80 to what it takes logarithms of


def logistic(z: Any) -> Any:
    """Return ``1 / (1 + exp(-z))`` as R has it."""
    return ops.where(ops.absolute(z) <= REACH, ops.sigmoid(z), ops.where(z > 0.0, 1.0, 0.0))


class _Sum(Loss):
    """A sum over rows of what ``call`` returns, each times its case weight."""

    def __init__(self) -> None:
        super().__init__(reduction="sum")


class SquaredError(_Sum):
    """``sum (y - p)^2`` of predictions ``p``."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return each row's sum over the outputs."""
        return ops.sum(ops.square(y_true - y_pred), axis=-1)


class Entropy(_Sum):
    """``sum y log(y / p) + (1 - y) log((1 - y) / (1 - p))`` of log-odds: at least 0."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return each row's sum over the outputs."""
        own = _times_log(y_true) + _times_log(1.0 - y_true)
        near = ops.softplus(y_pred) - y_true * y_pred
        # Beyond the reach the value is constant, and the derivative that R takes is p - y.
        end = ops.where(y_pred > 0.0, 1.0, 0.0)
        slope = (end - y_true) * (y_pred - ops.stop_gradient(y_pred))
        far = LEAST_LOG * ops.absolute(end - y_true) + slope
        return ops.sum(own + ops.where(ops.absolute(y_pred) <= REACH, near, far), axis=-1)


class LogLinear(_Sum):
    """``-sum y log p`` for ``p`` the softmax of predictions, R's "softmax"."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return each row's sum over the classes."""
        return -ops.sum(y_true * ops.log_softmax(y_pred, axis=-1), axis=-1)


class Censored(_Sum):
    """``-log`` of the probability of the classes whose target is 1: of one of them, unknown which.

    Probabilities are the softmax of predictions.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return each row's value."""
        possible = ops.where(y_true == 1.0, y_pred, -1e300)
        return ops.logsumexp(y_pred, axis=-1) - ops.logsumexp(possible, axis=-1)


def _times_log(y: Any) -> Any:
    """Return ``y log y``, 0 at 0."""
    return y * ops.log(ops.where(y > 0.0, y, 1.0))
