"""Operations of the engine that need rows, for values without rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina._tensors import Tensor
from lamina._tensors.given import by_rows, each_row, given, record
from lamina.ops import squeeze


def by_row(function: Callable[..., Any], *values: Any) -> Any:
    """Return the result of a function of tensors with rows: the first axes are the rows.

    If no value has rows, the first axis is used as rows for the call.  If others have rows, a first
    axis of 1 is the same for each row.
    """
    tensors = [None if v is None else given(v) for v in values]
    some = [t for t in tensors if t is not None]
    if any(t.rows for t in some):
        return function(*(None if t is None else _with_rows(t) for t in tensors))
    made = function(*(None if t is None else record("own_rows", t) for t in tensors))
    if isinstance(made, (list, tuple)):
        return [record("of_own_rows", y) for y in made]
    return record("of_own_rows", made)


def _with_rows(t: Tensor) -> Any:
    if t.rows:
        return t
    return each_row(squeeze(t, 0)) if t.shape[0] == 1 else by_rows(t)
