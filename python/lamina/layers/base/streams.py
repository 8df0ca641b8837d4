"""The random streams of layers."""

from __future__ import annotations

from typing import Protocol

from lamina.random import mix

PLACE = 0x706C616365  # distinguishes hashes of places from those of seeds


class Draws(Protocol):
    """A layer that draws random numbers: its place in the model, its seed and its time step."""

    seed: int | None

    @property
    def stream(self) -> int:
        """The number of the layer's place in its model."""

    @property
    def turn(self) -> int:
        """The time step that is recorded; 0 outside recurrent layers."""


def stream_of(layer: Draws, *use: int) -> int:
    """Return the stream of a layer, from its place in its model or from its own seed.

    A layer that draws for several purposes numbers them; one that is recorded step by step draws
    new numbers at each.  Streams below 2**20 are places in the model, those above 2**31 hashes.
    """
    if layer.seed is None and layer.turn == 0:
        return layer.stream + sum(use)
    origin = (PLACE, layer.stream) if layer.seed is None else (layer.seed,)
    return mix(*origin, *use, *([layer.turn] if layer.turn else [])) >> 33 | 0x8000_0000
