"""Which layers carry a state from batch to batch."""

from __future__ import annotations

from typing import Any

from lamina.layers.recurrent import Recurrent


def carriers(layer: Any) -> list[Recurrent]:
    """Return the stateful recurrent layers that are, or stand within, a layer."""
    if isinstance(layer, Recurrent):
        return [layer] if layer.stateful else []
    held = getattr(getattr(layer, "model", None), "carriers", None)
    if held is not None:
        return list(held())
    return [carrier for inner in getattr(layer, "directions", ()) for carrier in carriers(inner)]
