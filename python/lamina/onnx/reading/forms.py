"""The forms of weights: ONNX's arrays as the kernels read them, with Keras's shapes.

A form is a tuple that begins with its kind.  It is applied to an array when a file is read, or
recorded for a tensor if several operators read the same weight in different forms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops

Form = tuple[Any, ...]

# For each of Keras's gates, the index in ONNX: i, f, c, o of i, o, f, c; z, r, h are the same.
GATES = {1: (0,), 3: (0, 1, 2), 4: (0, 2, 3, 1)}


def permuted(*order: int) -> Form:
    """Return the form with the axes in another order."""
    return ("permute", *order)


def kernel(axes: int) -> Form:
    """Return the form of (filters, channels, ...) as (..., channels, filters)."""
    return permuted(*range(2, axes), 1, 0)


def depthwise(channels: int) -> Form:
    """Return the form of (channels * multiplier, 1, ...) as (..., channels, multiplier)."""
    return ("depthwise", channels)


def gates(count: int) -> Form:
    """Return the form of (directions, gates * units, n) as (directions, n, gates * units)."""
    return ("gates", count)


def biases(count: int, apart: bool) -> Form:
    """Return the form of the two biases of each gate: their sums, or (directions, 2, ...)."""
    return ("biases", count, apart)


def applied(form: Form, w: Any) -> Any:
    """Return an array, or a tensor, in the form."""
    kind, *settings = form
    shape = tuple(np.shape(w)) if isinstance(w, np.ndarray) else tuple(ops.shape(w))
    if kind == "permute":
        return ops.transpose(w, settings)
    if kind == "depthwise":
        (channels,) = settings
        split = ops.reshape(w, (channels, shape[0] // channels, *shape[2:]))
        return ops.transpose(split, (*range(2, len(shape)), 0, 1))
    if kind == "gates":
        return _in_order(ops.transpose(w, (0, 2, 1)), settings[0])
    count, apart = settings
    units = shape[1] // (2 * count)
    both = _in_order(ops.reshape(w, (shape[0], 2, count * units)), count)
    return both if apart else ops.sum(both, axis=1)


def _in_order(w: Any, count: int) -> Any:
    """Return the last axis with its gates in Keras's order."""
    order = GATES[count]
    if order == tuple(range(count)):
        return w
    parts = ops.split(w, count, axis=-1)
    return ops.concatenate([parts[i] for i in order], axis=-1)
