"""Arguments that are functions, sequences or arrays, with errors that name the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

from lamina._tensors.given import array_of
from lamina._tensors.tensor import Tensor


def function_of(who: str, name: str, value: Any) -> Callable[..., Any]:
    """Return a function, or anything else that can be called."""
    if not callable(value):
        raise TypeError(f"{who}: {name} must be a function; got {value!r:.100}")
    return value  # type: ignore[no-any-return]


def several(who: str, name: str, values: Any) -> list[Any]:
    """Return the entries of a list, a tuple, an array or a tensor; sets have no order."""
    if isinstance(values, Tensor):
        return list(values)  # raises with a reason
    if not isinstance(values, (str, bytes, Mapping, Set)):
        try:
            return list(values)
        except TypeError:
            pass
    raise TypeError(f"{who}: {name} must be a sequence; got {values!r:.100}")


def known_array(who: str, name: str, value: Any) -> Any:
    """Return an array of numbers or booleans, whose values are known."""
    array = array_of(who, value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who}: {name} must be numbers; got {value!r:.100}")
    return array
