"""What holds for one use of a layer while it is recorded.

A layer may stand in several models, and several times in one.  Its place, the name it goes by and
the time step it is at belong to the use at hand, so they are kept beside the layer, for the thread
that records, and not on it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Uses(threading.local):
    """By layer, what holds for the use that this thread is recording."""

    def __init__(self) -> None:
        self.by_layer: dict[int, dict[str, Any]] = {}


_uses = _Uses()


def current(layer: object, what: str, default: Any) -> Any:
    """Return what the use at hand says of a layer, else ``default``."""
    use = _uses.by_layer.get(id(layer))
    return default if use is None else use.get(what, default)


@contextmanager
def using(layer: object, **what: Any) -> Iterator[None]:
    """Let ``name``, ``stream`` or ``turn`` hold for a layer until the block ends."""
    uses, key = _uses.by_layer, id(layer)
    before = uses.get(key)
    uses[key] = what if before is None else {**before, **what}
    try:
        yield
    finally:
        if before is None:
            del uses[key]
        else:
            uses[key] = before
