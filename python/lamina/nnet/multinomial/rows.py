"""The rows that ``multinom`` fits, and the merging of equal rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamina import _screen
from lamina.nnet.formulas import ModelFrame
from lamina.nnet.formulas.variables import Array, level_text
from lamina.nnet.r_numbers import formatted

WHO = "multinom"


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


def rows_of(frame: ModelFrame, censored: bool) -> Rows:
    """Return the data of the fit: columns, the response with one column per class, weights."""
    (x, names), shown = frame.with_intercept, repr(frame.formula)
    if frame.y is None:
        raise ValueError(f"{WHO}: formula must have a response on its left side; got {shown}")
    if not x.shape[1]:
        raise ValueError(f"{WHO}: formula must have a column on its right side; got {shown}")
    weights = np.ones(len(x)) if frame.weights is None else frame.weights
    if (weights < 0).any():
        raise ValueError(f"{WHO}: weights must be >= 0; got {weights.min():g}")
    if frame.y.ndim == 2:
        y, weights = _of_counts(frame.y, weights, censored)
        labels = frame.labels or [str(k + 1) for k in range(y.shape[1])]
        return Rows(x, y, weights, _offset(frame, y.shape[1]), names, None, labels)
    levels, codes = frame.levels, frame.y
    if levels is None:
        found, codes = np.unique(frame.y, return_inverse=True)
        as_given = bool if frame.logical else int if frame.whole else float
        levels = tuple(map(as_given, found))
    if len(levels) < 2:
        raise ValueError(
            f"{WHO}: the response must have two or more classes; got "
            f"{', '.join(map(level_text, levels)) or 'none'} alone"
        )
    y = np.eye(len(levels))[codes]
    offset = _offset(frame, len(levels))
    return Rows(x, y, weights, offset, names, levels, [level_text(v) for v in levels])


def _of_counts(counts: Array, weights: Array, censored: bool) -> tuple[Array, Array]:
    if counts.shape[1] < 2:
        raise ValueError(
            f"{WHO}: a matrix response must have two or more columns; got {counts.shape[1]}"
        )
    if (counts < 0).any():
        raise ValueError(f"{WHO}: a matrix response must hold counts >= 0; got {counts.min():g}")
    totals = counts.sum(axis=1)
    if (totals == 0).any():
        raise ValueError(
            f"{WHO}: each row of a matrix response must have a count above 0; got none in row "
            f"{int(np.flatnonzero(totals == 0)[0])}: leave it out with subset"
        )
    return (counts, weights) if censored else (counts / totals[:, None], weights * totals)


def _offset(frame: ModelFrame, classes: int) -> Array | None:
    return None if frame.offset is None else offset_of_classes(frame.offset, classes)
