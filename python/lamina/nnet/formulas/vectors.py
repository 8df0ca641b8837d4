"""Vectors and matrices in formulas: ``c``, sequences, and the columns of a matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._strings import is_missing
from lamina.nnet.formulas.variables import Variable, level_text, variable

Array = NDArray[Any]


# --- arguments


def numbers(x: Any) -> Any:
    """Return the numbers of an argument, which may be a matrix."""
    return np.asarray(operand(x), np.float64)


def operand(x: Any, rule: str = "numbers are needed") -> Any:
    """Return an operand of arithmetic as float64: a variable, an array or a single number."""
    if isinstance(x, Variable):
        return x
    if isinstance(x, (bool, int, float, np.number, np.bool_)):
        return np.float64(x)
    array = np.asarray(x) if isinstance(x, (list, tuple, np.ndarray)) else None
    if array is None or array.dtype.kind not in "biuf":
        strings = array is not None and array.dtype.kind in "OU"
        raise TypeError(f"{rule}; got {'strings' if strings else told(x)}")
    return array.astype(np.float64, copy=False)


def told(value: Any) -> str:
    """Return what a value is, for messages."""
    if value is None:
        return "NULL"
    if isinstance(value, (str, bool, int, float)):
        return repr(value) if isinstance(value, str) else level_text(value)
    if isinstance(value, Variable):
        if value.kind == "factor":
            return "text" if value.text else "a factor"
        return f"{value.rows} values"
    if isinstance(value, (list, np.ndarray)):
        return f"{len(value)} values" if np.ndim(value) else level_text(np.asarray(value).item())
    return "a coding"


def single(name: str, value: Any) -> float:
    """Return an argument that is one number, for all rows."""
    if np.size(value) != 1 or isinstance(value, (Variable, str)):
        got = repr(value) if isinstance(value, str) else f"{len(value)} values"
        raise TypeError(f"{name} must be one number; got {got}")
    return float(np.ravel(value)[0])


def integer(name: str, value: Any, least: int | None = None) -> int:
    """Return an argument that is one integer; numbers are cut off, as R does."""
    number = single(name, value)
    if not np.isfinite(number) or (least is not None and int(number) < least):
        rule = "an integer" if least is None else f"an integer from {least} on"
        raise ValueError(f"{name} must be {rule}; got {number:g}")
    return int(number)


# --- vectors


def combined(*values: Any) -> Any:
    """Return values as one vector: R's ``c``; numbers are an array, others a list."""
    if len(values) == 1 and isinstance(values[0], Variable) and values[0].kind != "numeric":
        return values[0]
    found = [v for each in values for v in _elements(each)]
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in found):
        return np.array(found, np.float64)
    return found


def _elements(value: Any) -> list[Any]:
    if isinstance(value, Variable):
        if value.kind == "factor":
            raise TypeError("c takes numbers, strings or truth values; got a factor among several")
        if value.kind == "logical":
            return [v if np.isnan(v) else bool(v) for v in value.values.tolist()]
        value = value.values
    if isinstance(value, np.ndarray):
        return list(np.ravel(value, order="F").tolist())
    return list(value) if isinstance(value, list) else [value]


def listed(values: Any) -> list[Any]:
    """Return the elements of a vector as levels: whole numbers are integers."""
    found = _elements(values)
    if any(isinstance(v, float) and not v.is_integer() for v in found):
        return found
    return [int(v) if isinstance(v, float) else v for v in found]


def as_vector(x: Any) -> Any:
    """Return the elements of a matrix, column by column."""
    matrix = isinstance(x, Variable) and x.kind == "numeric"
    return np.ravel(x.values, order="F") if matrix else x


def indexed(x: Any, *places: Any) -> Any:
    """Return elements of a vector, or columns of a matrix: ``x[i]``, ``x[, j]``.

    Places are counted from 1; negative ones are left out.  An empty place is ``...``.
    """
    if len(places) == 2 and not isinstance(x, Variable):  # a matrix of one column, as of scale
        x = Variable("numeric", numbers(x).reshape(-1, 1))
    if len(places) == 2 and x.values.ndim == 2:
        if places[0] is not ...:
            raise TypeError("rows are chosen by subset; got a row's place before the comma")
        kept = _chosen(x.values.shape[1], list(x.columns), places[1])
        if (kept < 0).any():
            raise ValueError("columns of a matrix must be known; got a missing place")
        names = tuple(x.columns[i] for i in kept) if x.columns else ()
        if len(kept) == 1:
            return x.values[:, kept[0]]
        return Variable("numeric", x.values[:, kept], columns=names)
    if len(places) != 1 or (isinstance(x, Variable) and x.values.ndim == 2):
        raise TypeError("columns of a matrix are x[, j], elements of a vector x[i]")
    of_levels = isinstance(places[0], Variable) and places[0].kind == "factor"
    held = x.values if isinstance(x, Variable) else np.asarray(x)
    chosen = places[0].values if of_levels else _chosen(len(held), [], places[0])
    if isinstance(x, Variable):
        gap = -1 if x.kind == "factor" else np.nan
        return replace(x, values=np.append(held, gap)[chosen])
    made = _taken(held, chosen)
    single_place = not isinstance(places[0], (Variable, list)) and np.ndim(places[0]) == 0
    return made.item() if single_place and len(made) == 1 else made


def _taken(held: Array, chosen: Array) -> Array:
    """Return elements; those of the index -1 are missing."""
    if (chosen >= 0).all():
        return held[chosen]
    if held.dtype.kind in "iuf":
        return np.append(held, np.nan)[chosen]
    return np.array([*held.tolist(), None], object)[chosen]


def _chosen(size: int, names: list[str], wanted: Any) -> Array:
    """Return the indices that places in R mean, -1 for missing places."""
    if wanted is ...:
        return np.arange(size)
    found = _elements(wanted)
    if found and all(isinstance(v, str) and v in names for v in found):
        return np.array([names.index(v) for v in found])
    gaps = np.array([is_missing(v) for v in found], bool)
    known = [v for v, gap in zip(found, gaps, strict=True) if not gap]
    if known and all(isinstance(v, bool) for v in known):
        return _chosen_by_truth(size, found)
    if any(isinstance(v, (str, bool)) or not 1 <= abs(v) <= size for v in known):
        shown = ", ".join(names) or f"1 to {size}"
        got = ", ".join(map(level_text, found))
        raise ValueError(f"places in brackets must be among {shown}; got {got}")
    at = np.array([0 if gap else int(v) for v, gap in zip(found, gaps, strict=True)], np.int64)
    if (at < 0).any():
        if (at >= 0).any():
            raise ValueError("places in brackets must be all positive or all negative")
        return np.delete(np.arange(size), -at - 1)
    return at - 1


def _chosen_by_truth(size: int, found: list[Any]) -> Array:
    """Return the indices where truth values, repeated to the size, are true or missing."""
    if len(found) > size:
        raise ValueError(
            f"truth values in brackets must be at most as many as the {size} elements; got "
            f"{len(found)}"
        )
    every = [found[i % len(found)] for i in range(size)]
    return np.array([-1 if is_missing(v) else i for i, v in enumerate(every) if v], np.int64)


def rev(x: Any) -> Any:
    """Return the elements of a vector in reverse order; those of a matrix column by column."""
    x = as_vector(x)
    if isinstance(x, Variable):
        return replace(x, values=x.values[::-1])
    return x[::-1] if np.ndim(x) else x


def which(x: Any) -> Array:
    """Return the places, counted from 1, where a condition is true."""
    return np.flatnonzero(np.asarray(x, np.float64) == 1.0) + 1.0


def rep(x: Any, times: Any = 1, each: Any = 1, length_out: Any = None) -> Any:
    """Return a vector repeated."""
    found = np.repeat(np.array(_elements(x), object), integer("each", each, 0))
    if length_out is not None:
        found = np.resize(found, integer("length.out", length_out, 0))
    else:
        found = np.tile(found, integer("times", times, 0))
    return combined(found.tolist())


def matrix(x: Any, nrow: Any = None, ncol: Any = None, byrow: bool = False) -> Variable:
    """Return the elements of a vector as a matrix, column by column."""
    values = np.ravel(numbers(x), order="F")
    if not len(values):
        raise ValueError("matrix takes one or more numbers; got none")
    if nrow is None and ncol is None:
        ncol = 1
    rows = integer("nrow", nrow, 1) if nrow is not None else None
    columns = integer("ncol", ncol, 1) if ncol is not None else -(-len(values) // (rows or 1))
    rows = -(-len(values) // columns) if rows is None else rows
    if rows * columns % len(values):
        raise ValueError(f"{len(values)} numbers do not fill {rows} rows and {columns} columns")
    made = np.resize(values, rows * columns)
    return Variable("numeric", made.reshape((rows, columns), order="C" if byrow else "F"))


def rowSums(x: Any, na_rm: bool = False) -> Array:  # noqa: N802
    """Return the sums of the rows of a matrix."""
    return np.asarray((np.nansum if na_rm else np.sum)(numbers(x), axis=1))


def rowMeans(x: Any, na_rm: bool = False) -> Array:  # noqa: N802
    """Return the means of the rows of a matrix."""
    values = numbers(x)
    known = np.sum(~np.isnan(values), axis=1) if na_rm else values.shape[1]
    return np.asarray(rowSums(x, na_rm) / known)


def rank(x: Any) -> Array:
    """Return the ranks of numbers, the mean of equal ones; missing ones come last."""
    values = numbers(x)
    known = ~np.isnan(values)
    ranks = np.empty(len(values))
    _, group, count = np.unique(values[known], return_inverse=True, return_counts=True)
    ranks[known] = (np.cumsum(count) - (count - 1) / 2)[group]
    ranks[~known] = np.arange(known.sum(), len(values)) + 1.0
    return ranks


def cbind(*parts: Any, names: list[str]) -> Variable:
    """Return variables as the columns of a matrix."""
    if not parts:
        raise TypeError("cbind takes one or more columns; got none")
    for part in parts:
        if isinstance(part, Variable) and part.kind == "factor":
            raise TypeError(f"cbind takes numbers; got {told(part)}")
    held_numbers = [operand(part, "cbind takes numbers") for part in parts]
    sizes = [v.rows if isinstance(v, Variable) else np.size(v) for v in held_numbers]
    rows = max(sizes)
    if set(sizes) - {1, rows} or not rows:
        shown = ", ".join(map(str, sizes))
        raise ValueError(f"cbind takes columns of as many rows, and single values; got {shown}")
    held = [
        v
        if isinstance(v, Variable) and v.rows == rows
        else variable("cbind", "its argument", np.resize(np.asarray(v), rows))
        for v in held_numbers
    ]
    columns: list[str] = []
    for v, name in zip(held, names, strict=True):
        columns += [name] if v.values.ndim == 1 else v.columns or [""] * v.values.shape[1]
    made = np.column_stack([v.values for v in held])
    return Variable("numeric", made, columns=tuple(columns) if any(columns) else ())


def steps(first: float, last: float) -> Array:
    """Return the numbers of ``first:last``."""
    step = 1.0 if last >= first else -1.0
    return np.asarray(np.arange(first, last + step / 2, step, dtype=np.float64))


def seq(from_: Any = None, to: Any = None, by: Any = None, length_out: Any = None) -> Array:
    """Return numbers from one to another, in steps or so many; of one argument alone its places."""
    if to is None and by is None and length_out is None:
        if isinstance(from_, (Variable, np.ndarray, list)):
            rows = len(from_.values if isinstance(from_, Variable) else from_)
            return np.arange(1.0, rows + 1.0)
        return steps(1.0, single("from", 1.0 if from_ is None else from_))
    first = None if from_ is None else single("from", from_)
    last = None if to is None else single("to", to)
    step = None if by is None else single("by", by)
    if length_out is not None:
        return _so_many(integer("length.out", length_out, 0), first, last, step)
    first, last = 1.0 if first is None else first, 1.0 if last is None else last
    step = (1.0 if last >= first else -1.0) if step is None else step
    if step == 0 or (last - first) / step < 0:
        raise ValueError(f"by must lead from {first:g} to {last:g}; got {step:g}")
    count = int((last - first) / step + 1e-10) + 1
    return first + step * np.arange(count)


def _so_many(count: int, first: float | None, last: float | None, step: float | None) -> Array:
    """Return so many numbers, of which two of the first, the last and the step are given."""
    if first is not None and last is not None:
        if step is not None:
            raise ValueError("seq takes three of from, to, by and length.out at most; got four")
        return np.linspace(first, last, count)
    step = 1.0 if step is None else step
    if last is not None:
        return last - step * np.arange(count)[::-1]
    return (1.0 if first is None else first) + step * np.arange(count)
