"""The rows that ``multinom`` fits, and the merging of equal rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamina import _screen
from lamina.nnet.formulas.variables import Array
from lamina.nnet.r_numbers import formatted


@dataclass
class Rows:
    """The data of a fit.

    Attributes
    ----------
    x : ndarray (rows, columns)
        The model matrix, including the column of the intercept.
    y : ndarray (rows, classes)
        The proportions of classes.
    weights : ndarray (rows,)
    offset : ndarray (rows, classes) or None
    coefnames : list of str
    levels : tuple or None
        The classes as in the data; None for a matrix response.
    labels : list of str
        The names of the classes.
    """

    x: Array
    y: Array
    weights: Array
    offset: Array | None
    coefnames: list[str]
    levels: tuple[Any, ...] | None
    labels: list[str]

    @property
    def two_classes(self) -> bool:
        """Whether there is one output, the probability of the second class."""
        return self.levels is not None and len(self.levels) == 2

    @property
    def rank(self) -> int:
        """The number of columns that do not depend on earlier ones, as R's ``qr`` counts them."""
        return len(independent(self.x))


def independent(x: Array) -> list[int]:
    """Return the columns that are not combinations of earlier ones, within 1e-7 of their length."""
    kept, places = np.empty((len(x), 0)), []
    for place, column in enumerate(x.T):
        rest = column - kept @ (kept.T @ column)
        rest -= kept @ (kept.T @ rest)  # once more, to remove rounding errors
        length = np.linalg.norm(rest)
        if length > 1e-7 * np.linalg.norm(column):
            kept = np.column_stack([kept, rest / length])
            places.append(place)
    return places


def offset_of_classes(offset: Array, classes: int) -> Array:
    """Return the offset of each class's score; a vector is that of the second of two classes."""
    if offset.ndim == 1 and classes == 2:
        return np.column_stack([np.zeros(len(offset)), offset])
    if offset.ndim == 1 or offset.shape[1] != classes:
        columns = 1 if offset.ndim == 1 else offset.shape[1]
        raise ValueError(
            f"multinom: the offset must have a column for each of {classes} classes; got {columns}"
        )
    return offset


def merged(rows: Rows, summ: int, tell: bool) -> Rows:
    """Return equal rows merged into one, with the sum of their weights; ``summ`` is R's.

    With 3, rows with equal columns are merged, and the response is their mean.  The rows are in R's
    order: for 1, of a sum in which later columns have larger factors; else of the first columns.
    """
    by_columns = summ == 3
    offset = np.empty((len(rows.x), 0)) if rows.offset is None else rows.offset
    parts = [rows.x, offset] if by_columns else [rows.x, offset, rows.y]
    found, first, group = np.unique(
        np.concatenate(parts, axis=1), axis=0, return_index=True, return_inverse=True
    )
    if summ == 1:
        coded = np.delete(found, -2, axis=1) if rows.two_classes else found  # R has one column
        order = np.argsort(coded @ np.cumprod(coded.max(axis=0) + 1.0), kind="stable")
        first, group = first[order], np.argsort(order)[group.ravel()]
    group = group.ravel()
    weights = np.bincount(group, rows.weights)
    sums = [np.bincount(group, rows.weights * column) for column in rows.y.T]
    y = rows.y[first]
    if by_columns:
        y = np.stack(sums, axis=1) / np.where(weights > 0, weights, 1.0)[:, None]
    if tell:
        sizes = formatted([len(first), rows.x.shape[1]])
        _screen.write(f"[1] {' '.join(sizes)}")
    return replace(
        rows, x=rows.x[first], y=y, weights=weights,
        offset=None if rows.offset is None else rows.offset[first],
    )  # fmt: skip
