"""Attributes of users' objects with names on which the library's code relies.

A user's layer may set ``self.stream`` or ``self.nodes``, which the base class also has.  The user's
code then sees its own value, and the library's code the one it needs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

OWN = "_own_names"  # the attribute that holds the values set by users


class Split:
    """A class attribute with separate values for the library and for users."""

    def __init__(self, name: str, held: Any) -> None:
        self.name, self.held = name, held

    def __get__(self, thing: Any, cls: type) -> Any:
        """Return the value for the caller."""
        held = self.held
        if thing is not None:
            own = thing.__dict__.get(OWN, {})
            if self.name in own and not _of_library(2):
                return own[self.name]
            if self.name in thing.__dict__ and not hasattr(held, "__set__"):
                return thing.__dict__[self.name]
        return held.__get__(thing, cls) if hasattr(held, "__get__") else held

    def __set__(self, thing: Any, value: Any) -> None:
        """Set the library's value."""
        if hasattr(self.held, "__set__"):
            self.held.__set__(thing, value)
        else:
            thing.__dict__[self.name] = value


def take(thing: Any, name: str, value: Any) -> bool:
    """Store a user's value for one of the library's names; return whether the name is one."""
    cls = type(thing)
    if name not in _names(cls) or _of_library(3):
        return False
    thing.__dict__.setdefault(OWN, {})[name] = value
    split(cls, [name])
    return True


def split(cls: type, names: Iterable[str]) -> None:
    """Make a user's class keep separate values of these names for the library and the user."""
    for name in names:
        if not isinstance(vars(cls).get(name), Split):
            held = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
            setattr(cls, name, Split(name, held))


def _of_library(depth: int) -> bool:
    name = sys._getframe(depth).f_globals.get("__name__", "")
    return bool(name.partition(".")[0] == "lamina")


def _names(cls: type) -> frozenset[str]:
    known: frozenset[str] | None = vars(cls).get("_names_of_library")
    if known is None:
        lists = (
            f"{vars(base).get('_plumbing', '')} {vars(base).get('_overwritten', '')}".split()
            for base in cls.__mro__
        )
        known = frozenset(name for names in lists for name in names)
        cls._names_of_library = known  # type: ignore[attr-defined]
    return known
