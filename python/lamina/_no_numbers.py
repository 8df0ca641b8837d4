"""Data that are not numeric: a description, and the line of code that converts them."""

from __future__ import annotations

import numbers
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MISSING = ("NoneType", "NAType")  # types of missing numbers: None, pandas.NA
_DATE = re.compile(r"\s*(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3\d{4})(?!\d)")
STRINGS = ("U", "S", "T")  # kinds of dtypes


def is_number(value: object) -> bool:
    # Includes Decimal and Fraction, but not complex numbers.
    if isinstance(value, (numbers.Real, np.bool_)) or type(value).__name__ in MISSING:
        return True
    return isinstance(value, numbers.Number) and not isinstance(value, numbers.Complex)


def first_odd(array: Array) -> int | None:
    """Return the index, in the flattened array, of the first object that is not a number."""
    flat = array.ravel().tolist()
    known: dict[type, bool] = {}
    for place, value in enumerate(flat):
        kind = type(value)
        if kind not in known:
            known[kind] = is_number(value)
        if not known[kind]:
            return place
    return None


def described(array: Array) -> tuple[str, str]:
    """Return a description of the values in an array that are not numbers, and of the row."""
    kind = array.dtype.kind
    if kind == "M":
        return f"dates (dtype {array.dtype})", ""
    if kind == "m":
        return f"durations (dtype {array.dtype})", ""
    if kind in STRINGS:
        return f"strings, such as {str(array.flat[0])!r}" if array.size else "strings", ""
    if kind != "O":
        return f"dtype {array.dtype}", ""
    place = first_odd(array) or 0
    value = array.ravel()[place]
    row = f" in row {place // (array.size // len(array))}" if array.ndim else ""
    if isinstance(value, (str, bytes)):
        return f"strings, such as {str(value)!r}", row
    if type(value).__name__ == "Period":
        return f"periods, such as {value}", row
    if type(value).__name__ == "time":
        return f"times of day, such as {value}", row
    if hasattr(value, "isoformat") or type(value).__name__ == "NaTType":
        return f"dates, such as {value}", row
    if hasattr(value, "total_seconds"):
        return f"durations, such as {value}", row
    return f"objects of type {type(value).__name__}", row


def parses(array: Array) -> bool:
    """Return whether the strings of an array represent numbers."""
    if array.dtype.kind not in (*STRINGS, "O") or array.size == 0:
        return False
    try:
        with np.errstate(all="ignore"):
            np.asarray(array, dtype=float)
    except (TypeError, ValueError):
        return False
    return True


def dates(array: Array | None) -> bool:
    """Return whether the strings of an array, judging by the first, represent dates."""
    flat = () if array is None else array.ravel()[:1000].tolist()
    first = next((value for value in flat if isinstance(value, (str, bytes))), "")
    return _DATE.match(first if isinstance(first, str) else first.decode("latin-1")) is not None


def advice(name: str, array: Array, got: str) -> str:
    if array.dtype.kind == "c":
        return f"; pass numpy.real({name}) or numpy.abs({name})"
    if array.dtype.kind == "V" and array.dtype.names:
        return f" with fields; pass numpy.array({name}.tolist())"
    if got.startswith("durations"):
        return f"; pass numpy.asarray({name}, 'timedelta64[s]').astype(float)"
    if got.startswith("dates"):
        return f"; pass numpy.asarray({name}, 'datetime64[s]').astype(float)"
    if got.startswith("periods"):
        return f"; pass [v.ordinal for v in {name}]"
    if got.startswith("strings") and parses(array):
        return f"; numbers written out are converted by numpy.asarray({name}, dtype=float)"
    if got.startswith("strings") and dates(array) and (array.ndim < 2 or array.shape[-1] == 1):
        parsed = f"pandas.to_datetime(numpy.ravel({name}))"
        return f"; dates become days by numpy.asarray({parsed}, 'datetime64[D]').astype(float)"
    if got.startswith("strings"):
        return "" if name.startswith("sample_weight") else _labels_advice(name, array)
    return _objects_advice(name, array) if array.dtype.kind == "O" else ""


def _labels_advice(name: str, array: Array) -> str:
    kinds = {type(v) for v in array.ravel().tolist()} if array.dtype.kind == "O" else {str}
    if any(kind.__name__ in MISSING for kind in kinds) and not name.startswith("x"):
        return "; leave out the rows whose value is missing, then number the classes from 0"
    if array.ndim > 1 and array.shape[-1] > 1:
        return f"; encode its columns, {name} = pandas.get_dummies(pandas.DataFrame({name}))"
    labels = name if len(kinds) == 1 else f"numpy.asarray({name}, dtype=str)"
    if name.startswith("x"):
        return _categories_advice(name, array)
    return (
        f"; classes are numbered from 0 by classes, {name} = "
        f"numpy.unique({labels}, return_inverse=True)"
    )


def _categories_advice(name: str, array: Array) -> str:
    """Return advice for strings in an input: a few among numbers, or names of categories."""
    column = name if array.ndim == 1 else f"numpy.ravel({name})"
    if any(parses(np.asarray(value)) for value in array.ravel()[:1000].tolist()):
        return f"; pandas.to_numeric({column}, errors='coerce') makes NaN of what is no number"
    return (
        f"; layers.StringLookup or layers.TextVectorization at the head of a model takes strings; "
        f"categories become columns of 0 and 1 by pandas.get_dummies({column})"
    )


def _objects_advice(name: str, array: Array) -> str:
    first = array.ravel()[first_odd(array) or 0]
    if not isinstance(first, (list, tuple, np.ndarray)):
        return ""
    if len({np.shape(v) for v in array.ravel()}) == 1:
        return f"; rows of one shape become an array by numpy.stack(list({name}))"
    return f"; sequences of different lengths become one by lamina.utils.pad_sequences({name})"


def column_advice(name: str, title: Any, got: str, table: Any, array: Array | None) -> str:
    pick, pandas, polars = (
        f"{name}[{title!r}]",
        hasattr(table, "iloc"),
        hasattr(table, "get_columns"),
    )
    if not pandas and not polars:
        return f"convert it in {name}.to_pandas()"
    if got.startswith("periods"):
        return f"count them, {pick} = {pick}.astype('int64')"
    if got.startswith("times"):
        times = f"pandas.to_timedelta({pick}.astype(str))"
        return f"count seconds, {pick} = {times}.dt.total_seconds()"
    if got.startswith(("dates", "durations")):
        if polars:
            return f"pass {name}.with_columns(polars.col({title!r}).to_physical())"
        if array is not None and str(table[title].dtype) == "object":
            kind = "datetime" if got.startswith("dates") else "timedelta"
            return f"convert it, {pick} = pandas.to_{kind}({pick})"
        since = f"({pick} - {pick}.min())" if got.startswith("dates") else pick
        return f"count seconds, {pick} = {since}.dt.total_seconds()"
    if array is not None and parses(array):
        if polars:
            return f"convert it, {name}.with_columns(polars.col({title!r}).cast(float))"
        return f"convert it, {pick} = {pick}.astype(float)"
    if dates(array):
        if polars:
            parsed = f"polars.col({title!r}).str.to_datetime()"
            return f"read the dates, {name} = {name}.with_columns({parsed}.to_physical())"
        return f"count days, {pick} = (pandas.to_datetime({pick}) - pandas.Timestamp(0)).dt.days"
    if name.startswith("y"):
        return f"number the classes, classes, {name} = numpy.unique({pick}, return_inverse=True)"
    model = "tables.TableModel takes such columns"
    if polars:
        return f"{model}; or encode it, {name} = {name}.to_dummies({title!r})"
    return f"{model}; or encode it, {name} = pandas.get_dummies({name}, columns=[{title!r}])"


def cat_codes(name: str, value: Any) -> str:
    return f"{name}.cat.codes" if hasattr(value, "cat") else f"{name}.codes"
