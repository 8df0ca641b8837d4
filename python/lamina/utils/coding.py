"""Integers as zeros and ones: a row per label or word, or a row per document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _check
from lamina._calls import answering_calls
from lamina._tensors.dataflow import mappable

Array = NDArray[Any]


@mappable
@answering_calls
def to_categorical(x: ArrayLike, num_classes: int | None = None, dtype: str = "float32") -> Array:
    """Return integer labels as one-hot rows: element (i, x[i]) is 1, all others are 0.

    Parameters
    ----------
    x : array_like of int, shape (n,), (n, 1) or any
        Labels from 0 to ``num_classes - 1``.  A last axis of size 1 is dropped, as in Keras.
    num_classes : int, optional
        Number of columns; by default the largest label + 1.
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of shape (..., num_classes)

    Raises
    ------
    ValueError
        If a label is outside the range (the message names its row) or not an integer.

    Examples
    --------
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    who = "to_categorical"
    labels = _check.numeric(who, "x", x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f":
        wrong = np.flatnonzero(~(np.isfinite(labels) & (labels == np.floor(labels))))
        if wrong.size:
            value = labels.flat[wrong[0]]
            raise ValueError(f"{who}: labels must be whole numbers; got {value} at {wrong[0]}")
    if num_classes is None:
        if labels.size == 0:
            raise ValueError(f"{who}: no labels given; num_classes is needed")
        classes = max(int(labels.max()), 0) + 1
    else:
        classes = _check.integer(who, "num_classes", num_classes)
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if outside.size:
        value = labels.flat[outside[0]]
        raise ValueError(
            f"{who}: labels must be in [0, {classes}); got {value} at row {outside[0]}"
        )
    _check.elements(who, "result shape", (labels.size, classes))
    return _one_hot(labels, classes, _check.dtype(who, dtype))


@answering_calls
def smooth_labels(
    x: ArrayLike, epsilon: float, num_classes: int | None = None, dtype: str = "float32"
) -> Array:
    """Return integer labels as rows with ``1 - epsilon`` at the label.

    Each of the other classes has ``epsilon / (num_classes - 1)``, which are the probabilities if
    the label is wrong with probability ``epsilon``, and then equally likely to be any other class
    (Goodfellow, Bengio and Courville, "Deep learning", 7.5.1).  They are targets for
    ``categorical_crossentropy``.

    ``CategoricalCrossentropy(label_smoothing=s)`` distributes ``s`` over all classes, including
    that of the label, as in Keras.  Both are the same if ``s = epsilon * num_classes / (num_classes
    - 1)``.

    Parameters
    ----------
    x : array_like of int, shape (n,), (n, 1) or any
        Labels from 0 to ``num_classes - 1``.
    epsilon : float
        In [0, 1].
    num_classes : int, optional
        At least 2; by default the largest label + 1.
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of shape (..., num_classes)
        Each row adds up to 1.

    Raises
    ------
    ValueError
        If a label or ``epsilon`` is outside the range, or there is only one class.

    Examples
    --------
    >>> from lamina.utils import smooth_labels
    >>> smooth_labels([0, 2], 0.1).round(2)
    array([[0.9 , 0.05, 0.05],
           [0.05, 0.05, 0.9 ]], dtype=float32)

    With Keras's argument:

    >>> from lamina.losses import CategoricalCrossentropy
    >>> p, s = [[0.7, 0.2, 0.1]], 0.1 * 3 / 2
    >>> mine = CategoricalCrossentropy()(smooth_labels([0], 0.1, 3), p)
    >>> keras = CategoricalCrossentropy(label_smoothing=s)([[1.0, 0.0, 0.0]], p)
    >>> round(float(mine), 6) == round(float(keras), 6)
    True
    """
    share = _check.number("smooth_labels", "epsilon", epsilon, low=0.0, high=1.0)
    y = to_categorical(x, num_classes, dtype)
    classes = y.shape[-1]
    if classes < 2:
        raise ValueError(f"smooth_labels: needs at least 2 classes; got {classes}")
    off = share / (classes - 1)
    smoothed: Array = (off + y * (1.0 - share - off)).astype(y.dtype)
    return smoothed


@answering_calls
def one_hot(x: ArrayLike, num_classes: int, axis: int = -1, dtype: str = "float32") -> Array:
    """Return integers as one-hot vectors along a new axis, for instance words as rows of 0 and 1.

    Documents of equal length (`pad_sequences`), of shape (documents, length), become (documents,
    length, num_classes): the input of a recurrent layer.  `multi_hot` returns one row per document
    instead.

    Parameters
    ----------
    x : array_like of int, any shape
        Integers from 0 to ``num_classes - 1``.
    num_classes : int
        Length of the new axis, the size of the vocabulary.
    axis : int, default -1
        Position of the new axis in the result; the last by default.
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of shape (..., num_classes), the new axis moved to `axis`

    Raises
    ------
    TypeError
        If `x` does not hold integers.
    ValueError
        If a number is outside the range; the message names it and its position.  (Keras's
        ``ops.one_hot`` returns zeros there.)

    Examples
    --------
    >>> from lamina.utils import one_hot
    >>> one_hot([1, 3, 0], 4)
    array([[0., 1., 0., 0.],
           [0., 0., 0., 1.],
           [1., 0., 0., 0.]], dtype=float32)
    >>> one_hot([[1, 3, 0], [2, 2, 2]], 4).shape
    (2, 3, 4)
    """
    who = "one_hot"
    classes = _check.integer(who, "num_classes", num_classes)
    numbers = _integers(who, "x", x)
    _in_range(who, "x", numbers, classes)
    kind = _check.dtype(who, dtype)
    _check.elements(who, "result shape", (*numbers.shape, classes))
    axes = numbers.ndim + 1
    low = -axes
    place = _check.integer(who, "axis", axis, low)
    if place >= axes:
        raise ValueError(f"{who}: axis must be in [{low}, {axes}); got {axis}")
    hot = _one_hot(numbers, classes, kind)
    return np.ascontiguousarray(np.moveaxis(hot, -1, place))


@answering_calls
def multi_hot(
    sequences: ArrayLike | Sequence[ArrayLike], num_classes: int, dtype: str = "float32"
) -> Array:
    """Return documents as rows of 0 and 1: element (i, k) is 1 if document i contains word k.

    This document-term matrix can be used to classify texts with a dense network; the order and the
    number of occurrences of words are lost.

    Parameters
    ----------
    sequences : sequence of integer sequences, or array_like of int of shape (..., length)
        Documents of any length, possibly empty, as word numbers from 0 to ``num_classes - 1``.  A
        single document returns a single row, as in Keras.
    num_classes : int
        Number of columns, the size of the vocabulary.
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of shape (documents, num_classes), or (..., num_classes) for an array

    Raises
    ------
    TypeError
        If a document does not hold integers.
    ValueError
        If a word number is outside the range; the message names it, the document and the position.

    Examples
    --------
    >>> from lamina.utils import multi_hot
    >>> multi_hot([[1, 3, 1], [], [0]], 4)
    array([[0., 1., 0., 1.],
           [0., 0., 0., 0.],
           [1., 0., 0., 0.]], dtype=float32)
    """
    who = "multi_hot"
    classes = _check.integer(who, "num_classes", num_classes)
    kind = _check.dtype(who, dtype)
    leading, rows = _documents(who, sequences)
    _check.elements(who, "result shape", (*leading, classes))
    for i, row in enumerate(rows):
        _in_range(who, f"sequences[{i}]", row, classes)
    hot = np.zeros((len(rows), classes), dtype=kind)
    for i, row in enumerate(rows):
        hot[i, row.astype(np.intp, copy=False)] = 1
    return hot.reshape((*leading, classes))


def _documents(who: str, sequences: Any) -> tuple[tuple[int, ...], list[Array]]:
    """Return the leading shape of the result and the numbers in each document."""
    if isinstance(sequences, np.ndarray) and sequences.dtype != object:
        numbers = _integers(who, "sequences", sequences)
        if numbers.ndim == 0:
            raise ValueError(f"{who}: sequences must have at least one axis; got a single number")
        leading = numbers.shape[:-1]
        count = int(np.prod(leading, dtype=np.int64))
        return leading, list(numbers.reshape(count, numbers.shape[-1]))
    if isinstance(sequences, (str, bytes)) or not isinstance(sequences, (Sequence, np.ndarray)):
        raise TypeError(
            f"{who}: sequences must be a list of integer sequences; got {type(sequences).__name__}"
        )
    if len(sequences) and not any(hasattr(row, "__len__") for row in sequences):
        return (), [_integers(who, "sequences", sequences)]
    rows = [_integers(who, f"sequences[{i}]", row) for i, row in enumerate(sequences)]
    for i, row in enumerate(rows):
        if row.ndim != 1:
            raise ValueError(f"{who}: sequences[{i}] must have one axis; got shape {row.shape}")
    return (len(rows),), rows


def _integers(who: str, name: str, value: Any) -> Array:
    array = _check.numeric(who, name, value)
    if array.size == 0 and not isinstance(value, np.ndarray):
        return array.astype(np.int64)  # an empty list has no integer type
    if array.dtype.kind not in "iu":
        raise TypeError(f"{who}: {name} must hold integers; got dtype {array.dtype}")
    return array


def _in_range(who: str, name: str, numbers: Array, classes: int) -> None:
    if numbers.size == 0 or (numbers.min() >= 0 and numbers.max() < classes):
        return
    first = int(np.argmax((numbers < 0) | (numbers >= classes)))
    place = tuple(int(i) for i in np.unravel_index(first, numbers.shape))
    where = place[0] if len(place) == 1 else place
    raise ValueError(
        f"{who}: {name} must be in [0, {classes}); got {numbers.flat[first]} at {where}"
    )


def _one_hot(numbers: Array, classes: int, dtype: str) -> Array:
    hot = np.zeros((numbers.size, classes), dtype=dtype)
    hot[np.arange(numbers.size), numbers.ravel().astype(np.intp)] = 1
    return hot.reshape((*numbers.shape, classes))
