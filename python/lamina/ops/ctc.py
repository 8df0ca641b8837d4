"""Connectionist temporal classification: the likelihood of label sequences, and decoding."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import by_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import converted, floats
from lamina.ops._numbers import integer
from lamina.ops.arithmetic import negative
from lamina.ops.comparisons import equal, less, logical_and, logical_or, where
from lamina.ops.gathering import take_along_axis
from lamina.ops.joining import concatenate
from lamina.ops.reductions import argmax
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import sum as sum_of
from lamina.ops.shaping import expand_dims
from lamina.ops.sorting import argsort

__all__ = ["ctc_decode", "ctc_loss"]


@operation
def ctc_loss(
    target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0
) -> Any:
    """Return minus the log-probability of each row's labels given its steps.

    All alignments count, with repeated labels and blanks between labels, which are dropped: Graves
    et al. 2006, "Connectionist temporal classification".  It is computed in logarithms, in float64,
    and is accurate even for extreme logits.

    Parameters
    ----------
    target : tensor or array_like of int, shape (rows, labels)
        Labels; those beyond a row's length are ignored.
    output : tensor or array_like of shape (rows, steps, classes)
        Logits, before the softmax.
    target_length, output_length : tensor or array_like of int, shape (rows,)
        Number of labels and of steps in each row.
    mask_index : int, default 0
        The class of the blank, which is no label.

    Returns
    -------
    tensor or ndarray of shape (rows,)
        Infinite if there are too few steps for the labels, without a gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.ctc_loss([[1]], np.zeros((1, 2, 3), "float32"), [1], [2]).round(4)
    array([1.0986], dtype=float32)
    """
    labels, x = converted(given(target), "int32"), floats(output)
    counts = [converted(given(n), "int32") for n in (target_length, output_length)]
    if x.ndim != 3 or labels.ndim != 2 or any(n.ndim != 1 for n in counts):
        raise ValueError(
            f"ctc_loss: needs target (rows, labels), output (rows, steps, classes) and two lengths "
            f"(rows,); got {shown(labels)}, {shown(x)}, {shown(counts[0])} and {shown(counts[1])}"
        )
    blank = integer("ctc_loss", "mask_index", mask_index, 0)
    return _row_by_row("ctc", [x, labels, *counts], blank)


@operation
def ctc_decode(
    inputs: Any, sequence_lengths: Any, strategy: str = "greedy", beam_width: int = 100,
    top_paths: int = 1, merge_repeated: bool = True, mask_index: int = 0,
) -> Any:  # fmt: skip
    """Return the labels decoded from each row's steps, and their scores.

    Parameters
    ----------
    inputs : tensor or array_like of shape (rows, steps, classes)
        Logits, before the softmax.
    sequence_lengths : tensor or array_like of int, shape (rows,)
        Number of steps in each row.
    strategy : {"greedy", "beam_search"}, default "greedy"
        Whether to take the most likely class of each step, or to search for the most likely labels
        over all alignments.
    beam_width : int, default 100
        Number of prefixes that the search keeps at each step.
    top_paths : int, default 1
        Number of results, the most likely first; at most `beam_width`.
    merge_repeated : bool, default True
        Whether repeated classes are merged by the greedy strategy.
    mask_index : int, default 0
        The class of the blank, which is no label.

    Returns
    -------
    labels : tensor or ndarray of int32, shape (paths, rows, steps)
        Padded with -1.
    scores : tensor or ndarray of shape (rows, paths)
        Log-probabilities; for the greedy strategy minus the sum of the largest logits, as in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> logits = np.log([[[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]])
    >>> ops.ctc_decode(logits.astype("float32"), [4])[0]
    array([[[ 1,  2, -1, -1]]], dtype=int32)
    >>> labels, scores = ops.ctc_decode(logits.astype("float32"), [4], "beam_search", top_paths=2)
    >>> labels[:, 0], np.exp(scores).round(3)
    (array([[ 1,  2, -1, -1],
           [ 1, -1, -1, -1]], dtype=int32), array([[0.656, 0.079]], dtype=float32))
    """
    x, lengths = floats(inputs), converted(given(sequence_lengths), "int32")
    if x.ndim != 3 or lengths.ndim != 1:
        raise ValueError(
            f"ctc_decode: needs inputs (rows, steps, classes) and lengths (rows,); "
            f"got {shown(x)} and {shown(lengths)}"
        )
    blank = integer("ctc_decode", "mask_index", mask_index, 0)
    choice("ctc_decode", "strategy", strategy, ("greedy", "beam_search"))
    width = integer("ctc_decode", "beam_width", beam_width, 1)
    paths = integer("ctc_decode", "top_paths", top_paths, 1)
    if strategy == "greedy":
        return _greedy(x, lengths, merge_repeated, blank)
    if paths > width:
        raise ValueError(f"ctc_decode: top_paths must be at most beam_width, {width}; got {paths}")
    labels, scores = _row_by_row("ctc_beams", [x, lengths], width, paths, blank)
    return _paths_first(labels), scores


def _row_by_row(kind: str, tensors: list[Tensor], *settings: int) -> Any:
    """Record an operation on rows; a tensor without the batch's rows gets its own rows."""
    if any(t.rows for t in tensors):
        return record(kind, *[by_rows(t) for t in tensors], *settings)
    made = record(kind, *[record("own_rows", t) for t in tensors], *settings)
    if isinstance(made, list):
        return [record("of_own_rows", each) for each in made]
    return record("of_own_rows", made)


def _greedy(x: Tensor, lengths: Tensor, merge_repeated: bool, blank: int) -> Any:
    steps = x.shape[1]
    places = np.arange(steps, dtype=np.int32)
    there = less(places, expand_dims(lengths, -1))
    classes = where(there, argmax(x, axis=-1), blank)
    scores = where(there, max_of(x, axis=-1), 0.0)
    none = equal(classes, blank)
    if merge_repeated and steps > 1:
        same = equal(classes[:, 1:], classes[:, :-1])
        none = logical_or(none, concatenate([logical_and(none[:, :1], False), same], axis=1))
    labels = where(none, -1, classes)
    order = argsort(where(none, steps, places), axis=-1)
    return _paths_first(expand_dims(take_along_axis(labels, order, axis=-1), 1)), expand_dims(
        negative(sum_of(scores, axis=1)), -1
    )


def _paths_first(labels: Tensor) -> Any:
    from lamina.ops.shaping import transpose

    return transpose(labels, (1, 0, 2))
