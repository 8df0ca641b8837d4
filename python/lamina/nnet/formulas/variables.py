"""Variables of a model frame: numbers, truth values or a factor, some missing, one per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen
from lamina._arrays import column_names, ndim_of
from lamina._names import unknown
from lamina._strings import is_missing, plain_array
from lamina.nnet.formulas.expressions import number_text

Array = NDArray[Any]


@dataclass(eq=False)
class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """A variable as in R's model frames.

    Attributes
    ----------
    kind : {"numeric", "logical", "factor"}
    values : ndarray
        Numbers, and truth values as 0 and 1: float64 of shape (rows,) or (rows, columns), NaN for
        missing ones.  For a factor: the places of the levels, -1 for missing ones.
    columns : tuple of str
        The names of a matrix's columns; empty if it has none.
    levels : tuple
        The levels of a factor, as in the data.
    ordered : bool
    found : bool
        Whether the levels were found in the data, as for strings, rather than declared.
    contrast : Asked, optional
        The coding that ``C`` gave a factor.
    whole : bool
        Whether the numbers came as integers.
    text : bool
        Whether a factor stands for text, which numbers can be read from.
    """

    kind: str
    values: Array
    columns: tuple[str, ...] = ()
    levels: tuple[Any, ...] = ()
    ordered: bool = False
    found: bool = False
    contrast: Any = None
    whole: bool = False
    text: bool = False

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.values)

    @property
    def labels(self) -> list[str]:
        """The levels as R writes them."""
        return [level_text(level) for level in self.levels]

    @property
    def missing(self) -> Array:
        """Whether a value is missing, for each row."""
        gaps = self.values < 0 if self.kind == "factor" else np.isnan(self.values)
        return np.asarray(gaps if gaps.ndim == 1 else gaps.any(axis=1))

    def take(self, rows: Array) -> Variable:
        """Return the variable for some rows; levels that were found in all rows remain."""
        taken = replace(self, values=self.values[rows])
        return taken.drop_levels() if self.found else taken

    def drop_levels(self) -> Variable:
        """Return the factor without levels that no row has."""
        used = np.unique(self.values[self.values >= 0])
        places = np.full(len(self.levels) + 1, -1)
        places[used] = np.arange(len(used))
        levels = tuple(self.levels[i] for i in used)
        return replace(self, values=places[self.values], levels=levels)

    def plain(self) -> Any:
        """Return the operand for expressions: an array of numbers, or the variable itself."""
        return self.values if self.kind == "numeric" and self.values.ndim == 1 else self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return the numbers of a variable that is not a factor."""
        if self.kind == "factor":
            levels = ", ".join(self.labels[:3]) + ", ..." * (len(self.levels) > 3)
            if self.text:
                raise TypeError(
                    f"numbers are needed; got text, such as {levels}; as.numeric() of it gives the "
                    f"numbers that it consists of, as.numeric(factor()) the places of its levels"
                )
            raise TypeError(
                f"numbers are needed; got a factor, whose levels are {levels}; as.numeric() of it "
                f"gives the places of its levels"
            )
        return np.array(self.values, dtype) if copy else np.asarray(self.values, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **named: Any) -> Any:
        """Calculate with numbers and truth values, a vector with each column of a matrix."""
        numbers = [np.asarray(each) for each in inputs]
        if any(each.ndim == 2 for each in numbers):
            numbers = [each[:, None] if each.ndim == 1 else each for each in numbers]
        made = getattr(ufunc, method)(*numbers, **named)
        if not isinstance(made, np.ndarray) or made.ndim < 2:
            return made
        names = [each.columns for each in inputs if isinstance(each, Variable) and each.columns]
        return Variable("numeric", made, columns=names[0] if names else ())

    def __eq__(self, other: object) -> Any:
        """Return which rows of a factor have a given level, or that of another factor."""
        if isinstance(other, Variable):
            texts = [np.array([*each.labels, ""], object)[each.values] for each in (self, other)]
            return (texts[0] == texts[1]) & ~self.missing & ~other.missing
        return np.array([*(level_text(other) == label for label in self.labels), False])[
            self.values
        ]

    def __ne__(self, other: object) -> Any:
        """Return which rows of a factor have another level."""
        known = ~self.missing
        if isinstance(other, Variable):
            known &= ~other.missing
        return ~(self == other) & known

    def __lt__(self, other: object) -> Any:
        """Return which rows of an ordered factor have a level before the given one."""
        return self.values < self._place(other)

    def __le__(self, other: object) -> Any:
        """Return which rows have the given level or one before it."""
        return self.values <= self._place(other)

    def __gt__(self, other: object) -> Any:
        """Return which rows have a level after the given one."""
        return self.values > self._place(other)

    def __ge__(self, other: object) -> Any:
        """Return which rows have the given level or one after it."""
        return self.values >= self._place(other)

    def _place(self, other: object) -> Any:
        """Return the place of a level among those of an ordered factor."""
        if self.kind != "factor" or not self.ordered:
            raise TypeError("'<' and '>' are for numbers and ordered factors; got a factor")
        if isinstance(other, Variable):
            if other.labels != self.labels:
                raise ValueError("ordered factors must have the same levels to be compared")
            return other.values
        if level_text(other) not in self.labels:
            raise ValueError(
                f"an ordered factor is compared with one of its levels, {', '.join(self.labels)}; "
                f"got {other!r}"
            )
        return self.labels.index(level_text(other))

    __hash__ = None  # type: ignore[assignment]


def level_text(level: Any) -> str:
    """Return a level as R writes it."""
    if isinstance(level, (bool, np.bool_)):
        return "TRUE" if level else "FALSE"
    if isinstance(level, (int, float, np.integer, np.floating)):
        return number_text(float(level))
    return str(level)


# --- from values of any kind


def factor(values: Sequence[Any], levels: Sequence[Any] | None = None) -> Variable:
    """Return a factor of values, with its levels in order; they are sorted if none are given."""
    found = levels is None
    if levels is None:
        different = [v for v in set(values) if not is_missing(v)]
        try:
            levels = sorted(different)
        except TypeError:  # of several types
            levels = sorted(different, key=level_text)
    places = {level: i for i, level in enumerate(levels)}
    codes = np.array([places.get(v, -1) for v in values], np.int64)
    return Variable("factor", codes, levels=tuple(levels), found=found)


def variable(who: str, name: str, values: Any) -> Variable:
    """Return values, a column or the result of an expression, as a variable."""
    if isinstance(values, Variable):
        return values
    category = categorical(values)
    if category is not None:
        return category
    array = plain_array(values)
    if array.ndim == 0:
        raise ValueError(f"{who}: {name} must have one value per row; got {array.item()!r}")
    if array.ndim > 2:
        raise ValueError(f"{who}: {name} must have 1 or 2 axes; got shape {array.shape}")
    kind = array.dtype.kind
    if kind == "b":
        return Variable("logical", array.astype(np.float64))
    if kind in "iuf":
        return Variable("numeric", array.astype(np.float64), whole=kind != "f")
    if kind in "UST" and array.ndim == 1:
        return replace(factor(array.astype(str).tolist()), text=True)
    if kind == "O" and array.ndim == 1:
        return _of_objects(who, name, array.tolist())
    raise TypeError(
        f"{who}: {name} must hold numbers, truth values or categories; got dtype {array.dtype}; "
        f"convert it to one of these first"
    )


def _of_objects(who: str, name: str, values: list[Any]) -> Variable:
    types = {type(v) for v in values} - {type(None)}
    known = {type(v) for v in values if not is_missing(v)} if types - {str} else types
    if known and all(issubclass(each, (bool, np.bool_)) for each in known):
        kind = "logical"
    elif all(issubclass(each, (int, float, np.number, Decimal)) for each in known):
        kind = "numeric"
    elif all(issubclass(each, str) for each in known):
        return replace(factor(values), text=True)
    else:
        got = ", ".join(sorted(each.__name__ for each in known))
        raise TypeError(
            f"{who}: {name} must hold only numbers, only truth values or only strings; got {got}"
        )
    filled = [np.nan if is_missing(v) else float(v) for v in values]
    return Variable(kind, np.array(filled, np.float64))


def categorical(values: Any) -> Variable | None:
    """Return a categorical column of pandas, polars or Arrow as a factor; None for others."""
    dtype = str(getattr(values, "dtype", getattr(values, "type", "")))
    if dtype == "category":  # pandas
        held = getattr(values, "cat", values)
        codes = np.asarray(held.codes, np.int64)
        levels = tuple(np.asarray(held.categories).tolist())
        return Variable("factor", codes, levels=levels, ordered=bool(held.ordered))
    if dtype.startswith("Enum"):  # polars
        return factor(values.to_list(), values.dtype.categories.to_list())
    if dtype.startswith(("Categorical", "dictionary")):
        return factor(values.to_list() if hasattr(values, "to_list") else values.to_pylist())
    return None


def used_levels(who: str, response: Variable) -> Variable:
    """Return a response without levels that no row has, with a warning."""
    used = response.drop_levels()
    empty = [label for label in response.labels if label not in used.labels]
    if empty:
        shown = " ".join(f"'{label}'" for label in empty)
        _screen.warn(
            f"{who}: {'groups' if len(empty) > 1 else 'group'} {shown} "
            f"{'are' if len(empty) > 1 else 'is'} empty, and left out"
        )
    return used


# --- columns of data


class Columns:
    """The columns of a table, read as variables on demand."""

    def __init__(self, who: str, data: Any) -> None:
        self.who = who
        self.held = _columns(who, data)
        for name, values in self.held.items():
            if _length(values) < 0:
                raise ValueError(
                    f"{who}: column {name!r} must have one value per row; got {values!r}: for one "
                    f"row give lists of one value, {{{name!r}: [{values!r}], ...}}"
                )
        self.read: dict[str, Variable] = {}
        lengths = {name: _length(values) for name, values in self.held.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"{who}: columns of data must have the same length; got "
                f"{', '.join(f'{name}: {rows}' for name, rows in lengths.items())}"
            )
        self.rows = next(iter(lengths.values()), 0)

    def __iter__(self) -> Any:
        """Iterate over the names."""
        return iter(self.held)

    def __contains__(self, name: object) -> bool:
        """Return whether there is a column."""
        return name in self.held

    def __getitem__(self, name: str) -> Variable:
        """Return a column."""
        if name not in self.held:
            raise ValueError(f"{self.who}: {unknown('column', name, self.held)}")
        if name not in self.read:
            self.read[name] = variable(self.who, f"column {name!r}", self.held[name])
        return self.read[name]


def _length(values: Any) -> int:
    if isinstance(values, (str, bytes)):
        return -1  # a single value
    try:
        return len(values)
    except TypeError:
        return -1


def _columns(who: str, data: Any) -> dict[str, Any]:
    if isinstance(data, Mapping):
        return {str(name): values for name, values in data.items()}
    if isinstance(data, np.ndarray) and data.dtype.names:
        return {name: data[name] for name in data.dtype.names}
    if isinstance(data, np.ndarray) and data.ndim == 2:  # named as by R's as.data.frame
        return {f"V{i + 1}": data[:, i] for i in range(data.shape[1])}
    if hasattr(data, "feature_names") and hasattr(data, "target_name"):  # lamina.datasets
        held = dict(zip(data.feature_names, data.x.T, strict=True))
        return {**held, data.target_name: data.y}
    if hasattr(data, "collect_schema") and not hasattr(data, "__len__"):
        raise TypeError(
            f"{who}: data must be a table; got a {type(data).__name__}; pass data.collect()"
        )
    if hasattr(data, "to_numpy") and ndim_of(data) == 1:
        raise TypeError(
            f"{who}: data must be a table; got a {type(data).__name__}, a single row or column: "
            f"make a table of it, as frame.iloc[[0]] for a row and frame[['x']] for a column"
        )
    names = column_names(data)
    if names is None or not hasattr(data, "__getitem__"):
        raise TypeError(
            f"{who}: data must be a table of pandas, polars or Arrow, or a dict of columns; got "
            f"{'none' if data is None else type(data).__name__}"
        )
    twice = [str(name) for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(
            f"{who}: columns of data must have different names; got {twice[0]!r} more than once"
        )
    return {str(name): data[name] for name in names}
