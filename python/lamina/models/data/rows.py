"""Rows of unequal shape: series, texts and images of different sizes, one array each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._arrays import is_array
from lamina._check import Array, Shape

if TYPE_CHECKING:
    from lamina.models.data.inputs import Port


class Rows:
    """Rows of unequal shape, in place of an array of all of them.

    Parameters
    ----------
    arrays : list of ndarray
        One per row, all with the same number of axes.

    Attributes
    ----------
    shape : tuple of int or None
        Like that of an array; None for sizes that differ between rows.
    """

    def __init__(self, arrays: Sequence[Array]) -> None:
        self.arrays = list(arrays)
        sizes = zip(*(a.shape for a in self.arrays), strict=True)
        same = [n[0] if len(set(n)) == 1 else None for n in sizes]
        self.shape: tuple[Any, ...] = (len(self.arrays), *same)
        self.ndim = len(self.shape)
        self.dtype = np.result_type(*{a.dtype for a in self.arrays})

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.arrays)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        """Refuse: these rows are not an array."""
        raise ValueError(f"rows of {len(set(self.shapes))} shapes are not one array")

    def each(self, convert: Callable[[str, Array], Array], name: str) -> Rows:
        """Return ``convert(name of the row, row)`` for every row; errors name the row."""
        made = []
        for i, row in enumerate(self.arrays):
            shown = f"{name}[{i}]"
            try:
                made.append(convert(shown, row))
            except (ValueError, TypeError) as error:
                more = "" if shown in str(error) else f" of {shown}"
                raise type(error)(f"{error}{more}") from None
        return Rows(made)

    @property
    def shapes(self) -> list[Shape]:
        """The shape of each row."""
        return [a.shape for a in self.arrays]

    def stacked(self, places: Sequence[int] | Array) -> Array:
        """Return rows of equal shape as one array."""
        return np.stack([self.arrays[i] for i in places])

    def padded(self, places: Sequence[int] | Array, length: int) -> tuple[Array, Array]:
        """Return rows padded with zeros at the end to a length, and which steps are real."""
        first = self.arrays[places[0]]
        made = np.zeros((len(places), length, *first.shape[1:]), first.dtype)
        real = np.zeros((len(places), length), bool)
        for k, i in enumerate(places):
            row = self.arrays[i]
            made[k, : len(row)], real[k, : len(row)] = row, True
        return made, real


def gathered(x: Any, ports: Sequence[Port] | None) -> Any:
    """Return the inputs of a model with ``Rows`` in place of rows of unequal shape.

    ``ports`` is None if the inputs are known only from the data: a list of arrays then holds
    several inputs, unless their lengths differ.
    """
    if type(x) is np.ndarray and x.dtype != object:
        return x
    if ports is not None and len(ports) == 1 and not isinstance(x, Mapping):
        return _apart(x, ports[0].shape)
    shapes = None if ports is None else {port.name: port.shape for port in ports}
    if isinstance(x, Mapping):
        return {key: _apart(value, (shapes or {}).get(key)) for key, value in x.items()}
    if not isinstance(x, (list, tuple)):
        return _apart(x, None) if ports is None else x
    if ports is None:
        arrays = all(is_array(each) for each in x)
        together = arrays and len({np.shape(each)[:1] for each in x}) == 1  # inputs with equal rows
        rows = x if together else _apart(x, None)
        listed = arrays or any(_is_rows(each) for each in x)
        return rows if isinstance(rows, Rows) or not listed else _each(x, [None] * len(x))
    return _each(x, [port.shape for port in ports]) if len(x) == len(ports) else x


def _each(x: Any, shapes: Sequence[Any]) -> Any:
    return type(x)(_apart(value, shape) for value, shape in zip(x, shapes, strict=True))


def _is_rows(value: Any) -> bool:
    return isinstance(_apart(value, None), Rows)


def _apart(value: Any, shape: Shape | None) -> Any:
    """Return ``Rows`` for arrays of unequal shape, if the model accepts them; else the value."""
    if shape is not None and None not in shape:
        return value
    rows = _listed(value)
    if len(rows) == 0 or not all(hasattr(row, "__len__") for row in rows):
        return value
    rectangular = len({len(row) for row in rows}) == 1 and not (
        is_array(rows[0]) and len({np.shape(row) for row in rows}) > 1
    )
    if isinstance(value, (list, tuple)) and rectangular:
        return value  # NumPy can make an array from it
    try:
        arrays = [np.asarray(row) for row in rows]
    except ValueError:  # the rows are not arrays themselves: reported by later checks
        return value
    shapes = {a.shape for a in arrays}
    if len({a.ndim for a in arrays}) > 1 or arrays[0].ndim == 0 or arrays[0].dtype == object:
        return value
    return np.stack(arrays) if len(shapes) == 1 else Rows(arrays)


def _listed(value: Any) -> Any:
    """Return the rows in a list, or in an array or a series of objects; else None."""
    if isinstance(value, (list, tuple)):
        return value
    if str(getattr(value, "dtype", "")) == "object" and getattr(value, "ndim", 1) == 1:
        return value.to_numpy() if hasattr(value, "to_numpy") else value
    return ()
