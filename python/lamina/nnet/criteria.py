"""Criteria that R's nnet minimizes, in ``lamina.ops``: sums over rows and outputs, before decay.

In R the logistic function is 0 or 1, with derivative 0, if its argument is more than 15 away from
0, and this file does the same.  Elsewhere values agree up to rounding, and so do whole searches
until rounding makes them diverge.

Outputs are those before the last function, of shape (..., outputs, cases).  Targets have the same
shape, and may have an additional last row of case weights.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from lamina import ops
from lamina.losses import Loss

REACH = 15.0  # of the logistic function
LEAST_LOG = 80.0 * math.log(10.0)  # R adds 1e-80 to the arguments of logarithms


def logistic(z: Any) -> Any:
    """Return ``1 / (1 + exp(-z))`` as in R."""
    return ops.where(ops.absolute(z) <= REACH, ops.sigmoid(z), ops.where(z > 0.0, 1.0, 0.0))


class Criterion(Loss):
    """The sum over cases of the values of ``each``, times the cases' weights.

    Parameters
    ----------
    weighted : bool
        Whether the last row of targets contains case weights.
    """

    name = "criterion"
    free_target: ClassVar[bool] = True  # targets may have one row more than outputs

    def __init__(self, weighted: bool) -> None:
        super().__init__(reduction="sum")
        self.weighted = weighted

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the sum."""
        if not self.weighted:
            return ops.sum(self.each(y_true, y_pred), axis=(-2, -1))
        values = ops.sum(self.each(y_true[..., :-1, :], y_pred), axis=-2)
        return ops.sum(y_true[..., -1, :] * values, axis=-1)

    def each(self, y: Any, z: Any) -> Any:
        """Return the terms of the sum, of shape (..., outputs, cases) or (..., 1, cases)."""
        raise NotImplementedError


class SquaredError(Criterion):
    """``sum (y - p)^2`` for linear outputs."""

    def each(self, y: Any, z: Any) -> Any:
        """Return each output's value."""
        return ops.square(y - z)


class SquaredErrorOfShares(Criterion):
    """The same for logistic outputs."""

    def each(self, y: Any, z: Any) -> Any:
        """Return each output's value."""
        return ops.square(y - logistic(z))


class Entropy(Criterion):
    """``sum y log(y / p) + (1 - y) log((1 - y) / (1 - p))`` for logistic outputs: at least 0."""

    def each(self, y: Any, z: Any) -> Any:
        """Return each output's value."""
        own = _times_log(y) + _times_log(1.0 - y)
        near = ops.softplus(z) - y * z
        # Beyond the reach the value is constant, and the derivative that R takes is p - y.
        end = ops.where(z > 0.0, 1.0, 0.0)
        slope = (end - y) * (z - ops.stop_gradient(z))
        far = LEAST_LOG * ops.absolute(end - y) + slope
        return own + ops.where(ops.absolute(z) <= REACH, near, far)


class LogLinear(Criterion):
    """``-sum y log p`` for ``p`` the softmax of the outputs, R's "softmax"."""

    def each(self, y: Any, z: Any) -> Any:
        """Return each class's value."""
        return y * (ops.logsumexp(z, axis=-2, keepdims=True) - z)


class Censored(Criterion):
    """``-log`` of the probability that the class is one of those whose target is 1.

    Probabilities are the softmax of the outputs.
    """

    def each(self, y: Any, z: Any) -> Any:
        """Return one value per case."""
        possible = ops.where(y == 1.0, z, -1e300)
        among = ops.logsumexp(possible, axis=-2, keepdims=True)
        return ops.logsumexp(z, axis=-2, keepdims=True) - among


def _times_log(y: Any) -> Any:
    """Return ``y log y``, 0 at 0."""
    return y * ops.log(ops.where(y > 0.0, y, 1.0))
