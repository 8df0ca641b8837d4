"""The activation of a layer."""

from __future__ import annotations

from typing import Any

from lamina._check import show_shape


def activated(layer: Any, z: Any, name: str | None = None) -> Any:
    """Return a layer's activation of a tensor, recorded under its own name.

    A user's activation must keep the shape: the size of the output is known from ``units`` or
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
