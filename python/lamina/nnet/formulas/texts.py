"""Text in formulas: values as R writes them, joined, cut and measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._strings import is_missing
from lamina.nnet.formulas.variables import Variable, factor, level_text
from lamina.nnet.formulas.vectors import integer

Array = NDArray[Any]


def texts(x: Any) -> list[str | None]:
    """Return values as R writes them, None for missing ones."""
    if isinstance(x, Variable) and x.kind == "factor":
        return list(np.array([*x.labels, None], object)[x.values])
    if isinstance(x, Variable) and x.kind == "logical":
        x = [None if np.isnan(v) else bool(v) for v in x.values.tolist()]
    values = np.ravel(np.asarray(x, object)).tolist()
    return [None if is_missing(v) else level_text(v) for v in values]


def _text(values: list[str | None]) -> Variable:
    made = factor(values)
    made.text = True
    return made


def as_character(x: Any) -> Variable:
    """Return values as text; its different values are in the order of their characters."""
    return _text(texts(x))


def paste(*parts: Any, sep: str = " ") -> Variable:
    """Return the texts of several values joined, row by row; missing ones are "NA"."""
    columns = [["NA" if v is None else v for v in texts(part)] for part in parts]
    rows = max(map(len, columns), default=0)
    if any(rows % max(1, len(column)) for column in columns):
        lengths = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"paste takes columns, and single values; got {lengths} values")
    spread = [column * (rows // max(1, len(column))) for column in columns]
    return _text([sep.join(row) for row in zip(*spread, strict=True)])


def paste0(*parts: Any) -> Variable:
    """Return the texts of several values joined without a space."""
    return paste(*parts, sep="")


def nchar(x: Any) -> Array:
    """Return the numbers of characters."""
    return np.array([np.nan if v is None else float(len(v)) for v in texts(x)])


def substr(x: Any, start: Any, stop: Any) -> Variable:
    """Return the characters from one place to another, counted from 1."""
    first, last = max(0, integer("start", start) - 1), max(0, integer("stop", stop))
    return _text([None if v is None else v[first:last] for v in texts(x)])


def toupper(x: Any) -> Variable:
    """Return texts in upper case."""
    return _text([None if v is None else v.upper() for v in texts(x)])


def tolower(x: Any) -> Variable:
    """Return texts in lower case."""
    return _text([None if v is None else v.lower() for v in texts(x)])


def startsWith(x: Any, prefix: str) -> Variable:  # noqa: N802
    """Return which texts have a beginning."""
    found = [np.nan if v is None else float(v.startswith(prefix)) for v in texts(x)]
    return Variable("logical", np.array(found))


def endsWith(x: Any, suffix: str) -> Variable:  # noqa: N802
    """Return which texts have an end."""
    found = [np.nan if v is None else float(v.endswith(suffix)) for v in texts(x)]
    return Variable("logical", np.array(found))
