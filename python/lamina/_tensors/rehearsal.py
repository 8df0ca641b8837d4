"""Calls on stand-ins for data, made to learn what a function returns: their effects are undone.

What changes with a call, such as moving statistics or a generator's number of draws, is written
with the functions of this module, or notes here how it gets its old value back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_undoings: ContextVar[list[Callable[[], None]] | None] = ContextVar("undoings", default=None)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo at the end of the block, the latest first, what calls in it have changed."""
    undoings: list[Callable[[], None]] = []
    token = _undoings.set(undoings)
    try:
        yield
    finally:
        _undoings.reset(token)
        for undo in reversed(undoings):
            undo()


def rehearsing() -> bool:
    """Return whether the data are stand-ins, which need not be valid."""
    return _undoings.get() is not None


def undo_later(undo: Callable[[], None]) -> None:
    """Note what takes a change back, if the data are stand-ins."""
    undoings = _undoings.get()
    if undoings is not None:
        undoings.append(undo)


def put(variable: Any, values: Any) -> None:
    """Give a variable the values that a call has assigned to it."""
    if rehearsing():
        before = variable.array.copy()
        undo_later(lambda: variable.array.__setitem__(..., before))
    variable.array[...] = values
