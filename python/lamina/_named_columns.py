"""Tables of inputs as given, arrays or data frames, with replaceable columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers, column_names
from lamina._strings import is_missing

Array = NDArray[Any]


class Table:
    """Rows and named columns of an array, a pandas or polars data frame, or a dict.

    A frame or dict is kept, so that a pipeline or a formula finds its columns and their types.

    Parameters
    ----------
    who : str
        The name of the caller, for messages.
    x : array_like of shape (rows, columns), a frame, or a dict of columns
    names : sequence of str, optional
        By default the names in a frame or dict, else x1, x2, ...
    """

    def __init__(self, who: str, x: Any, names: Sequence[str] | None = None) -> None:
        if hasattr(x, "collect_schema") and not hasattr(x, "__len__"):
            raise TypeError(f"{who}: x must be a table; got a {type(x).__name__}; pass x.collect()")
        _refuse_several(who, x)
        known = _names(x)
        self.who, self._frame = who, known is not None
        if isinstance(x, Mapping):
            self.data: Any = _columns(who, x)
            shape = len(next(iter(self.data.values()))), len(self.data)
        else:
            self.data = x if self._frame else _array(who, x)
            shape = self.data.shape
        self.rows, count = (int(n) for n in shape)
        default = [f"x{i + 1}" for i in range(count)] if known is None else known
        own = names is not None  # those of a frame may occur twice
        self.names = _check.names(who, "names", names if own else default, count, different=own)
        self._columns = list(known) if known is not None else list(range(count))
        if self.rows == 0:
            raise ValueError(f"{who}: x must have at least one row; got shape {shape}")

    def place(self, column: int | str) -> int:
        """Return the index of a column."""
        if isinstance(column, str) and column in self.names:
            return self.names.index(column)
        if isinstance(column, (int, np.integer)) and -len(self.names) <= column < len(self.names):
            return int(column) % len(self.names)
        raise ValueError(f"{self.who}: no column {column!r}; there are {', '.join(self.names)}")

    def places(self, columns: Any) -> list[int]:
        """Return the indices of columns; None means all."""
        if columns is None:
            return list(range(len(self.names)))
        single = isinstance(columns, (int, np.integer, str)) or not isinstance(columns, Iterable)
        found = [self.place(column) for column in ([columns] if single else columns)]
        if not found:
            raise ValueError(f"{self.who}: needs at least one column; got none")
        return found

    def places_of(self, columns: Iterable[str]) -> list[int]:
        """Return the indices of those columns of a frame that are among some."""
        wanted = set(columns)
        return [place for place, column in enumerate(self._columns) if column in wanted]

    def column(self, place: int) -> Array:
        """Return the values of a column."""
        values = self.data[self._columns[place]] if self._frame else self.data[:, place]
        return np.asarray(values)

    def different(self, place: int) -> Array:
        """Return the distinct values of a column that are not missing, in order.

        The categories of a frame's column are in their own order.
        """
        column = self.column(place)
        kind = getattr(self.data[self._columns[place]], "dtype", None) if self._frame else None
        levels = getattr(kind, "categories", None)
        if levels is not None and hasattr(levels, "to_list"):  # pandas, and an Enum of polars
            used = set(column.tolist())
            return np.array([level for level in levels.to_list() if level in used])
        if column.dtype.kind == "O":
            column = np.array([value for value in column.tolist() if not is_missing(value)])
        found: Array = np.unique(column)
        return found[~np.isnan(found)] if found.dtype.kind == "f" else found

    def numbers(self, place: int) -> Array:
        """Return a column as floats, none of which are missing."""
        what, column = f"column {self.names[place]!r}", self.column(place)
        first = next((v for v in column.tolist() if isinstance(v, str)), None)
        if first is not None:
            raise TypeError(
                f"{self.who}: {what} must hold numbers; got the string {first!r}; "
                f"partial_dependence takes categories"
            )
        values = as_numbers(self.who, what, column).astype(np.float64)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise ValueError(
                f"{self.who}: {what} must be finite; got {values[wrong[0]]} at row {wrong[0]}; "
                f"omit such rows"
            )
        return values

    def replaced(self, values: Mapping[int, Any]) -> Any:
        """Return the data with other values, of the same type, in some columns."""
        if not self._frame:
            made = np.array(self.data, np.result_type(self.data, *map(np.asarray, values.values())))
            for place, column in values.items():
                made[:, place] = column
            return made
        columns = {self._columns[p]: self._filled(column) for p, column in values.items()}
        if isinstance(self.data, dict):
            return {**self.data, **columns}
        if hasattr(self.data, "with_columns"):
            series = [type(self.data[name])(name, column) for name, column in columns.items()]
            return self.data.with_columns(series)
        frame = self.data.copy()
        for name, column in columns.items():
            kind = frame[name].dtype
            frame[name] = column
            if kind.kind not in "biuf":  # categories stay categories
                frame[name] = frame[name].astype(kind)
        return frame

    def _filled(self, column: Any) -> Array:
        return np.full(self.rows, column) if np.ndim(column) == 0 else np.asarray(column)

    def taken(self, rows: Any) -> Table:
        """Return a table with some of the rows."""
        if isinstance(self.data, dict):
            data: Any = {name: column[rows] for name, column in self.data.items()}
        else:
            data = self.data.iloc[rows] if hasattr(self.data, "iloc") else self.data[rows]
        found = Table(self.who, data)
        found.names = list(self.names)
        return found


def _refuse_several(who: str, x: Any) -> None:
    by_name = isinstance(x, Mapping)
    parts = list(x.values()) if by_name else x
    if not isinstance(parts, (list, tuple)):
        return
    shapes = [np.shape(part) for part in parts if hasattr(part, "shape")]
    wide = (np.prod(shape[1:]) > 1 if by_name else len(shape) > 1 for shape in shapes)
    if len(shapes) == len(parts) and any(wide):
        kind = "dict" if by_name else "list"
        raise ValueError(
            f"{who}: x must be one table; got a {kind} of {len(shapes)} arrays of shapes "
            f"{', '.join(map(str, shapes))}.  For a model with several inputs, join their columns "
            f"to a table, and give a function of it that splits it and calls predict"
        )


def _names(x: Any) -> list[Any] | None:
    if isinstance(x, Mapping):
        return list(x)
    return None if isinstance(x, np.ndarray) else column_names(x)


def _columns(who: str, x: Mapping[Any, Any]) -> dict[Any, Array]:
    columns = {name: _flat(np.asarray(column)) for name, column in x.items()}
    shapes = {column.shape for column in columns.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        got = ", ".join(f"{name}: {column.shape}" for name, column in columns.items())
        raise ValueError(f"{who}: columns of x must have the same length, shape (rows,); got {got}")
    return columns


def _flat(column: Array) -> Array:
    """Return a column of shape (rows,), also of one of shape (rows, 1), an input of its own."""
    return column[:, 0] if column.ndim == 2 and column.shape[1] == 1 else column


def _array(who: str, x: Any) -> Array:
    array = as_numbers(who, "x", x)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ValueError(f"{who}: x must be a table of rows and columns; got shape {array.shape}")
    return array
