"""Tables of results: columns of equal length, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._public import PublicKeywords

Array = NDArray[Any]

_SHOWN = 20  # number of rows shown; of longer tables the first and the last ones
_DIGITS = 4
_WIDEST = 60  # characters of a cell


class Columns(PublicKeywords, Mapping[str, Array]):
    """A table of results: NumPy columns of equal length by name, as a mapping.

    Parameters
    ----------
    columns : dict of str to array_like of shape (rows,)
        The columns in their order.  Values of several types, and arrays of unequal shape, become a
        column of objects.
    title : str, default ""
        A line printed above the table.
    note : str, default ""
        Lines printed below it.
    leave_empty : bool, default False
        Omit columns that are empty in all rows from the text.
    fixed : sequence of str, optional
        Columns of numbers in which the smallest are printed as 0.0000, with the digits of the
        others.

    Attributes
    ----------
    rows : int
        Number of rows; ``len`` is the number of columns, as for a dict.

    Examples
    --------
    >>> import lamina
    >>> table = lamina.utils.Columns({"fit": ["a", "b"], "loss": [0.25, 1 / 3]})
    >>> table
    fit    loss
    a    0.2500
    b    0.3333
    >>> table["loss"].mean() < 0.3, table.row(0)
    (np.True_, {'fit': 'a', 'loss': 0.25})
    """

    def __init__(
        self, columns: Mapping[str, Any], title: str = "", note: str = "", *,
        leave_empty: bool = False, fixed: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._columns = {name: _column(name, values) for name, values in _checked(columns).items()}
        lengths = {name: len(values) for name, values in self._columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Columns: all columns must have the same length; got {lengths}")
        self.rows = next(iter(lengths.values()), 0)
        self.title, self.note = title, note
        self._leave_empty, self._fixed = leave_empty, tuple(fixed)

    def __getitem__(self, name: str) -> Array:
        """Return a column."""
        if name not in self._columns:
            row = f"; row({name}) is a row" if isinstance(name, int) else ""
            raise KeyError(f"no column {name!r}; there are {', '.join(self._columns)}{row}")
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the columns."""
        return iter(self._columns)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._columns)

    def row(self, index: int) -> dict[str, Any]:
        """Return one row as a dict of Python values; negative indices count from the end."""
        cells = {name: values[index] for name, values in self._columns.items()}
        return {n: v.item() if isinstance(v, np.generic) else v for n, v in cells.items()}

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with these columns; pandas must be installed."""
        try:
            import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]
        except ImportError as error:
            raise ImportError(
                "to_pandas needs pandas: pip install pandas; dict(table) has the same columns as "
                "NumPy arrays"
            ) from error
        return pd.DataFrame(dict(self._columns))

    def __repr__(self) -> str:
        """Return the table as text, numbers with four digits, NaN as -."""
        lines = [self.title] if self.title else []
        lines += self._lines()
        if self.rows > _SHOWN:
            lines.append(f"[{self.rows} rows, {len(self)} columns]")
        lines += [self.note] if self.note else []
        return "\n".join(lines)

    def _lines(self) -> list[str]:
        half = _SHOWN // 2
        cut = self.rows > _SHOWN
        both = [*range(half), *range(self.rows - half, self.rows)]
        shown = both if cut else list(range(self.rows))
        drawn = [
            _drawn(name, values, shown, name in self._fixed)
            for name, values in self._columns.items()
            if not (self._leave_empty and self.rows and all(map(_is_empty, values)))
        ]
        lines = ["  ".join(cells).rstrip() for cells in zip(*drawn, strict=True)]
        if cut:
            lines.insert(1 + half, "...")
        return lines


def _checked(columns: Any) -> Mapping[str, Any]:
    if not isinstance(columns, Mapping):
        raise TypeError(f"Columns: columns must be a dict of columns by name; got {columns!r:.80}")
    for name in columns:
        if not isinstance(name, str):
            raise TypeError(f"Columns: names of columns must be strings; got {name!r:.80}")
    return columns


def _column(name: str, values: Any) -> Array:
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return values
    single = isinstance(values, (str, bytes)) or getattr(values, "ndim", 1) == 0
    if single or not isinstance(values, Iterable):
        raise TypeError(f"Columns: column {name!r} must be a list of values; got {values!r:.80}")
    values = list(values)
    kinds = {_kind_of(each) for each in set(map(type, values))}
    if len(kinds) == 1 and kinds != {object}:
        return np.array(values)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _kind(value: Any) -> type:
    return _kind_of(type(value))


def _kind_of(type_: type) -> type:
    if issubclass(type_, (bool, np.bool_)):
        return bool
    if issubclass(type_, (int, float, np.number)):
        return float
    return str if issubclass(type_, str) else object


def _is_empty(value: Any) -> bool:
    return _cell(value, None) in ("", "-")


def _drawn(name: str, values: Array, shown: Sequence[int], fixed: bool) -> list[str]:
    """Return the cells of a column, heading first, padded, with numbers aligned right."""
    places = _places(values[shown], fixed) if values.dtype.kind == "f" else None
    cells = [_cell(values[i], places) for i in shown]
    width = max(map(len, [name, *cells]))
    right = all(_kind(values[i]) is float or values[i] is None for i in shown)
    return [cell.rjust(width) if right else cell.ljust(width) for cell in [name, *cells]]


def _places(values: Array, fixed: bool) -> int | None:
    """Return the number of decimals for a whole column; None if cells differ."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if fixed and sizes.size:
        sizes = sizes[sizes >= 1e-4 * sizes.max()]
    if not sizes.size or sizes.max() > 1e5 * sizes.min() or not 1e-4 <= sizes.max() < 1e7:
        return None
    most = max(0, _DIGITS - 1 - int(np.floor(np.log10(np.median(sizes)))))
    if fixed:
        return most
    exact = (p for p in range(most) if np.allclose(np.round(sizes, p), sizes, rtol=1e-12, atol=0))
    return next(exact, most)


def _cell(value: Any, places: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, (float, np.floating)):
        if np.isnan(value):
            return "-"
        return _number(float(value)) if places is None else f"{_rounded(value, places):.{places}f}"
    text = " ".join(str(value).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _rounded(value: Any, places: int) -> float:
    return round(float(value), places) + 0.0  # no -0.0


def _number(value: float) -> str:
    """Return four significant digits, and all digits before the decimal point."""
    if not np.isfinite(value) or value == 0:
        return f"{value:g}"
    if 1e-4 <= abs(value) < 1e7:
        places = max(0, _DIGITS - 1 - int(np.floor(np.log10(abs(value)))))
        text = f"{value:.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{_DIGITS - 1}e}"
