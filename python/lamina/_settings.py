"""Settings of public objects: configurations and lookup by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar

from lamina._check import number
from lamina._names import lookup
from lamina._public import PublicKeywords

C = TypeVar("C", bound="Configurable")

# The classes of the user's own, by name, while a configuration is read.
_custom: ContextVar[Mapping[str, Any]] = ContextVar("custom", default=MappingProxyType({}))


@contextmanager
def reading_with(custom_objects: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Let all that is read from configurations within the block, at any depth, know these names.

    Those of a block around this one hold too; the innermost wins.  Yields all of them.
    """
    if custom_objects is not None and not isinstance(custom_objects, Mapping):
        raise TypeError(f"custom_objects: must map names to classes; got {custom_objects!r}")
    known = {**_custom.get(), **(custom_objects or {})}
    token = _custom.set(known)
    try:
        yield known
    finally:
        _custom.reset(token)


def _argument_names(cls: type) -> tuple[str, ...]:
    parameters = inspect.signature(cls).parameters.values()
    return tuple(p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))


class Configurable(PublicKeywords):
    """An object that its constructor's arguments describe completely.

    ``get_config`` reads back, from the attributes of the same names, what ``__init__`` was given;
    ``from_config`` builds an equal object from it.
    """

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as a dictionary of plain values."""
        return {name: getattr(self, name) for name in _argument_names(type(self))}

    @classmethod
    def from_config(cls: type[C], config: Mapping[str, Any]) -> C:
        """Build an object from what ``get_config`` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        """Return the constructor call that builds an equal object."""
        settings = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({settings})"


def has_settings(config: object, *names: str) -> bool:
    """Return whether ``config`` can be a configuration, and holds all ``names``."""
    return isinstance(config, Mapping) and all(name in config for name in names)


def serialize(instance: Configurable | None) -> dict[str, Any] | None:
    """Return ``{"class_name": ..., "config": ...}``, which every room's ``get`` accepts."""
    if instance is None:
        return None
    return {"class_name": type(instance).__name__, "config": instance.get_config()}


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def find(kind: str, name: str, table: Mapping[str, type[C]]) -> type[C]:
    """Return the class called `name`; case and underscores do not matter.

    Raises
    ------
    ValueError
        If no class has the name; the message suggests the nearest.
    """
    for known, cls in table.items():
        if _folded(known) == _folded(name):
            return cls
    return lookup(kind, name, table)


def resolve(kind: str, identifier: object, table: Mapping[str, type[C]], base: type[C]) -> C:
    """Return an instance for a name, a class, a serialized dictionary or an instance.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is none of these.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, str):
        return find(kind, identifier, table)()
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        own: dict[str, type[C]] = {
            name: cls
            for name, cls in _custom.get().items()
            if isinstance(cls, type) and issubclass(cls, base)
        }
        name = str(identifier["class_name"])
        cls = own[name] if name in own else find(kind, name, {**table, **own})
        return cls.from_config(identifier.get("config", {}))
    raise TypeError(
        f"{kind}: needs a name, an instance of {base.__name__} or its configuration; "
        f"got {identifier!r}"
    )


def optional_number(who: str, name: str, value: object, **limits: Any) -> float | None:
    """Return None for None, else what ``_check.number`` makes of the value."""
    return None if value is None else number(who, name, value, **limits)
