"""A Hessian's rank and flat directions, found before it is inverted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Differences of gradients are accurate to about nine digits; smaller values count as zero.
TOLERANCE = 1e-8
SHOWN = 4  # weights of a direction, and directions, named in messages


class SingularHessianError(ValueError):
    """Raised by ``inference(singular="raise")`` if the Hessian has no inverse.

    Attributes
    ----------
    rank : int
    null_directions : ndarray of shape (flat directions, weights)
    """

    def __init__(self, text: str, rank: int, null_directions: Array) -> None:
        super().__init__(text)
        self.rank, self.null_directions = rank, null_directions


class Curvature:
    """A symmetric matrix of second derivatives.

    Rank and signs are those of the matrix scaled to a unit diagonal, so that they do not depend on
    the units of the inputs.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
    names : sequence of str
        The names of the weights, for messages.
    scales : ndarray of shape (n,), optional
        Comparable changes of the weights; a weight whose second derivative in these units is
        negligible counts as one on which the loss does not depend.

    Attributes
    ----------
    rank : int
    negative : int
        The number of negative eigenvalues; there are none at a minimum.
    condition : float
        The condition of the scaled matrix: the ratio of its largest to its smallest eigenvalue, in
        absolute value.
    null_directions : ndarray of shape (n - rank, n)
        Directions in which the weights can change without changing the loss, each with a 1 at a
        weight where the others have a 0.
    """

    def __init__(self, matrix: Array, names: Sequence[str], scales: Array | None = None) -> None:
        self.matrix, self.names = matrix, list(names)
        units = np.ones(len(matrix)) if scales is None else scales
        diagonal = units * np.sqrt(np.abs(np.diag(matrix)))
        largest = float(diagonal.max(initial=0.0))
        self._scale = np.where(diagonal > 1e-8 * largest, diagonal, largest or 1.0) / units
        scaled = matrix / np.outer(self._scale, self._scale)
        self._values, self._vectors = np.linalg.eigh(scaled)
        sizes = np.abs(self._values)
        least = TOLERANCE * float(sizes.max(initial=0.0))
        self._kept = sizes > least
        self.rank = int(self._kept.sum()) if largest > 0 else 0
        self.negative = int((self._values < -least).sum())
        smallest = float(sizes.min(initial=np.inf))
        self.condition = float(sizes.max(initial=0.0)) / smallest if smallest > 0 else np.inf
        self.null_directions = self._directions()

    @property
    def size(self) -> int:
        """The number of weights."""
        return len(self.names)

    @property
    def definite(self) -> bool:
        """Whether the loss curves upwards in every direction."""
        return self.rank == self.size and self.negative == 0

    def inverse(self) -> Array:
        """Return the inverse, or NaN for a matrix that is not positive definite."""
        if not self.definite:
            return np.full((self.size, self.size), np.nan)
        scaled = (self._vectors / self._values) @ self._vectors.T
        made: Array = scaled / np.outer(self._scale, self._scale)
        return made

    def pseudo_inverse(self) -> Array:
        """Return the Moore-Penrose inverse of the part that curves upwards; NaN without curvature.

        Zeros, the inverse of zeros, would be read as weights that are known exactly.
        """
        if self.rank == 0:
            return np.full((self.size, self.size), np.nan)
        flat = self._vectors[:, ~(self._kept & (self._values > 0))] / self._scale[:, None]
        q = np.linalg.qr(flat)[0]
        across = np.eye(self.size) - q @ q.T
        values, vectors = np.linalg.eigh(across @ self.matrix @ across)
        kept = np.argsort(values)[q.shape[1] :]
        made: Array = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
        return made

    def _directions(self) -> Array:
        basis = (self._vectors[:, ~self._kept] / self._scale[:, None]).T
        return _echelon(basis / np.abs(basis).max(axis=1, keepdims=True, initial=1e-300))

    def said(self) -> list[str]:
        """Return lines that explain why the matrix is not the inverse of a covariance."""
        if self.rank == 0:
            return [
                "The loss has no curvature: it is piecewise linear, like that of absolute errors "
                "and of quantiles, or does not depend on the weights.  Standard errors of such a "
                "loss "
                "need a bootstrap."
            ]
        lines = []
        if self.rank < self.size:
            lines.append(
                f"The Hessian is singular: its rank is {self.rank} of {self.size} weights. The "
                f"loss does not change along " + "; ".join(self._shown()) + "."
            )
        if self.negative:
            s = "" if self.negative == 1 else "s"
            lines.append(
                f"The Hessian has {self.negative} negative eigenvalue{s}: the weights are not at a "
                f"minimum of the loss; train further, for instance with optimizer='bfgs'."
            )
        return lines

    def _shown(self) -> list[str]:
        shown = [self._described(row) for row in self.null_directions[:SHOWN]]
        left = len(self.null_directions) - SHOWN
        return [*shown, f"and {left} more"] if left > 0 else shown

    def _described(self, direction: Array) -> str:
        order = np.argsort(-np.abs(direction), kind="stable")
        order = order[np.abs(direction[order]) > 1e-4]
        parts = [f"{direction[i]:+.4g} {self.names[i]}" for i in order[:SHOWN]]
        more = f" and {len(order) - SHOWN} more" if len(order) > SHOWN else ""
        return "(" + ", ".join(parts) + more + ")"


def _echelon(rows: Array) -> Array:
    """Return combinations of rows, each with a 1 where all others have a 0."""
    rows = rows.copy()
    taken: list[int] = []
    for i in range(len(rows)):
        sizes = np.abs(rows[i])
        sizes[taken] = 0.0
        pivot = int(np.argmax(sizes))
        taken.append(pivot)
        rows[i] /= rows[i, pivot]
        for j in range(len(rows)):
            if j != i:
                rows[j] -= rows[j, pivot] * rows[i]
    rows[np.abs(rows) < 1e-7] = 0.0
    return rows
