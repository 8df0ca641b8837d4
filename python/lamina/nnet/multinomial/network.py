"""The network of ``multinom``: no hidden units, and a score for each class, 0 for the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.nnet.fitting import nnet
from lamina.nnet.formulas.variables import Array
from lamina.nnet.multinomial.rows import Rows

WHO = "multinom"


@dataclass
class Found:
    """The result of a search.

    Attributes
    ----------
    coefficients : ndarray (classes, columns)
        The coefficients; those of the first class are 0.
    value : float
        The sum of the rows' losses, plus decay.
    fitted_values : ndarray (rows, classes), for two classes (rows, 1)
    convergence : int
        0, or 1 if ``maxit`` iterations were not enough.
    """

    coefficients: Array
    value: float
    fitted_values: Array
    convergence: int


def search(rows: Rows, censored: bool, settings: Mapping[str, Any]) -> Found:
    """Return the coefficients with the smallest loss, by R's search from 0.

    The inputs are connected to the outputs (for two classes, only to the second).  The biases, the
    weights of the first class and those of the offsets, which are 1, are fixed.
    """
    columns, classes = rows.x.shape[1], len(rows.labels)
    offset = np.empty((len(rows.x), 0)) if rows.offset is None else rows.offset
    if rows.two_classes and rows.offset is not None:
        offset = offset[:, 1:] - offset[:, :1]
    outputs, offsets = (1 if rows.two_classes else classes), offset.shape[1]
    start = np.zeros((outputs, 1 + columns + offsets))
    mask = np.zeros(start.shape, bool)
    start[:, 1 + columns :] = np.eye(outputs)[:, :offsets]
    mask[0 if rows.two_classes else 1 :, 1 : 1 + columns] = True
    _room_for(start.size, settings["MaxNWts"])
    fit = nnet(
        np.concatenate([rows.x, offset], axis=1),
        rows.y[:, 1:] if rows.two_classes else rows.y,
        size=0, skip=True, weights=rows.weights, Wts=start.ravel(), mask=mask.ravel(),
        entropy=rows.two_classes, softmax=not rows.two_classes,
        censored=censored and not rows.two_classes, **settings,
    )  # fmt: skip
    found = np.zeros((classes, columns))
    found[-outputs:] = fit.wts.reshape(start.shape)[:, 1 : 1 + columns]
    fitted = probabilities(rows.x @ found.T, rows.offset, rows.two_classes)
    return Found(found, fit.value, fitted, fit.convergence)


def probabilities(scores: Array, offset: Array | None, two_classes: bool) -> Array:
    """Return the probabilities of classes; for two classes those of the second one, (rows, 1)."""
    scores = scores if offset is None else scores + offset
    return logistic(scores[:, 1:] - scores[:, :1]) if two_classes else softmax(scores)


def softmax(scores: Array) -> Array:
    """Return the probabilities of classes from their scores, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def logistic(scores: Array) -> Array:
    """Return the probabilities of the second class; as in R's nnet, 0 and 1 beyond 15."""
    within = np.clip(scores, -15.0, 15.0)
    return np.asarray(np.where(scores == within, 1.0 / (1.0 + np.exp(-within)), scores > 0))


def _room_for(weights: int, most: int) -> None:
    if weights > most:
        raise ValueError(
            f"{WHO}: the model must have at most MaxNWts={most} weights; it has {weights}: give a "
            f"larger MaxNWts, or fewer columns"
        )
