"""Effective degrees of freedom of a network, linearised at its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST = 100_000_000  # numbers of a Jacobian
SMALL = 1e-10  # of the largest singular value: smaller ones count as 0
MOST_PENALIZED = 3_000  # weights up to which a matrix of all pairs is solved


def effective_degrees(model: Any, x: Any, y: Any) -> float:
    """Return the trace of ``J (J'WJ + P)^-1 J'W``, see ``complexity_path``; NaN if too large.

    The loss is taken as squared error or as the log loss of probabilities, according to its kind.
    """
    function = model.loss_function(x, y)
    outputs = function.outputs()
    rows, width = outputs.shape
    if rows * width * function.size > LARGEST:
        return float("nan")
    root = _rooted(model, function.jacobian(), outputs)
    if function.penalty() == 0.0:
        values = np.linalg.svd(root, compute_uv=False)
        return float(np.count_nonzero(values > SMALL * values.max(initial=0.0)))
    if function.size > MOST_PENALIZED:
        return float("nan")
    curved = root.T @ root
    bent = np.diag(_second_derivatives(function))
    return float(np.trace(np.linalg.lstsq(curved + bent, curved, rcond=None)[0]))


def _rooted(model: Any, jacobian: Array, outputs: Array) -> Array:
    """Return S with ``S'S = J'WJ``, of shape (rows * outputs, weights)."""
    rows, width = outputs.shape
    name = type(model.loss).__name__
    logits = bool(getattr(model.loss, "from_logits", False))
    count = rows
    if name.startswith("Binary"):
        p = 0.5 * (1.0 + np.tanh(0.5 * outputs)) if logits else outputs
        spread = np.sqrt(np.maximum(p * (1.0 - p), np.finfo(float).tiny))
        scaled = jacobian * (spread if logits else 1.0 / spread)[:, :, None]
        count = rows * width
    elif "Crossentropy" in name:
        shifted = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        p = shifted / shifted.sum(axis=1, keepdims=True) if logits else outputs
        root = np.sqrt(np.maximum(p, np.finfo(float).tiny))
        if logits:  # diag(p) - p p' = L L' with L = diag(root) - p root'
            mean = np.einsum("nk,nks->ns", p, jacobian)
            scaled = root[:, :, None] * (jacobian - mean[:, None, :])
        else:
            scaled = jacobian / root[:, :, None]
    else:
        scaled, count = jacobian * np.sqrt(2.0), rows * width
    return np.asarray(scaled.reshape(rows * width, -1) / np.sqrt(count))


def _second_derivatives(function: Any) -> Array:
    """Return the penalties' second derivatives by each weight; penalties are sums over weights."""
    theta = function.weights
    step = 1e-4 * np.maximum(1.0, np.abs(theta))
    up, down = (function.penalty_gradient(theta + sign * step) for sign in (1.0, -1.0))
    return np.asarray(np.maximum((up - down) / (2.0 * step), 0.0))
