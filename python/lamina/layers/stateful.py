"""Which layers carry a state from batch to batch."""

from __future__ import annotations

from lamina.layers.layer import Layer
from lamina.layers.recurrent import Recurrent


def carriers(layer: Layer) -> list[Recurrent]:
    """Return the stateful recurrent layers that are, or stand within, a layer."""
    return [each for each in layer.walk() if isinstance(each, Recurrent) and each.stateful]
