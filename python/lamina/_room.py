"""Limits on the memory of a model made from a file, which may contain any sizes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# The number of bytes that may still be taken, in a list of length one; None for no limit.
_room: ContextVar[list[int] | None] = ContextVar("room", default=None)


@contextmanager
def at_most(room: int | None) -> Iterator[None]:
    """Limit the memory of weights and constants made within the block.

    Models do not draw their initial values in it; a layer still makes them on request.
    """
    token = _room.set(None if room is None else [room])
    try:
        yield
    finally:
        _room.reset(token)


def is_limited() -> bool:
    """Return whether the code runs in a block of ``at_most``."""
    return _room.get() is not None


def take(needed: int, what: str) -> None:
    """Note that bytes are taken; ValueError if there is no space for ``what``."""
    room = _room.get()
    if room is None:
        return
    if needed > room[0]:
        raise ValueError(
            f"{what} would take {needed} bytes of memory, more than twice the file's arrays; the "
            f"file is refused"
        )
    room[0] -= needed
