"""The network behind ``multinom``: no hidden units, a score for each class, that of the first 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import _screen, ops
from lamina.layers import Dense, Input
from lamina.models import Sequential
from lamina.nnet.formulas.variables import Array
from lamina.nnet.multinomial.rows import Rows
from lamina.regularizers import L2

WHO = "multinom"


@dataclass
class Found:
    """Where the search ended.

    Attributes
    ----------
    coefficients : ndarray (classes, columns)
        Those of the first class are 0.
    value : float
        The sum of the rows' losses, and the decay's part.
    fitted_values : ndarray (rows, classes), of two classes (rows, 1)
    convergence : int
        0, or 1 where ``maxit`` iterations did not suffice.
    counts : int
        Of iterations.
    """

    coefficients: Array
    value: float
    fitted_values: Array
    convergence: int
    counts: int


def search(rows: Rows, censored: bool, settings: Mapping[str, Any]) -> Found:
    """Return the coefficients for which the loss is the least, by R's search from 0."""
    columns, classes = rows.x.shape[1], len(rows.labels)
    _room_for(rows, settings["MaxNWts"], settings["trace"])
    inputs = rows.x if rows.offset is None else np.concatenate([rows.x, rows.offset], axis=1)
    width = inputs.shape[1]
    decay = settings["decay"]
    scores = Dense(classes, use_bias=False, kernel_regularizer=L2(decay) if decay else None)
    model = Sequential([Input((width,)), scores], dtype="float64")
    model.compile(loss=_censored if censored else _entropy)
    # The loss is a mean over the rows, R's a sum: its stopping rule asks how large it is.
    function = model.loss_function(inputs, rows.y, rows.weights * len(inputs))
    start, mask = np.zeros((width, classes)), np.zeros((width, classes), bool)
    start[columns:] = np.eye(classes)[: width - columns]
    mask[:columns, 1:] = True
    found = function.minimize(
        start.ravel(), maxit=settings["maxit"], abstol=settings["abstol"],
        reltol=settings["reltol"], mask=mask.ravel(),
        report=_report if settings["trace"] else None,
    )  # fmt: skip
    if settings["trace"]:
        _screen.write(f"final  value {found.fun:f} ")
        ended = "converged" if found.success else f"stopped after {found.nit} iterations"
        _screen.write(ended)
    kernel = found.x.reshape(width, classes)
    fitted = softmax(inputs @ kernel)
    return Found(
        kernel[:columns].T, found.fun, fitted[:, 1:] if rows.two_classes else fitted,
        0 if found.success else 1, found.nit,
    )  # fmt: skip


def softmax(scores: Array) -> Array:
    """Return the probabilities of classes by their scores, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _room_for(rows: Rows, most: int, trace: bool) -> None:
    outputs = 1 if rows.two_classes else len(rows.labels)
    offsets = 0 if rows.offset is None else (1 if outputs == 1 else outputs)
    count = outputs * (1 + rows.x.shape[1] + offsets)
    variable = (len(rows.labels) - 1) * rows.x.shape[1]
    if count > most:
        raise ValueError(
            f"{WHO}: the model must have at most MaxNWts={most} weights; it has {count}: give a "
            f"larger MaxNWts, or fewer columns"
        )
    if trace:
        _screen.write(f"# weights:  {count} ({variable} variable)")


def _report(_: int, iterations: int, value: float) -> None:
    begun = f"iter{iterations:4d} value" if iterations else "initial  value"
    _screen.write(f"{begun} {value:f}{'' if iterations else ' '}")


def _entropy(y: Any, scores: Any) -> Any:
    """Return -y log(p), summed over the classes."""
    return -ops.sum(y * ops.log_softmax(scores, axis=-1), axis=-1)


def _censored(y: Any, scores: Any) -> Any:
    """Return -log of the probability of all classes that are possible."""
    log_p = ops.log_softmax(scores, axis=-1)
    possible = ops.where(y > 0.0, log_p, ops.full_like(log_p, -1e300))
    return -ops.logsumexp(possible, axis=-1)
