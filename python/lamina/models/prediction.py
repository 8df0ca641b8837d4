"""How rows go through a predictor: in calls that can be interrupted, in batches with hooks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lamina import _core
from lamina._check import Array
from lamina.callbacks import CallbackList

# Rows that predict and evaluate take at a time where nothing else is said; fewer where the plan of
# so many would need more memory than a block may (``block`` of a predictor or a graph).
BLOCK = 1024
BOUND_BATCH = 32  # where a model has to know how many rows a batch has: Keras's number
CALL = 64  # batches of one call into the engine, between which Ctrl-C is heard


def in_calls(
    predictor: _core.Predictor, inputs: list[Array], rows: int, seed: int = 0
) -> list[Array]:
    """Return the outputs for all rows: several calls give the bits of one, and hear signals."""
    batches = min(max(CALL, BLOCK // rows), max(1, CALL * BLOCK // rows))
    count, step = len(inputs[0]), batches * rows
    first = predictor.predict([x[:step] for x in inputs], rows, seed)
    if count <= step:
        return first
    whole = [np.empty((count, *y.shape[1:]), y.dtype) for y in first]
    for start in range(0, count, step):
        part = [x[start : start + step] for x in inputs]
        pieces = predictor.predict(part, rows, seed, start // rows) if start else first
        for y, piece in zip(whole, pieces, strict=True):
            y[start : start + step] = piece
    return whole


def in_batches(
    predictor_for: Callable[[int], _core.Predictor],
    inputs: list[Array],
    rows: int,
    hooks: CallbackList,
    seed: int = 0,
) -> list[Array]:
    """Return the outputs for all rows, calling the hooks around each batch.

    ``predictor_for`` returns what predicts for batches of a number of rows.
    """
    hooks.call("on_predict_begin", {})
    parts = []
    for index, start in enumerate(range(0, len(inputs[0]), rows)):
        hooks.call("on_predict_batch_begin", index, {})
        part = [x[start : start + rows] for x in inputs]
        parts.append(predictor_for(len(part[0])).predict(part, rows, seed, index))
        hooks.call("on_predict_batch_end", index, {})
    hooks.call("on_predict_end", {})
    if not parts:
        one = [np.zeros((1, *x.shape[1:]), x.dtype) for x in inputs]
        return [y[:0] for y in predictor_for(1).predict(one, 1)]
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
