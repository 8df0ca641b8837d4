"""A layer behind another: what to change where their shapes do not fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lamina._check import Shape

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


def output_shape_behind(before: Iterable[Layer], layer: Layer, shape: Any) -> Any:
    """Return ``layer.output_shape_of(shape)``, of rows that the layers ``before`` give.

    The nearest one comes first.

    Raises
    ------
    ValueError
        What the layer says of the shape; where it lacks an axis, also how to keep or add it.
    """
    try:
        return layer.output_shape_of(shape)
    except ValueError as error:
        hint = _missing_axis(before, str(error), shape)
        if hint is None:
            raise
        raise ValueError(f"{error}; {hint}") from None


def _missing_axis(before: Iterable[Layer], text: str, shape: Any) -> str | None:
    if " axes" not in text or "needs" not in text or not isinstance(shape, tuple):
        return None
    for other in before:
        if other.drops is not None:
            return f"{other.name} {other.drops}"
        if not _keeps_axes(other, shape):
            break
    last = "channel" if "channels" in text else "feature"
    if f"{last}s" in text and f"needs {len(shape) + 2} axes" in text:
        return f"Reshape({(*shape, 1)}) in front of it adds an axis of one {last}"
    return None


def _keeps_axes(layer: Layer, shape: Shape) -> bool:
    """Return whether the layer, as Dropout or Dense, has as many axes behind as in front."""
    try:
        return len(layer.output_shape_of(shape)) == len(shape)
    except (TypeError, ValueError):
        return False
