"""Converting the arguments of an operation to tensors of the current recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import _core
from lamina._tensors.arguments import flat
from lamina._tensors.recording import NeedsRows, Recording, RowCount
from lamina._tensors.tensor import Tensor


def current() -> Recording:
    """Return the recording to which operations write."""
    now = Recording.current()
    if now is None:
        raise RuntimeError("no graph is being recorded")
    return now


def given(value: Any, dtype: str | None = None) -> Tensor:
    """Return a tensor of the current recording: a recorded one, a weight, or a constant.

    Lists of tensors are stacked, at any depth.  Arrays of floats take the graph's dtype, integers
    become int32, booleans bool; ``dtype`` can specify another type ("float", "int32" or "bool"),
    only for arrays.
    """
    now = current()
    if isinstance(value, Tensor):
        if value.recording.graph is not now.graph:
            raise ValueError(
                f"{now.name or 'ops'}: {value!r} belongs to another graph: a tensor from one call "
                f"of a layer cannot be used in another call"
            )
        return value
    if isinstance(value, _core.Parameter):
        weight = Tensor(now, now.graph.parameter(value))
        kind = getattr(
            value, "_kind", None
        )  # for integers and booleans, which are stored as floats
        if kind is None:
            return weight
        from lamina.ops._elements import converted

        return converted(weight, kind)
    if isinstance(value, (list, tuple)) and any(
        isinstance(v, (Tensor, _core.Parameter)) for v in flat(value)
    ):
        from lamina import ops

        stacked: Tensor = ops.stack([given(v, dtype) for v in value])
        return stacked
    array = constant_array(value, now.graph.dtype if dtype in (None, "float") else dtype, dtype)
    return Tensor(now, now.graph.constant(array))


def array_of(who: str, value: Any) -> Any:
    """Return an array; lists within lists must have the same length."""
    try:
        return np.asarray(value)
    except ValueError as error:
        if "inhomogeneous" in str(error):
            rule = f"rows must have the same length; got {value!r:.100}"
        else:  # of an object's own conversion, or of too many axes
            rule = str(error)
        raise ValueError(f"{who}: {rule}") from None


def constant_array(value: Any, floats: str, dtype: str | None = None, who: str = "ops") -> Any:
    """Return a C-contiguous array of one of a graph's types."""
    array = array_of(who, value)
    kind = array.dtype.kind
    if kind not in "fiub":
        if isinstance(value, RowCount):
            raise NeedsRows
        raise TypeError(f"{who}: needs numbers; got {value!r:.100}")
    if dtype is not None:
        target = floats if dtype == "float" else dtype
    else:
        target = floats if kind == "f" else "bool" if kind == "b" else "int32"
    if target == "int32":
        fits_int32(who, array)
    return np.ascontiguousarray(array, dtype=target).reshape(array.shape)


def fits_int32(who: str, array: Any) -> None:
    """Reject an array that holds integers outside of int32."""
    if array.dtype.kind in "iu" and array.dtype.itemsize >= 4 and array.size:
        low, high = int(array.min()), int(array.max())
        if low < -(2**31) or high >= 2**31:
            got = low if low < -(2**31) else high
            raise ValueError(f"{who}: integers must fit into int32; got {got}")


def wrap(value: _core.Tensor) -> Tensor:
    """Return an engine's tensor as one of the current recording."""
    return Tensor(current(), value)


def record(kind: str, *arguments: Any, **settings: Any) -> Any:
    """Record an operation of the engine, given its name, on tensors; return tensors.

    Arguments are those of the engine's methods (``_core.operations()``).
    """
    now = current()
    y = now.graph.record(kind, *(_plain(a) for a in arguments), name=now.name, **{
        name: _plain(a) for name, a in settings.items()
    })  # fmt: skip
    if isinstance(y, list):
        return [Tensor(now, each) for each in y]
    return Tensor(now, y)


def _plain(argument: Any) -> Any:
    if isinstance(argument, Tensor):
        return argument.value
    if isinstance(argument, list) and any(isinstance(a, Tensor) for a in argument):
        return [a.value if isinstance(a, Tensor) else a for a in argument]
    return argument


# --- rows


def all_rows(x: Tensor) -> Tensor:
    """Return the rows of a batch as the first axis of a tensor without rows."""
    if not x.rows:
        return x
    return record("all_rows", x, x.recording.need_rows())  # type: ignore[no-any-return]


def by_rows(x: Tensor) -> Tensor:
    """Return a tensor whose first axis is that of the batch's rows as one with rows."""
    if x.rows:
        return x
    rows = x.recording.need_rows()
    if not x.shape or x.shape[0] != rows:
        shown = "rows" if x.recording.standing else f"{rows} rows"
        raise ValueError(
            f"{x.recording.name or 'ops'}: {x!r} has no axis of rows; its first axis would have to "
            f"be the {shown} of the batch"
        )
    return record("by_rows", x)  # type: ignore[no-any-return]


def each_row(x: Tensor) -> Tensor:
    """Return a tensor without rows as one that is the same for each row."""
    return x if x.rows else record("each_row", x)


def row_count() -> Tensor:
    """Return the number of rows of a batch, as a number of the graph."""
    rows = current().rows
    return given(float(rows)) if rows else record("sum", each_row(given(1.0)), [], True)


def scalar_penalty(who: str, value: Any) -> Tensor:
    """Return the result of a regularizer as a single number, or one for each row."""
    if not isinstance(value, (Tensor, _core.Parameter, float, int, np.ndarray, np.generic)):
        raise TypeError(f"{who}: must return a single number; got {value!r:.100}")
    tensor = given(value, "float")
    if tensor.value.shape:
        raise ValueError(f"{who}: must return a single number; got {tensor!r}")
    return tensor
