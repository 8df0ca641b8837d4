"""Attributes and methods of users' classes with names on which the library's code relies.

A user's layer may set ``self.stream``, and a user's model define a method ``objective``, which the
base class also has.  The user's code then sees its own, and the library's code the one it needs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from lamina._answers import is_own

OWN = "_own_names"  # the attribute that holds the values set by users
_MISSING: Any = object()


class Split:
    """A class attribute with separate values for the library and for users.

    Parameters
    ----------
    owner : type
        The user's class.
    name : str
    held : object, optional
        The library's value in this class; by default that of its bases.
    own : object, optional
        What the user's class defines.
    """

    def __init__(self, owner: type, name: str, held: Any = _MISSING, own: Any = _MISSING) -> None:
        self.owner, self.name, self.held, self.own = owner, name, held, own

    def __get__(self, thing: Any, cls: type) -> Any:
        """Return the value for the caller."""
        held = self._held(cls)
        users = not _of_library(2)
        if thing is not None:
            own = thing.__dict__.get(OWN, {})
            if self.name in own and users:
                return own[self.name]
            if self.name in thing.__dict__ and not hasattr(held, "__set__") and not (
                users and self.own is not _MISSING
            ):  # fmt: skip
                return thing.__dict__[self.name]
        found = self.own if users and self.own is not _MISSING else held
        return found.__get__(thing, cls) if hasattr(found, "__get__") else found

    def __set__(self, thing: Any, value: Any) -> None:
        """Set the library's value."""
        held = self._held(type(thing))
        if hasattr(held, "__set__"):
            held.__set__(thing, value)
        else:
            thing.__dict__[self.name] = value

    def _held(self, cls: type) -> Any:
        if self.held is not _MISSING:
            return self.held
        bases = cls.__mro__[cls.__mro__.index(self.owner) + 1 :]  # these may change
        held = (vars(base)[self.name] for base in bases if self.name in vars(base))
        return next((each for each in held if not isinstance(each, Split)), None)


def take(thing: Any, name: str, value: Any) -> bool:
    """Store a user's value for one of the library's names; return whether the name is one."""
    cls = type(thing)
    if name not in _names(cls) or _of_library(3):
        return False
    own = _definition(cls, name)
    if hasattr(own, "__set__"):  # a property
        own.__set__(thing, value)
        return True
    thing.__dict__.setdefault(OWN, {})[name] = value
    split(cls, [name])
    return True


def split(cls: type, names: Iterable[str]) -> None:
    """Make a user's class keep separate values of these names for the library and the user."""
    for name in names:
        if not isinstance(vars(cls).get(name), Split):
            held = vars(cls).get(name, _MISSING)
            setattr(cls, name, Split(cls, name, held, _definition(cls, name)))


def withhold(cls: type) -> dict[str, Any]:
    """Return a class's own methods and properties with names of the library, and remove them.

    The class then looks as if it did not define them, until they are given back.
    """
    if is_own(cls):
        return {}
    names = _names(cls) & vars(cls).keys()
    own = {name: vars(cls)[name] for name in names if hasattr(vars(cls)[name], "__get__")}
    for name in own:
        delattr(cls, name)
    return own


def give_back(cls: type, own: dict[str, Any]) -> None:
    """Let the user's code see the methods that were withheld, and the library's code its own."""
    if is_own(cls):
        return
    for name in _names(cls) & vars(cls).keys():  # set again in each class
        inherited = _definition(cls, name)
        if inherited is not _MISSING and not isinstance(vars(cls)[name], Split):
            own = {name: inherited, **own}
    for name, definition in own.items():
        setattr(cls, name, Split(cls, name, vars(cls).get(name, _MISSING), definition))


def _definition(cls: type, name: str) -> Any:
    """Return what the user's classes define under one of the library's names."""
    found = (vars(base).get(name) for base in cls.__mro__)
    own = (each.own for each in found if isinstance(each, Split))
    return next((each for each in own if each is not _MISSING), _MISSING)


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
