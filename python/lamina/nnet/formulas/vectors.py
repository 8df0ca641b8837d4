"""Vectors and matrices in formulas: ``c``, sequences, and the columns of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas.variables import Variable, variable

Array = NDArray[Any]


# --- arguments


def numbers(x: Any) -> Any:
    """Return the numbers of an argument, which may be a matrix."""
    return np.asarray(x, np.float64)


def single(name: str, value: Any) -> float:
    """Return an argument that is one number, for all rows."""
    if isinstance(value, Variable) or np.ndim(value) or isinstance(value, str):
        got = repr(value) if isinstance(value, str) else "a value for each row"
        got = "several values" if isinstance(value, (list, tuple)) else got
        raise TypeError(f"{name} must be one number; got {got}")
    return float(value)


def integer(name: str, value: Any, least: int | None = None) -> int:
    """Return an argument that is one integer; numbers are cut off, as R does."""
    number = single(name, value)
    if not np.isfinite(number) or (least is not None and int(number) < least):
        rule = "an integer" if least is None else f"an integer from {least} on"
        raise ValueError(f"{name} must be {rule}; got {number:g}")
    return int(number)


# --- vectors


def listed(*values: Any) -> list[Any]:
    """Return values as a list: R's ``c``."""
    return [v for each in values for v in (each if isinstance(each, list) else [each])]


def cbind(*parts: Any, names: list[str]) -> Variable:
    """Return variables as the columns of a matrix."""
    rows = max((len(part) for part in map(numbers, parts) if np.ndim(part)), default=1)
    spread = [part if np.ndim(numbers(part)) else np.full(rows, part) for part in parts]
    held = [variable("cbind", "its argument", part) for part in spread]
    if any(v.kind == "factor" for v in held):
        raise TypeError("cbind takes numbers; got a factor")
    columns: list[str] = []
    for v, name in zip(held, names, strict=True):
        columns += [name] if v.values.ndim == 1 else v.columns or [""] * v.values.shape[1]
    made = np.column_stack([v.values for v in held])
    return Variable("numeric", made, columns=tuple(columns) if any(columns) else ())


def steps(first: float, last: float) -> list[float]:
    """Return the numbers of ``first:last``."""
    step = 1 if last >= first else -1
    return [float(v) for v in np.arange(first, last + step / 2, step)]


def seq(from_: Any = None, to: Any = None, by: Any = None, length_out: Any = None) -> list[float]:
    """Return numbers from one to another, in steps or so many; of one argument alone its places."""
    if to is None and by is None and length_out is None:
        if isinstance(from_, (Variable, np.ndarray, list)):
            rows = len(from_.values if isinstance(from_, Variable) else from_)
            return [float(i + 1) for i in range(rows)]
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
    return [first + i * step for i in range(count)]


def _so_many(
    count: int, first: float | None, last: float | None, step: float | None
) -> list[float]:
    """Return so many numbers, of which two of the first, the last and the step are given."""
    if first is not None and last is not None:
        if step is not None:
            raise ValueError("seq takes three of from, to, by and length.out at most; got four")
        return [float(v) for v in np.linspace(first, last, count)]
    step = 1.0 if step is None else step
    if last is not None:
        return [last - (count - 1 - i) * step for i in range(count)]
    return [(1.0 if first is None else first) + i * step for i in range(count)]
