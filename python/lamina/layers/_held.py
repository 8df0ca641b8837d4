"""The layers among attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


def held_by(values: Iterable[Any]) -> list[Layer]:
    """Return the layers, and models as layers, among values and in lists, tuples and dicts."""
    found: dict[int, Layer] = {}
    for value in values:
        _find(value, found)
    return list(found.values())


def _find(value: Any, found: dict[int, Layer]) -> None:
    from lamina.layers.layer import Layer

    if isinstance(value, Layer):
        found.setdefault(id(value), value)
    elif type(value) in (list, tuple):
        for each in value:
            _find(each, found)
    elif type(value) is dict:
        for each in value.values():
            _find(each, found)
    elif hasattr(type(value), "as_layer"):
        layer = value.as_layer()
        found.setdefault(id(layer), layer)
