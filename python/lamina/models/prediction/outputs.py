"""The outputs of a model for many rows: in interruptible calls, or in batches with hooks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina import _core
from lamina._check import Array
from lamina.callbacks import CallbackList
from lamina.callbacks.callback import TICK

# Rows that predict and evaluate process at a time by default; fewer if the plan for that many rows
# would need more memory than a block may (``block`` of a predictor or a graph).
BLOCK = 1024
BOUND_BATCH = 32  # if outputs of a row depend on other rows of its batch: Keras's default
CALL = 64  # batches per call into the engine; Ctrl-C is handled between calls


class Watch:
    """Reports the progress of a prediction to callbacks.

    Parameters
    ----------
    model : Predicting
    hooks : CallbackList
    may_stop : bool
        Whether ``model.stop_predicting`` ends it: not if the rows are processed out of order.

    Attributes
    ----------
    batches : bool
        Whether a hook is called before or after every batch.
    """

    def __init__(self, model: Any, hooks: CallbackList, may_stop: bool) -> None:
        self._model, self._hooks, self._may_stop = model, hooks, may_stop
        self._ticks = hooks["on_predict_tick"]
        self._due = time.perf_counter() + TICK if self._ticks else math.inf
        self._done = 0
        self.batches = hears_batches(hooks)
        model.stop_predicting = False

    @property
    def ticking(self) -> bool:
        """Whether a hook is called at intervals of time."""
        return bool(self._ticks)

    @property
    def stopped(self) -> bool:
        """Whether a hook has requested the end."""
        return self._may_stop and bool(self._model.stop_predicting)

    def begin(self) -> None:
        """Report that a batch begins."""
        self._hooks.call("on_predict_batch_begin", self._done, {})

    def end(self, outputs: list[Array] | None, batches: int = 1) -> None:
        """Report that batches are done, with the ``outputs`` of the batch if hooks get each one."""
        self.tell(self._model._packed(outputs) if self.batches else None, batches)

    def tell(self, outputs: Any, batches: int = 1) -> None:
        """Report that batches are done; ``outputs`` are as returned by ``predict``."""
        self._done += batches
        if self.batches:
            self._hooks.call("on_predict_batch_end", self._done - 1, {"outputs": outputs})
        if self._ticks and time.perf_counter() >= self._due:
            for hook in self._ticks:
                hook(self._done - 1, {})
            self._due = time.perf_counter() + TICK


def hears_batches(hooks: CallbackList) -> bool:
    """Return whether a hook is called before or after every batch of a prediction."""
    return bool(hooks["on_predict_batch_begin"] or hooks["on_predict_batch_end"])


def in_calls(
    predictor: _core.Predictor,
    inputs: list[Array],
    rows: int,
    seed: int = 0,
    watch: Watch | None = None,
) -> list[Array]:
    """Return the outputs for all rows, in several interruptible calls with the bits of one."""
    batches = min(max(CALL, BLOCK // rows), max(1, CALL * BLOCK // rows))
    if watch is not None and watch.ticking:
        batches = max(1, BLOCK // rows)
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
        if watch is not None:
            watch.end(None, -(-len(part[0]) // rows))
    return whole


def in_batches(
    predictor_for: Callable[[int], _core.Predictor],
    inputs: list[Array],
    rows: int,
    watch: Watch | None = None,
    seed: int = 0,
) -> list[Array]:
    """Return the outputs for all rows, calling the hooks around each batch.

    ``predictor_for`` returns a predictor for batches of a number of rows.
    """
    parts: list[list[Array]] = []
    for index, start in enumerate(range(0, len(inputs[0]), rows)):
        if parts:
            refuse_numbers(parts[0], f"{len(inputs[0])} rows in batches of {rows}")
        if watch is not None:
            watch.begin()
        part = [x[start : start + rows] for x in inputs]
        parts.append(predictor_for(len(part[0])).predict(part, rows, seed, index))
        if watch is not None:
            watch.end(parts[-1])
            if watch.stopped:
                break
    if not parts:
        one = [np.zeros((1, *x.shape[1:]), x.dtype) for x in inputs]
        outputs = predictor_for(1).predict(one, 1)
        refuse_numbers(outputs, "no rows")
        return [y[:0] for y in outputs]
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]


def refuse_numbers(outputs: Sequence[Array], rows: str) -> None:
    """Raise ValueError if an output is a number, without an axis along which to join batches.

    ``rows`` describes rows that were not given in a single batch.
    """
    for place, y in enumerate(outputs):
        if y.ndim == 0:
            which = f"output {place} is" if len(outputs) > 1 else "the output is"
            raise ValueError(
                f"predict: {which} one number for a batch, so all rows must be in one: give "
                f"batch_size, or call the model; got {rows}"
            )


def joined_batches(made: Sequence[Any]) -> Any:
    """Return the outputs of several batches, in any structure, concatenated."""
    first = made[0]
    if len(made) == 1:
        return first
    if isinstance(first, dict):
        return {key: joined_batches([each[key] for each in made]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(joined_batches(each) for each in zip(*made, strict=True))
    refuse_numbers([first], f"{len(made)} batches")
    return np.concatenate(made)


def joined(places: list[Any], made: list[list[Array]], rows: int) -> list[Any]:
    """Return the outputs of all parts in the order of the rows.

    ``places`` are the rows of each part; outputs whose rows differ in shape are lists.
    """
    if len(made) == 1 and places[0] is None:
        return list(made[0])
    refuse_numbers(made[0], "rows of unequal shape")
    results: list[Any] = []
    for pieces in zip(*made, strict=True):
        alike = len({y.shape[1:] for y in pieces}) == 1
        whole: Any = (
            np.empty((rows, *pieces[0].shape[1:]), pieces[0].dtype) if alike else [None] * rows
        )
        for rows_of_part, piece in zip(places, pieces, strict=True):
            for i, y in zip(rows_of_part, piece, strict=True):
                whole[i] = y
        results.append(whole)
    return results
