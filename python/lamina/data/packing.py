"""Helpers for batches: their parts, and splitting a data set in two."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.data.dataset import Dataset
from lamina.data.stages import Ahead, Batched, Rows
from lamina.data.values import together
from lamina.random import SHUFFLE, Stream, mix, next_seed, seed_value


@answering_calls
def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return a batch in the form in which ``fit`` takes it from a source.

    Examples
    --------
    >>> from lamina.utils import pack_x_y_sample_weight
    >>> pack_x_y_sample_weight([[1.0]], [0])
    ([[1.0]], [0])
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


@answering_calls
def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return the parts of a batch, with None for missing ones.

    Raises
    ------
    ValueError
        If a tuple has more than three parts.

    Examples
    --------
    >>> from lamina.utils import unpack_x_y_sample_weight
    >>> unpack_x_y_sample_weight(([[1.0]], [0]))
    ([[1.0]], [0], None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"unpack_x_y_sample_weight: data must be x, (x, y) or (x, y, sample_weight); got "
            f"{len(data)} parts"
        )
    parts = (*data, None, None)
    return parts[0], parts[1], parts[2]


@answering_calls
def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,  # noqa: ARG001
) -> tuple[Dataset, Dataset]:
    """Return two data sets of the rows of one, or of arrays.

    Parameters
    ----------
    dataset : Dataset, array, or list or tuple of arrays with the same number of rows
        Batches are split into rows, and batched again.
    left_size, right_size : int or float, optional
        Number of rows, or a share in (0, 1); one of them may be omitted.
    shuffle : bool, default False
        Draw the rows of each part at random.
    seed : int, optional
        Seed of the draw; by default from the sequence of ``set_random_seed``.

    Returns
    -------
    (Dataset, Dataset)

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.utils import split_dataset
    >>> left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), [int(v) for v in right]
    (8, [8, 9])
    """
    who = "split_dataset"
    rows, batch = _rows_of(who, dataset)
    order = np.asarray(rows.order(0))
    left, right = _sizes(who, left_size, right_size, len(order))
    if _check.boolean(who, "shuffle", shuffle):
        root = next_seed() if seed is None else seed_value(who, seed)
        order = order[Stream(mix(root, SHUFFLE)).permutation(len(order))]
    parts = []
    for numbers in (order[:left], order[len(order) - right :]):
        part = Dataset(rows.ordered(functools.partial(_as_given, numbers), len(numbers)))
        parts.append(part if batch is None else part.batch(batch))
    return parts[0], parts[1]


def _as_given(numbers: Array, turn: int) -> Array:  # noqa: ARG001
    return numbers


def _rows_of(who: str, dataset: Any) -> tuple[Rows, int | None]:
    """Return the rows, which can be taken by number, and the number of rows in a batch."""
    if not isinstance(dataset, Dataset):
        given = tuple(dataset) if isinstance(dataset, (list, tuple)) else dataset
        if isinstance(dataset, list) and not all(np.ndim(part) for part in dataset):
            given = np.asarray(dataset)
        dataset = Dataset.from_tensor_slices(given)
    stage = dataset._stage
    while isinstance(stage, Ahead):
        stage = stage.stage
    batch = stage.batch if isinstance(stage, Batched) else None
    stage = stage.rows if isinstance(stage, Batched) else stage
    if not isinstance(stage, Rows):  # they have to be stored
        held = list(stage.go(0))
        if not held:
            raise ValueError(f"{who}: dataset must have rows; got none")
        stage = Dataset.from_tensor_slices(together(np.stack, held))._stage
    assert isinstance(stage, Rows)
    return stage, batch


def _sizes(who: str, left: float | None, right: float | None, total: int) -> tuple[int, int]:
    """Return the number of rows of each part."""
    if left is None and right is None:
        raise ValueError(f"{who}: needs left_size or right_size")
    one, other = (_size(who, n, s, total) for n, s in (("left_size", left), ("right_size", right)))
    if one is None or other is None:
        for name, size in (("left_size", one), ("right_size", other)):
            if size is not None and size > total:
                raise ValueError(f"{who}: {name} must be at most the {total} rows; got {size}")
        one = total - (other or 0) if one is None else one
        other = total - one if other is None else other
    if one + other > total:
        raise ValueError(
            f"{who}: left_size and right_size must be at most the {total} rows together; got "
            f"{left} and {right}"
        )
    if one == 0 or other == 0:
        raise ValueError(f"{who}: both parts must have rows; got {one} and {other} of {total}")
    return one, other


def _size(who: str, name: str, size: float | None, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, float):
        share = _check.number(who, name, size, 0.0, 1.0, high_open=True)
        return round(share * total)
    return _check.integer(who, name, size)
