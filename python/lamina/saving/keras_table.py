"""The parameters of Keras's classes, as listed by tools/keras_classes.py."""

from __future__ import annotations

import functools
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The modules in which classes are looked up, in this order.
ROOMS = (
    "layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers",
    "optimizers.schedules",
)  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """A class of Keras that represents a function of ``keras.ops`` in a graph.

    Attributes
    ----------
    module, name : str
    settings : tuple of str
        The parameters of its constructor.
    arguments : tuple of str
        The arguments of its call.
    """

    module: str
    name: str
    settings: tuple[str, ...]
    arguments: tuple[str, ...]


@functools.cache
def _table() -> dict[str, Any]:
    path = Path(__file__).with_name("keras_classes.json")
    table: dict[str, Any] = json.loads(path.read_text())
    return table


def version() -> str:
    """Return the version of Keras that the list was made from."""
    return str(_table()["version"])


def arguments(room: str, name: str) -> frozenset[str] | None:
    """Return the parameters of a class's constructor; None if Keras has no such class."""
    line = _table()["classes"].get(f"{room}.{name}")
    return None if line is None else frozenset(line.split())


def class_of(name: str) -> str:
    """Return the name of a public class of layers in Keras's code."""
    return str(_table()["renamed"].get(name, name))


def public_class(name: str) -> str:
    """Return the public name of a class of layers."""
    renamed = _table()["renamed"]
    return next((public for public, own in renamed.items() if own == name), name)


def told(name: str) -> bool | None:
    """Return the default of ``training`` that Keras stores for the calls of a layer."""
    default: bool | None = _table()["training"].get(name)
    return default


def is_operation(name: str) -> bool:
    """Return whether a class represents a function of ``keras.ops``."""
    return any(f".{name}: " in line for line in _table()["operations"].values())


def room_of(name: str, first: str = "") -> str | None:
    """Return the module that has a class of that name; ``first`` is searched before the others."""
    rooms = sorted(ROOMS, key=lambda room: room != first)
    return next((room for room in rooms if arguments(room, name) is not None), None)


def operation(function: str) -> Operation | None:
    """Return the class for a function of ``ops``; None if Keras has none."""
    line = _table()["operations"].get(function)
    if line is None:
        return None
    path, _, taken = line.partition(": ")
    settings, _, called = taken.partition("/")
    module, _, name = path.rpartition(".")
    return Operation(module, name, tuple(settings.split()), tuple(called.split()))


def is_activation(name: str) -> bool:
    """Return whether Keras has an activation of that name."""
    return name in _table()["activations"].split()


def own_class(room: str, name: str) -> Any:
    """Return the class of that name in a module of lamina, or None."""
    module = importlib.import_module(f"lamina.{room}")
    found = getattr(module, name, None) if not name.startswith("_") else None
    return found if isinstance(found, type) else None
