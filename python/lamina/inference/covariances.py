"""Covariances of estimated weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.inference.likelihoods import Family, Gaussian, Rows

Array = NDArray[Any]

KINDS = ("hessian", "sandwich", "HC0", "HC1", "HC2", "HC3", "cluster", "opg", "fisher")


@dataclass
class Pieces:
    """The parts from which covariances are made, all for the weights that are kept.

    Attributes
    ----------
    inverse : ndarray of shape (size, size)
        The inverse of ``hessian``, if there is one.
    hessian, penalty : ndarray of shape (size, size)
        Second derivatives of the sum of the rows' losses and penalties, and of the penalties alone.
    scores : ndarray of shape (rows, size)
        Derivatives of each row's loss.
    df : float
        The degrees of freedom used by the weights: tr(H^-1 (H - P)).
    scale : float
        The sum of the rows' losses over the model's loss: the number of rows for a mean.
    """

    family: Family | None
    rows: Rows
    inverse: Array
    hessian: Array
    penalty: Array
    scores: Array
    df: float
    scale: float
    groups: Array | None = None

    @property
    def factor(self) -> float:
        """The ratio of a row's negative log likelihood to its loss."""
        return 1.0 if self.family is None else self.family.factor(self.rows, self.df)


def covariance_of(
    kind: str, pieces: Pieces, jacobian: Callable[[], Array], invert: Callable[[Array], Array]
) -> Array:
    """Return the covariance of the weights.

    ``jacobian()`` returns the derivatives of the outputs, of shape (rows, outputs, size);
    ``invert`` inverts matrices other than the Hessian.
    """
    if kind == "hessian":
        return pieces.inverse / _needed(kind, pieces).factor
    if kind == "opg":
        factor = _needed(kind, pieces).factor
        return invert(factor**2 * _crossed(pieces.scores) + factor * pieces.penalty)
    if kind == "fisher":
        family = _needed(kind, pieces).family
        assert family is not None
        information = family.information(pieces.rows, jacobian(), pieces.df)
        return invert(information + pieces.factor * pieces.penalty)
    middle = _clustered(pieces) if kind == "cluster" else _robust(kind, pieces, jacobian)
    made: Array = pieces.inverse @ middle @ pieces.inverse
    return made


def _needed(kind: str, pieces: Pieces) -> Pieces:
    if pieces.family is None:
        raise ValueError(
            f"inference: covariance={kind!r} needs a loss that is a negative log likelihood, such "
            f"as mse or a cross-entropy; covariance='sandwich' is valid for any loss with "
            f"curvature; for mae and pinball, bootstrap"
        )
    return pieces


def _crossed(scores: Array) -> Array:
    made: Array = scores.T @ scores
    return made


def _robust(kind: str, pieces: Pieces, jacobian: Callable[[], Array]) -> Array:
    scores, n = pieces.scores, pieces.rows.count
    if kind == "HC1":
        return _crossed(scores) * n / max(n - pieces.df, np.finfo(float).tiny)
    if kind in ("HC2", "HC3"):
        left = 1.0 - leverages(kind, pieces, jacobian)[:, None]
        scores = scores / (np.sqrt(left) if kind == "HC2" else left)
    return _crossed(scores)


def leverages(kind: str, pieces: Pieces, jacobian: Callable[[], Array]) -> Array:
    """Return the effect of each row's target on its own output: w_i j_i' (H / 2)^-1 j_i."""
    if not isinstance(pieces.family, Gaussian) or pieces.family.terms(pieces.rows) != 1:
        raise ValueError(
            f"inference: covariance={kind!r} needs mean squared error and one output value per "
            f"row; use 'HC0' or 'HC1'"
        )
    of_output = jacobian()[:, 0]
    along = np.einsum("np,pq,nq->n", of_output, 2.0 * pieces.inverse, of_output)
    made: Array = pieces.rows.weights * along
    return made


def _clustered(pieces: Pieces) -> Array:
    """Return the sum over groups, with the small-sample factor of Stata and statsmodels."""
    if pieces.groups is None:
        raise ValueError("inference: covariance='cluster' needs groups, a label for each row")
    labels, place = np.unique(pieces.groups, return_inverse=True)
    count, n = len(labels), pieces.rows.count
    if count < 2:
        raise ValueError("inference: groups must have at least two labels; got one")
    sums = np.zeros((count, pieces.scores.shape[1]))
    np.add.at(sums, place.ravel(), pieces.scores)
    factor = count / (count - 1.0) * (n - 1.0) / max(n - pieces.df, np.finfo(float).tiny)
    return factor * _crossed(sums)
