"""The distributions of targets that losses imply: log likelihoods, deviances, information.

Each family relates the loss of a row to its negative log likelihood, ``nll = factor * loss +
constant``; the factor of a Gaussian contains the variance, which is estimated.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import losses

Array = NDArray[Any]


class Rows:
    """Targets, outputs and weights of the rows.

    Attributes
    ----------
    y : ndarray of shape (rows, targets)
    outputs : ndarray of shape (rows, outputs)
    weights : ndarray of shape (rows,)
    losses : ndarray of shape (rows,)
        The weighted loss of each row.
    positions : int
        The number of predictions per row over which the loss averages, such as the steps of a
        series.
    """

    def __init__(
        self, y: Array, outputs: Array, weights: Array, losses: Array, shape: tuple[int, ...]
    ) -> None:
        self.outputs, self.weights, self.losses = outputs, weights, losses
        self.y = np.asarray(y, np.float64).reshape(len(outputs), -1)
        self.shape = shape
        self.positions = int(np.prod(shape[:-1], dtype=int))
        self.count = int(np.count_nonzero(weights))

    def weighted(self, values: Array) -> float:
        """Return the weighted sum of an array of shape (rows, ...)."""
        return float((self.weights @ values.reshape(len(values), -1)).sum())


class Family:
    """A distribution of the targets.

    Attributes
    ----------
    name : str
    scaled : bool
        Whether a scale is estimated, so that tests use Student's t, as in linear regression.
    """

    name = ""
    scaled = False

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def terms(self, rows: Rows) -> int:
        """Return the number of terms of the log likelihood over which a row's loss averages."""
        return int(np.prod(rows.shape, dtype=int))

    def observations(self, rows: Rows) -> int:
        """Return the number of observations, without rows of weight 0."""
        return rows.count * self.terms(rows)

    def factor(self, rows: Rows, df: float) -> float:  # noqa: ARG002
        """Return the ratio of a row's negative log likelihood, without constants, to its loss."""
        return float(self.terms(rows))

    def log_likelihood(self, rows: Rows) -> float:
        """Return the log likelihood at the weights, with all constants."""
        return -self.terms(rows) * float(rows.losses.sum()) + self.constant(rows)

    def constant(self, rows: Rows) -> float:  # noqa: ARG002
        """Return what does not depend on the weights."""
        return 0.0

    def saturated(self, rows: Rows) -> float | None:  # noqa: ARG002
        """Return the log likelihood of a perfect fit; None if there is none."""
        return None

    def deviance(self, rows: Rows) -> float | None:
        """Return twice the distance to a perfect fit."""
        best = self.saturated(rows)
        return None if best is None else 2.0 * (best - self.log_likelihood(rows))

    def information(self, rows: Rows, jacobian: Array, df: float) -> Array:  # noqa: ARG002
        """Return the expected information, from the derivatives of the outputs by the weights."""
        raise ValueError(
            f"inference: the expected information is not known for {self.loss.name}; use "
            f"covariance='hessian'"
        )


class Gaussian(Family):
    """Independent errors with one variance: mean squared error."""

    name, scaled = "Gaussian", True

    def residual_sum(self, rows: Rows) -> float:
        """Return the weighted sum of squares of the residuals."""
        return self.terms(rows) * float(rows.losses.sum())

    def variance(self, rows: Rows, df: float) -> float:
        """Return the estimate over the residual degrees of freedom."""
        left = self.observations(rows) - df
        return self.residual_sum(rows) / left if left > 0 else math.nan

    def factor(self, rows: Rows, df: float) -> float:
        """Return one over twice the variance, for each value of a row."""
        variance = self.variance(rows, df)
        return self.terms(rows) / (2.0 * variance) if variance > 0 else math.nan

    def log_likelihood(self, rows: Rows) -> float:
        """Return the log likelihood at the estimated variance, the mean squared residual."""
        n, of_weights = self.observations(rows), rows.weights[rows.weights > 0]
        total = self.residual_sum(rows)
        if total <= 0:
            return math.inf
        shift = 0.5 * self.terms(rows) * float(np.log(of_weights).sum())
        return -0.5 * n * (math.log(2.0 * math.pi * total / n) + 1.0) + shift

    def deviance(self, rows: Rows) -> float:
        """Return the residual sum of squares."""
        return self.residual_sum(rows)

    def information(self, rows: Rows, jacobian: Array, df: float) -> Array:
        """Return the sum of the weighted crossed derivatives of the outputs."""
        weights = np.broadcast_to(rows.weights[:, None], jacobian.shape[:2])
        return _crossed(jacobian, weights) / self.variance(rows, df)


class Binomial(Family):
    """Truth values, or shares of them: binary cross-entropy."""

    name = "binomial"

    def probabilities(self, rows: Rows) -> Array:
        """Return the probabilities of 1."""
        return _sigmoid(rows.outputs) if self.loss.from_logits else rows.outputs

    def saturated(self, rows: Rows) -> float:
        """Return the log likelihood of outputs that equal the targets."""
        return rows.weighted(_x_log_x(rows.y) + _x_log_x(1.0 - rows.y))

    def information(self, rows: Rows, jacobian: Array, df: float) -> Array:  # noqa: ARG002
        """Return the sum of the weighted crossed derivatives of the outputs."""
        p = self.probabilities(rows)
        spread = p * (1.0 - p)
        if not self.loss.from_logits:
            spread = 1.0 / np.maximum(spread, np.finfo(float).tiny)
        return _crossed(jacobian, rows.weights[:, None] * spread)


class Multinomial(Family):
    """One of several classes, or shares of them: categorical cross-entropy."""

    name = "multinomial"

    def terms(self, rows: Rows) -> int:
        """Return the number of predictions a row."""
        return rows.positions

    def one_hot(self, rows: Rows) -> Array:
        """Return the targets as an array of the outputs' shape."""
        coded: Array = rows.y
        if isinstance(self.loss, losses.SparseCategoricalCrossentropy):
            coded = np.eye(rows.shape[-1])[rows.y.astype(np.int64).ravel()]
        made: Array = coded.reshape(rows.outputs.shape)
        return made

    def probabilities(self, rows: Rows) -> Array:
        """Return the probabilities of the classes, an array of shape (places, classes)."""
        flat = rows.outputs.reshape(-1, rows.shape[-1])
        if self.loss.from_logits:
            flat = np.exp(flat - flat.max(axis=1, keepdims=True))
        made: Array = flat / flat.sum(axis=1, keepdims=True)
        return made

    def saturated(self, rows: Rows) -> float:
        """Return the log likelihood of outputs that equal the targets."""
        return rows.weighted(_x_log_x(self.one_hot(rows)))

    def information(self, rows: Rows, jacobian: Array, df: float) -> Array:  # noqa: ARG002
        """Return the sum of the weighted crossed derivatives of the outputs."""
        classes = rows.shape[-1]
        p = self.probabilities(rows)
        weights = np.repeat(rows.weights, rows.positions)
        flat = jacobian.reshape(len(p), classes, -1)
        if not self.loss.from_logits:
            return _crossed(flat, weights[:, None] / np.maximum(p, np.finfo(float).tiny))
        mean = np.einsum("nk,nkp->np", p, flat)
        centred = flat - mean[:, None, :]
        return _crossed(centred, weights[:, None] * p)


class Poisson(Family):
    """Counts: the Poisson loss."""

    name = "Poisson"

    def log_likelihood(self, rows: Rows) -> float:
        """Return the log likelihood at the outputs.

        The loss adds 1e-7 to the means within its logarithm, which statistics leave out.
        """
        means = rows.outputs.astype(np.float64).reshape(rows.y.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            events = np.where(rows.y > 0, rows.y * np.log(means), 0.0)
        return rows.weighted(events - means) + self.constant(rows)

    def constant(self, rows: Rows) -> float:
        """Return what does not depend on the weights."""
        return -rows.weighted(np.vectorize(math.lgamma, otypes=[float])(rows.y + 1.0))

    def saturated(self, rows: Rows) -> float:
        """Return the log likelihood of outputs that equal the targets."""
        return rows.weighted(_x_log_x(rows.y) - rows.y) + self.constant(rows)

    def information(self, rows: Rows, jacobian: Array, df: float) -> Array:  # noqa: ARG002
        """Return the sum of the weighted crossed derivatives of the outputs."""
        least = np.finfo(float).tiny
        return _crossed(jacobian, rows.weights[:, None] / np.maximum(rows.outputs, least))


class GaussianOfSpread(Family):
    """A mean and a variance for each row: the Gaussian negative log likelihood."""

    name = "Gaussian, a variance for each row"

    def terms(self, rows: Rows) -> int:
        """Return the number of predictions a row."""
        return int(np.prod(rows.shape, dtype=int)) // 2

    def constant(self, rows: Rows) -> float:
        """Return what does not depend on the weights."""
        counted = 0.0 if self.loss.full else 0.5 * math.log(2.0 * math.pi)
        return -self.terms(rows) * counted * float(rows.weights.sum())


FAMILIES: tuple[tuple[type, type[Family]], ...] = (
    (losses.MeanSquaredError, Gaussian),
    (losses.BinaryCrossentropy, Binomial),
    (losses.CategoricalCrossentropy, Multinomial),
    (losses.SparseCategoricalCrossentropy, Multinomial),
    (losses.Poisson, Poisson),
    (losses.GaussianNLL, GaussianOfSpread),
)


def family_of(loss: Any) -> Family | None:
    """Return the distribution whose negative log likelihood is a loss; None for other losses.

    Smoothed labels, ignored classes and classes that are not on the last axis have none.
    """
    if getattr(loss, "label_smoothing", 0.0) or getattr(loss, "axis", -1) != -1:
        return None
    if getattr(loss, "ignore_class", None) is not None:
        return None
    for kind, family in FAMILIES:
        if type(loss) is kind:
            return family(loss)
    return None


PIECEWISE_LINEAR = (
    losses.CategoricalHinge, losses.Hinge, losses.MeanAbsoluteError,
    losses.MeanAbsolutePercentageError, losses.Pinball,
)  # fmt: skip


def is_piecewise_linear(loss: Any) -> bool:
    """Return whether a loss bends only at kinks, so that second derivatives say nothing of it.

    For a list of losses, one for each output, this holds if it does for any of them.
    """
    parts = loss if isinstance(loss, (list, tuple)) else [loss]
    return any(isinstance(part, PIECEWISE_LINEAR) for part in parts)


def _crossed(jacobian: Array, weights: Array) -> Array:
    """Return the sum of ``weight * d d'`` over rows and outputs."""
    flat = jacobian.reshape(-1, jacobian.shape[-1])
    made: Array = flat.T @ (flat * weights.reshape(-1, 1))
    return made


def _x_log_x(x: Array) -> Array:
    return np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0)), 0.0)


def _sigmoid(x: Array) -> Array:
    made: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return made
