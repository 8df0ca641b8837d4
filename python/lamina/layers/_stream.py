"""Which random numbers a layer draws."""

from __future__ import annotations

from lamina.random import mix


def stream_of(place: int, seed: int | None, *use: int) -> int:
    """Return the stream of a layer at ``place`` in its model, or of its own seed.

    A layer that draws for several uses numbers them.  Streams below 2**20 are places in the model,
    those above 2**31 seeds of layers.
    """
    return place + sum(use) if seed is None else mix(seed, *use) >> 33 | 0x8000_0000
