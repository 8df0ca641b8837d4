"""How much memory a model may take while it is made of a file, which may tell of any sizes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# The bytes that may still be taken, in a list of one; None for no limit.
_room: ContextVar[list[int] | None] = ContextVar("room", default=None)


@contextmanager
def at_most(room: int | None) -> Iterator[None]:
    """Let weights and constants of so many bytes be made within the block.

    Models do not draw their first values in it; whoever asks a layer for them gets them.
    """
    token = _room.set(None if room is None else [room])
    try:
        yield
    finally:
        _room.reset(token)


def is_limited() -> bool:
    """Return whether this is in a block of ``at_most``."""
    return _room.get() is not None


def take(needed: int, what: str) -> None:
    """Note that bytes are taken; ValueError where there is no room for ``what``."""
    room = _room.get()
    if room is None:
        return
    if needed > room[0]:
        raise ValueError(
            f"{what} would take {needed} bytes of memory, more than twice the file's arrays; the "
            f"file is refused"
        )
    room[0] -= needed
