"""The activation at a layer's end."""

from __future__ import annotations

from typing import Any

from lamina._check import show_shape


def activated(layer: Any, z: Any, name: str | None = None) -> Any:
    """Return a layer's activation of a tensor, recorded by a name of its own.

    One of a user's must keep the shape: what holds the layer knows its outputs by ``units``, or
    ``filters``.
    """
    function = layer.activation
    y = function.of_floats(z, name or f"{layer.name}/{function.name}")
    if y.row_shape != z.row_shape:
        raise ValueError(
            f"{layer.name}: activation {function.name} must return the shape that it is given, "
            f"{show_shape(z.row_shape)}; got {show_shape(y.row_shape)}"
        )
    return y
