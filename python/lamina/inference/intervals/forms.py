"""The structure of a model's outputs: one array, or a list, tuple or dict of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._check import Array, Shape
from lamina._strings import holds_strings


@dataclass(frozen=True)
class Form:
    """The structure of outputs or targets, and the shapes of their rows.

    Attributes
    ----------
    kind : type
        ndarray, list, tuple or dict.
    names : tuple
        The keys of a dict.
    shapes : tuple of tuple of int
        The shape of a row of each array.
    """

    kind: type
    names: tuple[Any, ...]
    shapes: tuple[Shape, ...]

    @classmethod
    def of(cls, who: str, found: Any) -> Form:
        """Return the form of outputs; raise TypeError if they are nested."""
        names: tuple[Any, ...] = ()
        kind: type
        if isinstance(found, np.ndarray):
            kind, arrays = np.ndarray, [found]
        elif isinstance(found, Mapping):
            kind, names, arrays = dict, tuple(found), list(found.values())
        else:
            kind, arrays = type(found), list(found)
        if not all(isinstance(array, np.ndarray) for array in arrays):
            raise TypeError(
                f"{who}: needs a model whose output is an array, or a list, tuple or dict of "
                f"arrays; got {type(found).__name__} of {type(arrays[0]).__name__}"
            )
        return cls(kind, names, tuple(tuple(array.shape[1:]) for array in arrays))

    @property
    def shape(self) -> Shape:
        """The shape of a row of one array, or the count of numbers in a row of all arrays."""
        return self.shapes[0] if self.kind is np.ndarray else (sum(map(math.prod, self.shapes)),)

    def parts(self, given: Any) -> list[Any]:
        """Return the entries of a structure of this form, one for each array."""
        if self.kind is np.ndarray:
            return [given]
        return [given[name] for name in self.names] if self.kind is dict else list(given)

    def flat(self, found: Any) -> Array:
        """Return outputs as (rows, outputs), float64; there may be no rows."""
        made = [by_output(part) for part in self.parts(found)]
        return made[0] if len(made) == 1 else np.concatenate(made, axis=1)

    def whole(self, flat: Array) -> Any:
        """Return (rows, outputs) in this form."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])[:-1]
        columns = np.split(flat, ends, axis=1)
        made = [c.reshape(len(c), *s) for c, s in zip(columns, self.shapes, strict=True)]
        if self.kind is np.ndarray:
            return made[0]
        if self.kind is dict:
            return dict(zip(self.names, made, strict=True))
        return tuple(made) if self.kind is tuple else made


def by_output(predicted: Array) -> Array:
    """Return numbers of any shape with rows as (rows, outputs), float64; there may be no rows."""
    outputs = math.prod(predicted.shape[1:])
    return predicted.astype(np.float64).reshape(len(predicted), outputs)


def real_targets(who: str, y: Any, form: Form, rows: int) -> Array:
    """Return targets of shape (rows, outputs) in float64, or raise if they do not fit.

    A last axis of size 1 may be missing or superfluous, as in ``fit``.
    """
    if form.kind is np.ndarray:
        return _real(who, y, form.shapes[0], rows)
    fits = isinstance(y, Mapping if form.kind is dict else (list, tuple))
    fits = fits and len(y) == len(form.shapes) and all(name in y for name in form.names)
    if not fits:
        raise TypeError(
            f"{who}: y must hold {len(form.shapes)} arrays in a {form.kind.__name__}, like the "
            f"outputs; got {type(y).__name__}"
        )
    parts = zip(form.parts(y), form.shapes, strict=True)
    return np.concatenate([_real(who, part, shape, rows) for part, shape in parts], axis=1)


def _real(who: str, y: Any, row_shape: Shape, rows: int) -> Array:
    if y is None:
        raise TypeError(f"{who}: y is None; needs a target for each of {rows} rows of x")
    try:
        texts = holds_strings(np.asarray(y))
        given = None if texts else np.asarray(y, np.float64)
    except (TypeError, ValueError):
        given = None
    if given is None:
        raise TypeError(
            f"{who}: y must hold real numbers, the targets of a regression; got {y!r:.80}"
        )
    if given.ndim == 0 or len(given) != rows:
        found = "is a number" if given.ndim == 0 else f"has {len(given)}"
        raise ValueError(
            f"{who}: x and y must have the same number of rows; x has {rows}, y {found}"
        )
    if _squeezed(given.shape[1:]) != _squeezed(row_shape):
        raise ValueError(
            f"{who}: y must have rows of the predictions' shape {row_shape}; got rows of shape "
            f"{given.shape[1:]}"
        )
    made = by_output(given)
    bad = np.flatnonzero(~np.isfinite(made).all(axis=1))
    if bad.size:
        raise ValueError(f"{who}: y must be finite; row {bad[0]} is not")
    return made


def _squeezed(shape: Shape) -> Shape:
    return shape[:-1] if shape and shape[-1] == 1 else shape
