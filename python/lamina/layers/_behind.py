"""A layer behind another: what to change where their shapes do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


def output_shape_behind(before: Layer | None, layer: Layer, shape: Any) -> Any:
    """Return ``layer.compute_output_shape(shape)``, of rows that ``before`` gives.

    Raises
    ------
    ValueError
        What the layer says of the shape; where it lacks an axis, also how to keep or add it.
    """
    try:
        return layer.compute_output_shape(shape)
    except ValueError as error:
        hint = _missing_axis(before, str(error), shape)
        if hint is None:
            raise
        raise ValueError(f"{error}; {hint}") from None


def _missing_axis(before: Layer | None, text: str, shape: Any) -> str | None:
    if " axes" not in text or "needs" not in text or not isinstance(shape, tuple):
        return None
    if before is not None and before.drops is not None:
        return f"{before.name} {before.drops}"
    last = "channel" if "channels" in text else "feature"
    if f"{last}s" in text and f"needs {len(shape) + 2} axes" in text:
        return f"Reshape({(*shape, 1)}) in front of it adds an axis of one {last}"
    return None
