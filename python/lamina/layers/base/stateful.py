"""Finding layers that carry a state from batch to batch."""

from __future__ import annotations

from lamina.layers.base.carried import Carrier
from lamina.layers.layer import Layer


def carriers(layer: Layer) -> list[Carrier]:
    """Return the stateful recurrent layers that are, or are contained in, a layer."""
    return [each for each in layer.walk() if isinstance(each, Carrier) and each.stateful]
