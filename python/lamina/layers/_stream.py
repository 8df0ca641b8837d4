"""Which random numbers a layer draws."""

from __future__ import annotations

from typing import Protocol

from lamina.random import mix

PLACE = 0x706C616365  # sets hashes of places apart from those of seeds


class Draws(Protocol):
    """A layer that draws: its place in the model, its own seed, and the time step it is at."""

    seed: int | None

    @property
    def stream(self) -> int: ...

    @property
    def turn(self) -> int: ...


def stream_of(layer: Draws, *use: int) -> int:
    """Return the stream of a layer, by its place in its model or by its own seed.

    A layer that draws for several uses numbers them; one that is recorded step after step draws
    anew at each.  Streams below 2**20 are places in the model, those above 2**31 hashes.
    """
    if layer.seed is None and layer.turn == 0:
        return layer.stream + sum(use)
    origin = (PLACE, layer.stream) if layer.seed is None else (layer.seed,)
    return mix(*origin, *use, *([layer.turn] if layer.turn else [])) >> 33 | 0x8000_0000
