"""A linear predictor with a link function: the form of every fitted baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._coding import linked
from lamina.baselines.problem import matrix

Array = NDArray[Any]


class Baseline:
    """A fitted baseline: ``link((x - mean) / scale @ coefficients + intercept)``.

    Attributes
    ----------
    name : str
        Such as ``"lasso"``.
    coefficients : ndarray of shape (columns, outputs)
        The coefficients of the standardised columns; ``coefficients / scale[:, None]`` are those of
        the original columns.
    intercept : ndarray of shape (outputs,)
    mean, scale : ndarray of shape (columns,)
        The statistics of the training rows; missing values are replaced by the mean.
    link : {"identity", "sigmoid", "softmax"}
    penalty : ndarray
        The weight of the penalty that cross-validation chose, for each output that has its own;
        empty without a penalty.
    converged : bool
        Whether the last fit met its tolerance.
    """

    def __init__(
        self,
        name: str,
        coefficients: Array,
        intercept: Array,
        scaling: Scaling,
        link: str,
        penalty: Array,
        converged: bool = True,
    ) -> None:
        self.name, self.link, self.penalty, self.converged = name, link, penalty, converged
        self.coefficients, self.intercept = coefficients, intercept
        self._scaling = scaling
        self.mean, self.scale = scaling.mean, scaling.scale

    @property
    def parameters(self) -> int:
        """The number of coefficients that are not 0, and of intercepts.

        Without a penalty, those of one of several classes follow from the others and are not
        counted.
        """
        sets = len(self.intercept)
        if self.link == "softmax" and sets > 1 and not self.penalty.size:
            sets -= 1
        return int(np.count_nonzero(self.coefficients[:, :sets])) + sets

    def predict(self, x: Any) -> Array:
        """Return predictions of shape (rows, outputs): numbers or probabilities.

        Parameters
        ----------
        x : array_like of shape (rows, ...)
            Rows in the form that the network takes.
        """
        return self.predict_matrix(matrix(f"{self.name}: predict", x))

    def predict_matrix(self, x: Array) -> Array:
        """Return the predictions for a float64 matrix of shape (rows, columns)."""
        return linked(self.link, self._scaling(x) @ self.coefficients + self.intercept)

    def __repr__(self) -> str:
        """Return the name and the number of parameters."""
        return f"<Baseline {self.name}, {self.parameters} parameters>"


class Scaling:
    """Standardising by the training rows: mean 0, standard deviation 1, constants to 0."""

    def __init__(self, x: Array, weights: Array) -> None:
        known = ~np.isnan(x)
        counted = weights[:, None] * known
        total = np.maximum(counted.sum(axis=0), np.finfo(np.float64).tiny)
        self.mean = np.where(known, x * weights[:, None], 0.0).sum(axis=0) / total
        square = np.where(known, np.square(x - self.mean) * weights[:, None], 0.0).sum(axis=0)
        spread = np.sqrt(square / total)
        constant = spread <= 1e-12 * np.maximum(1.0, np.abs(self.mean))
        self.scale = np.where(constant, 1.0, spread)
        self._kept = np.where(constant, 0.0, 1.0)

    def __call__(self, x: Array) -> Array:
        """Return standardised rows; missing values become the mean, 0."""
        scaled = (x - self.mean) / self.scale * self._kept
        return np.where(np.isnan(scaled), 0.0, scaled)
