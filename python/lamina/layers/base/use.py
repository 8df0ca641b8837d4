"""Properties of a single use of a layer, while it is recorded.

A layer may occur in several models, and several times in one.  Its place, the name it goes by and
its current time step belong to the current use, so they are stored outside the layer, for the
recording thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Uses(threading.local):
    """By layer, the properties of the use that this thread is recording."""

    def __init__(self) -> None:
        self.by_layer: dict[int, dict[str, Any]] = {}


_uses = _Uses()


def current(layer: object, what: str, default: Any) -> Any:
    """Return a property of the current use of a layer, else ``default``."""
    use = _uses.by_layer.get(id(layer))
    return default if use is None else use.get(what, default)


@contextmanager
def using(layer: object, **what: Any) -> Iterator[None]:
    """Set ``name``, ``stream`` or ``turn`` for a layer until the end of the block."""
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
