"""Calls of the library's layers on tensors without rows, whose first axis is treated as rows.

Within a user's ``call``, a batch may be reshaped to another number of rows, ``(rows * n, ...)``,
and weights may be passed to a layer as if they were a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lamina._answers import is_own
from lamina._tensors import Recording, Tensor, Variable
from lamina._tensors.arguments import flat, mapped
from lamina._tensors.given import by_rows, each_row, given, record

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


def with_rows(
    layer: Layer, args: Any, kwargs: Any, call: Callable[[Any, Any], Any]
) -> tuple[bool, Any]:
    """Call a layer of the library on tensors without rows as on a batch.

    Return whether it has to be called that way, and if so its result, without rows.
    """
    recording = Recording.current()
    if recording is None or layer.positionwise or _written_by_users(layer):
        return False, None
    args, kwargs = mapped(list(args), _weight), mapped(dict(kwargs), _weight)
    tensors = _tensors(layer, args, kwargs)
    if not tensors or not any(len(t.row_shape) > 1 and not t.rows for t in tensors):
        return False, None
    if any(t.rows for t in tensors):
        return _beside_rows(recording, tensors, args, kwargs, call)
    count = tensors[0].row_shape[0]
    if any(t.row_shape[:1] != (count,) for t in tensors):
        return False, None
    if any(getattr(each, "stateful", False) for each in layer.walk()):
        return False, None  # states belong to the rows of a batch
    taken = {id(t) for t in tensors}

    def fed(value: Any) -> Any:
        if id(value) not in taken:
            return None
        made = record("own_rows", value)
        if value.mask is not None:
            made.mask = record("own_rows", value.mask)
        return made

    def back(value: Any) -> Any:
        if not isinstance(value, Tensor) or not value.rows:
            return None
        y = record("of_own_rows", value)
        if value.mask is not None and value.mask.rows:
            y.mask = record("of_own_rows", value.mask)
        return y

    return True, mapped(call(mapped(args, fed), mapped(kwargs, fed)), back)


def _weight(value: Any) -> Any:
    return given(value) if isinstance(value, Variable) else None


def _written_by_users(layer: Layer) -> bool:
    # Their own `call` defines the meaning of each axis; so does that of a model.
    return layer.calls and not is_own(layer.written)


def _tensors(layer: Layer, args: Any, kwargs: Any) -> list[Tensor]:
    named = [v for name, v in kwargs.items() if name not in layer.axes_of_whole]
    return [v for v in flat([*args, *named]) if isinstance(v, Tensor)]


def _beside_rows(
    recording: Recording,
    tensors: list[Tensor],
    args: Any,
    kwargs: Any,
    call: Callable[[Any, Any], Any],
) -> tuple[bool, Any]:
    """Treat values that hold one entry for each row, or one for all rows, as values with rows."""
    from lamina import ops

    rows, axes = recording.rows, max(t.ndim for t in tensors if t.rows)
    bare = [t for t in tensors if not t.rows and t.ndim == axes]
    of_batch = {id(t) for t in bare if t.row_shape[0] == rows}
    of_all = {id(t) for t in bare if t.row_shape[0] == 1} - of_batch
    if not of_batch and not of_all:
        return False, None

    def fed(value: Any) -> Any:
        if id(value) in of_all:
            return each_row(ops.squeeze(value, 0))
        return by_rows(value) if id(value) in of_batch else None

    return True, call(mapped(args, fed), mapped(kwargs, fed))
