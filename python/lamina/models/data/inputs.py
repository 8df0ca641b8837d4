"""The inputs of a model, and matching lists and dicts of arrays to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import _check
from lamina._arrays import column_names, is_array, ndim_of
from lamina._check import Array, Shape
from lamina._names import unknown
from lamina.data.unread import Unread, unread
from lamina.models.data.reading import Reading
from lamina.models.data.rows import Rows


@dataclass(frozen=True)
class Port:
    """One input of a model.

    Attributes
    ----------
    name : str
    shape : tuple of int or None
        Of a row, with None for any length; None itself if it is known only from the first data.
    kind : {"float", "int32", "bool"}
        The type that the engine is fed.
    bound : tuple (str, int) or None
        The layer that bounds token ids, and the exclusive bound.
    made : bool
        Whether a layer that computes ahead of the graph makes it, such as codes of categories.
    open_kind : bool
        Whether the kind is that of the data: no layer of the model needs a particular one.  In a
        model that is used as a layer it is that of the tensor on which the model is called.
    """

    name: str
    shape: Any  # a tuple, or None
    kind: str = "float"
    bound: tuple[str, int] | None = None
    made: bool = False
    open_kind: bool = False


def port_of(name: str, leaf: Any) -> Port:
    """Return the input that matches an array, in its number of axes and kind."""
    array = np.asarray(leaf) if not hasattr(leaf, "dtype") or not hasattr(leaf, "ndim") else leaf
    kind = getattr(array.dtype, "kind", "f")
    rank = max(int(array.ndim) - 1, 0)
    return Port(name, (None,) * rank, {"i": "int32", "u": "int32", "b": "bool"}.get(kind, "float"))


def arranged(
    who: str, what: str, value: Any, names: Sequence[str], kind: str = "name"
) -> list[Any]:
    """Return the entries of a list or dict for each name, in order; None for missing ones.

    If there is one name, anything except a dict stands for itself.
    """
    if isinstance(value, Mapping):
        for key in value:
            if key not in names:
                raise ValueError(f"{who}: {what}: {unknown(kind, str(key), names)}")
        return [value.get(name) for name in names]
    if len(names) == 1:
        return [value]
    if not isinstance(value, (list, tuple)):
        shape = f" of shape {np.shape(value)}" if isinstance(value, np.ndarray) else ""
        labels = getattr(value, "index", ())  # for a row of a pandas table
        is_row = hasattr(value, "to_frame") and all(name in labels for name in names)
        raise TypeError(
            f"{who}: {what} must be a list or dict of {len(names)} arrays, for "
            f"{', '.join(names)}; got {type(value).__name__}{shape}"
            f"{f'; one row is {_one_row(what, value)}' if is_row else ''}"
        )
    if len(value) != len(names):
        raise ValueError(
            f"{who}: {what} must hold {len(names)} arrays, for {', '.join(names)}; got {len(value)}"
        )
    return list(value)


def label(what: str, name: str, count: int) -> str:
    """Return the name of one of several arrays in messages: ``x['left']``; of one, ``x``."""
    return what if count == 1 else f"{what}[{name!r}]"


def separated(who: str, x: Any, ports: Sequence[Port]) -> list[Any]:
    """Return the entries of ``x`` for each input of a model."""
    names = [port.name for port in ports]
    given = list(x) if isinstance(x, Mapping) else column_names(x)
    if len(ports) == 1:
        _refuse_pair(who, x)
        x = unboxed(x, ports[0].shape)
    elif _is_table(x, names):
        columns = column_names(x) or ()
        x = {name: x[name] for name in names if name in columns}
    if isinstance(x, Mapping) and len(ports) == 1 and len(x) > 1 and names[0] not in x:
        raise ValueError(
            f"{who}: x must be an array, or a dict by input, {names[0]!r}; got a dict of "
            f"{', '.join(repr(key) for key in list(x)[:3])}; columns of equal length become an "
            f"array by numpy.column_stack(list(x.values()))"
        )
    if isinstance(x, Mapping) and all(name in x for name in names):
        x = {name: x[name] for name in names}  # keys without an input are ignored, as in Keras
    values = arranged(who, "x", x, names)
    gone = [name for value, name in zip(values, names, strict=True) if value is None]
    if gone and isinstance(x, (Mapping, list, tuple)):
        has = "" if given is None else f"; it has {_listed(given) or 'no columns'}"
        raise ValueError(
            f"{who}: x has nothing for input{'s' * (len(gone) > 1)} {_listed(gone)}{has}"
        )
    return values


def _listed(names: Sequence[Any], most: int = 10) -> str:
    """Return names for messages, the first ones of many."""
    shown = ", ".join(map(repr, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _refuse_pair(who: str, x: Any) -> None:
    """Reject a pair of inputs and targets in place of the inputs: not two rows of one array."""
    if not (isinstance(x, (list, tuple)) and len(x) == 2 and all(map(is_array, x))):
        return
    first, second = np.shape(x[0]), np.shape(x[1])
    of_rows = first and second and first[0] == second[0]
    if of_rows and (len(first) != len(second) or (isinstance(x, tuple) and first != second)):
        said = "the model takes one array; targets are a separate argument, "
        task = who if who in ("fit", "evaluate") else "fit"
        raise TypeError(
            f"{who}: x is a {type(x).__name__} of two arrays, of shapes {first} and {second}; "
            f"{said}{task}(x, y)"
        )


def _is_table(x: Any, names: Sequence[str]) -> bool:
    """Return whether a value is a table with columns for the inputs."""
    if isinstance(x, (np.ndarray, list, tuple, Mapping)):
        return False
    columns = column_names(x)
    if columns is None or not hasattr(x, "__getitem__"):
        return False
    return len(columns) > 1 or (ndim_of(x) == 2 and any(name in columns for name in names))


def unboxed(x: Any, shape: Shape | None) -> Any:
    """Return the array in a list or tuple of one, unless that is itself a row of ``shape``.

    A model with one input also accepts its array in a list, like the arrays of several inputs; a
    list of numbers, or of lists of numbers, is always data.
    """
    if not (isinstance(x, (list, tuple)) and len(x) == 1 and is_array(x[0])):
        return x
    axes = ndim_of(x[0])
    is_row = shape is not None and axes == len(shape)
    if is_row and shape == (1,) and len(x[0]) != 1:  # a column, given as a vector
        is_row = False
    return x if axes == 0 or is_row else x[0]


def shaped(who: str, x: Any, ports: Sequence[Port], *, empty: bool = False) -> list[Any]:
    """Return numeric arrays, or ``Rows``, with the same number of rows; nothing is converted."""
    values, count = separated(who, x, ports), len(ports)
    arrays = [
        shaped_input(who, value, port.shape, empty=empty, name=label("x", port.name, count))
        for value, port in zip(values, ports, strict=True)
    ]
    for array, port in zip(arrays, ports, strict=True):
        if len(array) != len(arrays[0]):
            raise ValueError(
                f"{who}: all inputs must have the same number of rows; got {len(arrays[0])} for "
                f"{ports[0].name!r} and {len(array)} for {port.name!r}"
            )
    return arrays


def shaped_input(
    who: str, x: object, shape: Shape | None, *, empty: bool = False, name: str = "x"
) -> Any:
    """Return ``x`` as a numeric array of rows of ``shape``, or ``Rows``; nothing is converted yet.

    A vector is a column if the model takes one number per row, or accepts any shape so far.  A
    last axis of length 1 may be missing or superfluous, as in Keras.
    """
    if isinstance(x, Rows):
        return x.each(lambda shown, row: _shaped_row(who, row, shape, shown), name)
    later = unread(x)
    array: Any = _check.numeric(who, name, x) if later is None else later
    given = tuple(array.shape)
    if not given:
        raise ValueError(
            f"{who}: {name} must have an axis of rows; got a single number; one row is [{name}]"
        )
    if later is None:
        array = _of_as_many_axes(array, shape)
    if shape is not None and not _check.fits_shape(array.shape[1:], shape):
        raise ValueError(
            f"{who}: {name} has shape {given}; the model needs {_check.show_shape(shape)}"
            f"{_hint(name, x, given, shape)}"
        )
    if len(array) == 0 and not empty:
        raise ValueError(f"{who}: {name} must have at least one row; got shape {array.shape}")
    if 0 in array.shape[1:]:
        raise ValueError(f"{who}: {name} must have columns; got shape {array.shape}")
    return array


def _of_as_many_axes(array: Array, shape: Shape | None) -> Array:
    """Return rows with a last axis of length 1 added or removed if the model needs it."""
    if array.ndim == 1 and shape in (None, (1,), (None,)):
        return array[:, None]
    if shape is not None and array.ndim == len(shape) and shape[-1] == 1:
        return array[..., None]
    if shape is not None and array.ndim == len(shape) + 2 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def _shaped_row(who: str, row: Array, shape: Shape | None, name: str) -> Array:
    array = _check.numeric(who, name, row)
    if shape is not None:
        array = _of_as_many_axes(array[None], shape)[0]
    if shape is not None and not _check.fits_shape(array.shape, shape):
        raise ValueError(
            f"{who}: {name} has shape {array.shape}; the model needs rows of shape "
            f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        )
    if 0 in array.shape:
        raise ValueError(
            f"{who}: {name} must have at least one element along every axis; got shape "
            f"{array.shape}"
        )
    return array


def _hint(name: str, x: Any, got: Shape, needed: Shape) -> str:
    """Return advice for data of another shape; empty if no intention is recognised."""
    if _check.fits_shape(got, needed) or (needed[-1:] == (1,) and got == needed[:-1]):
        return f"; one row is {_one_row(name, x)}"
    if got[:1] == (1,) and got[2:] == needed:
        return f"; {name}[0] would fit, without the outer brackets"
    axes = len(needed)
    forward = (*range(2, axes + 1), 1)  # (rows, channels, height, width) to channels last
    for order in (forward, (axes, *range(1, axes))) if axes > 1 else ():
        if len(got) == axes + 1 and _check.fits_shape([got[i] for i in order], needed):
            return f"; {name}.transpose{(0, *order)} moves the channels"
        if len(got) == axes and _check.fits_shape([got[i - 1] for i in order], needed):
            return f"; one row is {name}.transpose{tuple(i - 1 for i in order)}[None]"
    if axes > 1 and len(got) == axes + 1 and _check.fits_shape(got[:-1], needed):
        return f"; {name}.transpose{(axes, *range(axes))} moves the rows to the front"
    if len(got) > 1 and None not in needed and np.prod(got[1:]) == np.prod(needed):
        return f"; {name}.reshape{(-1, *needed)} or a layers.Reshape would fit"
    return ""


def _one_row(name: str, x: Any) -> str:
    """Return an expression that makes rows from a single row."""
    if isinstance(x, (list, tuple)):
        return f"[{name}]"
    if hasattr(x, "to_frame") and hasattr(x, "iloc"):  # a row of a pandas table
        return f"{name}.to_frame().T, or table.iloc[[0]] for a row of a table"
    return f"{name}[None]"


def converted(
    who: str, x: Any, arrays: Sequence[Any], ports: Sequence[Port], dtype: str
) -> list[Any]:
    """Return the shaped inputs as the engine takes them, finite and within their bounds."""
    values = separated(who, x, ports)
    result: list[Any] = []
    for value, array, port in zip(values, arrays, ports, strict=True):
        name = label("x", port.name, len(ports))
        if isinstance(array, Rows):
            result.append(array.each(_converting(who, port, dtype, of_row=True), name))
        elif isinstance(array, Unread):
            result.append(_reading(who, name, array, port, dtype))
        else:
            result.append(_converting(who, port, dtype, column_names(value))(name, array))
    return result


def _reading(who: str, name: str, rows: Unread, port: Port, dtype: str) -> Reading:
    """Return rows that are converted when they are read."""

    def convert(name: str, array: Array, numbers: Array) -> Array:
        if port.kind == "int32":
            return _check.integers(who, name, array, port.bound, rows=numbers)
        if port.kind == "bool":
            return _check.truths(who, name, array, rows=numbers)
        return _check.floats(who, name, array, dtype, rows=numbers)

    if rows.dtype.kind not in "biuf":
        raise TypeError(f"{who}: {name} must hold numbers; got {rows.dtype}")
    return Reading(rows, convert, name, dtype if port.kind == "float" else port.kind)


def _converting(
    who: str,
    port: Port,
    dtype: str,
    columns: Sequence[Any] | None = None,
    *,
    of_row: bool = False,
) -> Callable[[str, Array], Array]:
    """Return a function that converts an array of that name, or a row of it, to an input."""
    if port.kind == "int32":
        return lambda name, array: _check.integers(who, name, array, port.bound, of_row=of_row)
    if port.kind == "bool":
        return lambda name, array: _check.truths(who, name, array, of_row=of_row)
    return lambda name, array: _check.floats(
        who, name, array, dtype, columns=columns, of_row=of_row
    )
