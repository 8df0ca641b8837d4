"""Users' data as NumPy arrays of numbers: lists, tables, series, tensors, objects.

No other library is imported: objects are recognised by their methods.  Data that are not numeric
are rejected with a line of code that converts them, which can be typed as shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lamina._no_numbers import (
    MISSING,
    advice,
    cat_codes,
    column_advice,
    described,
    first_odd,
    is_number,
)

Array = NDArray[Any]


def as_numbers(who: str, name: str, value: object) -> Array:
    """Return ``value`` as an array of bools, integers or floats, without a copy if it is one.

    Missing values become NaN.  ``name`` is the expression that messages show for the data.
    """
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise TypeError(
                f"{who}: {name} is a masked array, whose mask would be lost; fill or drop the "
                f"masked values first, for instance {name}.filled(0)"
            )
        return as_numbers(who, name, value.data)
    if isinstance(value, np.ndarray):
        return _from_array(who, name, np.asarray(value))
    if _of_one_kind(value):
        return np.asarray(value)  # a table of one dtype is not copied
    columns = _columns(value)
    if columns is not None:
        return _from_table(who, name, value, columns)
    return _from_array(who, name, _converted(who, name, value))


def is_array(value: object) -> bool:
    """Return whether ``value`` is an array, a table, a series or a tensor, not a list of rows."""
    if isinstance(value, (np.ndarray, np.generic)):
        return isinstance(value, np.ndarray)
    held = ("__array__", "__array_interface__", "to_numpy", "toarray")
    return not isinstance(value, type) and any(hasattr(value, name) for name in held)


def ndim_of(value: Any) -> int:
    """Return the number of axes of an array, a table, a series or a tensor."""
    own = getattr(value, "ndim", None)
    shape = getattr(value, "shape", None)
    if isinstance(own, int):
        return own
    return len(shape) if isinstance(shape, Sequence) else np.ndim(value)


def column_names(value: Any) -> list[Any] | None:
    """Return the names of a table's columns, or the name of a series; None for plain arrays."""
    if isinstance(value, (np.ndarray, list, tuple)):
        return None
    names = getattr(value, "column_names", None)  # pyarrow's `columns` are the data
    if names is None:
        names = getattr(value, "columns", None)
    if names is None and getattr(value, "name", None) is not None and hasattr(value, "to_numpy"):
        return [value.name]
    if names is None or isinstance(names, str) or not isinstance(names, Iterable):
        return None
    return list(names)


def check_same_columns(who: str, what: str, names: Any, others: Any) -> None:
    """Refuse names of a table's columns that are not those of another, ``x``, in their order.

    ``what`` is the expression for the first table.  None stands for an array, and a single name may
    be that of a series: both fit anything.
    """
    if names is None or others is None or len(names) != len(others) or len(names) < 2:
        return
    place = next(
        (i for i, pair in enumerate(zip(names, others, strict=True)) if _differ(*pair)), -1
    )
    if place >= 0:
        rule = "the columns of x in the order of x" if set(names) == set(others) else "those of x"
        raise ValueError(
            f"{who}: the columns of {what} must be {rule}; column {place} is {names[place]!r}, and "
            f"that of x {others[place]!r}"
        )


def _differ(name: Any, other: Any) -> bool:
    return bool(name != other)


def titled(names: Sequence[Any] | None, place: int) -> str:
    """Return a column's name as shown in messages after its number: `` ('age')``."""
    return f" ({names[place]!r})" if names is not None and place < len(names) else ""


# --- tables


def _of_one_kind(value: Any) -> bool:
    """Return whether a pandas table has NumPy columns that NumPy itself can join."""
    if not (hasattr(value, "iloc") and hasattr(value, "columns")):
        return False
    dtypes = list(value.dtypes)
    kinds = {d.kind if isinstance(d, np.dtype) else "O" for d in dtypes}
    return bool(dtypes) and (kinds <= set("iuf") or kinds == {"b"})


def _columns(value: Any) -> list[Any] | None:
    """Return a table's columns, by index, as names may occur twice."""
    if hasattr(value, "iloc") and hasattr(value, "columns"):  # pandas
        return [value.iloc[:, i] for i in range(len(value.columns))]
    if hasattr(value, "get_columns"):  # polars
        return list(value.get_columns())
    if hasattr(value, "column_names") and hasattr(value, "column"):  # pyarrow
        return [value.column(i) for i in range(len(value.column_names))]
    return None


def _from_table(who: str, name: str, table: Any, columns: list[Any]) -> Array:
    arrays = []
    for place, column in enumerate(columns):
        array = _series(column)
        if array is None or not _holds_numbers(array):
            _refuse_column(who, name, table, array, place)
        arrays.append(_from_objects(array) if array.dtype.kind == "O" else array)
    if not arrays:
        return np.empty((len(table), 0))
    result = np.empty((len(arrays[0]), len(arrays)), np.result_type(*arrays))
    with np.errstate(all="ignore"):
        for place, array in enumerate(arrays):
            result[:, place] = array
    return result


def _series(column: Any) -> Array | None:
    """Return a column as an array; None if its values are not plain numbers."""
    if str(getattr(column, "dtype", "")) == "category":
        return None
    if type(column).__module__.split(".")[0] == "pyarrow" and not hasattr(column, "chunks"):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return np.asarray(column.to_numpy())


def _refuse_column(who: str, name: str, table: Any, array: Array | None, place: int) -> NoReturn:
    names = column_names(table)
    got, row = ("categories", "") if array is None else described(array)
    title = names[place] if names is not None else place
    where = f"{row}," if row else " in"
    raise TypeError(
        f"{who}: {name} must hold numbers (bool, integer or float); got {got}{where} column "
        f"{place}{titled(names, place)}; {column_advice(name, title, got, table, array)}"
    )


# --- everything else


def _converted(who: str, name: str, value: Any) -> Array:
    """Return NumPy's conversion of an object that is neither an array nor a table."""
    _refuse_no_data(who, name, value)
    if hasattr(value, "detach") and hasattr(value, "numpy"):  # a torch tensor
        return _from_tensor(value)
    if _is_sequence(value):
        value = _items(who, name, value)
    try:
        array = _series(value) if hasattr(value, "to_numpy") else np.asarray(value)
    except Exception as error:
        if hasattr(value, "__getitem__") and not isinstance(value, (list, tuple)):
            _refuse_pairs(who, name, value, value[0])
        raise _not_converted(who, name, value, error) from None
    if array is None:
        raise TypeError(
            f"{who}: {name} must hold numbers (bool, integer or float); got categories; take their "
            f"numbers, {cat_codes(name, value)}"
        )
    if array.ndim == 0 and array.dtype == object and not is_number(array.item()):
        _refuse_object(who, name, value)
    return array


def _is_sequence(value: Any) -> bool:
    """Return whether NumPy would get items until an IndexError, which batches need not raise."""
    held = ("__array__", "__array_interface__", "__array_struct__", "__iter__", "to_numpy")
    own = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    return own and not any(hasattr(value, name) for name in held)


def _items(who: str, name: str, value: Any) -> list[Any]:
    """Return the rows of an object that has a length; reject one that yields batches."""
    count = len(value)
    if count:
        _refuse_pairs(who, name, value, value[0])
    return [value[i] for i in range(count)]


def _refuse_pairs(who: str, name: str, value: Any, first: Any) -> None:
    """Reject a data set of pairs of inputs and targets."""
    each = f"{name}[i] for i in range(len({name}))"
    if isinstance(first, tuple) and first and np.ndim(first[-1]) == 0:
        raise TypeError(
            f"{who}: {name} must be an array; got a {type(value).__name__} of rows; pass its "
            f"parts, x, y = map(numpy.stack, zip(*({each})))"
        )
    if isinstance(first, (tuple, dict)):
        _refuse_batches(who, name, value, f"({each})")


def _not_converted(who: str, name: str, value: Any, error: Exception) -> Exception:
    if isinstance(error, ValueError) and isinstance(value, (list, tuple)):
        return ValueError(
            f"{who}: {name} is not a rectangular array: {error}; sequences of different lengths "
            f"become one by lamina.utils.pad_sequences({name})"
        )
    if isinstance(value, (list, tuple)) and any(hasattr(v, "detach") for v in value):
        return TypeError(f"{who}: {name} must be an array; pass torch.stack({name}).detach()")
    return TypeError(f"{who}: {name} must be an array; {type(value).__name__} is not one: {error}")


def _from_tensor(value: Any) -> Array:
    tensor = value.detach().cpu()
    if "sparse" in str(getattr(tensor, "layout", "")):
        tensor = tensor.to_dense()
    if str(tensor.dtype).endswith("bfloat16"):  # NumPy does not have it
        tensor = tensor.float()
    return np.asarray(tensor.resolve_conj() if tensor.is_complex() else tensor)


def _refuse_no_data(who: str, name: str, value: Any) -> None:
    if value is None:
        raise TypeError(f"{who}: {name} is None; needs an array")
    if isinstance(value, str):
        raise TypeError(
            f"{who}: {name} must be an array; got the string {value!r:.80}; a column of a table is "
            f"given itself, as in frame[{value!r:.80}]"
        )
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise TypeError(
            f"{who}: {name} must be a dense array; got a SciPy sparse matrix of shape "
            f"{value.shape}; pass {name}.toarray()"
        )
    if hasattr(value, "collect") and hasattr(value, "collect_schema"):
        raise TypeError(
            f"{who}: {name} must be an array or a table; got a {type(value).__name__}; pass "
            f"{name}.collect()"
        )
    if isinstance(value, Mapping):
        shown = ", ".join(repr(key) for key in list(value)[:3])
        raise TypeError(
            f"{who}: {name} must be an array; got a {type(value).__name__} of {shown}; columns of "
            f"equal length become an array by numpy.column_stack(list({name}.values()))"
        )


def _refuse_object(who: str, name: str, value: Any) -> NoReturn:
    """Reject a value that NumPy takes for a single object."""
    kind = type(value).__name__
    batches = hasattr(value, "dataset") or hasattr(value, "as_numpy_iterator")
    if not batches and isinstance(value, (set, frozenset)):
        raise TypeError(
            f"{who}: {name} must be an array; got a {kind}, whose elements have no order; pass "
            f"sorted({name})"
        )
    if not isinstance(value, Iterable):
        raise TypeError(f"{who}: {name} must hold numbers (bool, integer or float); got one {kind}")
    source = f"{name}.as_numpy_iterator()" if hasattr(value, "as_numpy_iterator") else name
    _refuse_batches(
        who, name, value, source, "" if batches else f"if it gives rows, pass list({name}); "
    )


def _refuse_batches(who: str, name: str, value: Any, source: str, rows: str = "") -> NoReturn:
    """Reject an object that yields batches, or perhaps rows."""
    loop = f"for x_batch, y_batch in {source}: model.train_on_batch(x_batch, y_batch)"
    task, form = "train", "batches (x, y)"
    if who.startswith("predict"):
        loop = f"numpy.concatenate([model.predict(batch) for batch in {source}])"
        task, form = "predict", "batches"
    elif who.startswith("evaluate"):
        loop, task = loop.replace("train_on", "test_on"), "evaluate"
    got = f"{who}: {name} must be an array; got a {type(value).__name__}"
    if rows:
        raise TypeError(f"{got}: {rows}if it gives {form}, {task} by `{loop}`")
    raise TypeError(f"{got}; {task} by `{loop}`")


# --- arrays that are not numeric, or hold numbers as objects


def _from_array(who: str, name: str, array: Array) -> Array:
    if array.dtype.kind in "biuf":
        return array
    if _holds_numbers(array):
        return _from_objects(array)
    got, row = described(array)
    raise TypeError(
        f"{who}: {name} must hold numbers (bool, integer or float); got {got}{row}"
        f"{advice(name, array, got)}"
    )


def _holds_numbers(array: Array) -> bool:
    return array.dtype.kind in "biuf" or (array.dtype.kind == "O" and first_odd(array) is None)


def _from_objects(array: Array) -> Array:
    flat = array.ravel().tolist()
    if any(type(value).__name__ in MISSING for value in flat):
        return np.array([_float(value) for value in flat]).reshape(array.shape)
    result = np.array(flat) if flat else np.empty(0)
    if result.dtype.kind not in "biuf":  # Decimal, Fraction, integers beyond 64 bits
        result = np.array([_float(value) for value in flat])
    return result.reshape(array.shape)


def _float(value: Any) -> float:
    if type(value).__name__ in MISSING:
        return float("nan")
    try:
        return float(value)
    except OverflowError:  # an integer beyond float64
        return float("inf") if value > 0 else float("-inf")
