"""What Keras's classes take, as tools/keras_classes.py wrote it down."""

from __future__ import annotations

import functools
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Where classes are looked for, in this order.
ROOMS = (
    "layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers",
    "optimizers.schedules",
)  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """A class of Keras's that stands for a function of ``keras.ops`` in a graph.

    Attributes
    ----------
    module, name : str
    settings : tuple of str
        What its constructor takes.
    arguments : tuple of str
        What it is called on.
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
    """Return the version of Keras that the list is of."""
    return str(_table()["version"])


def arguments(room: str, name: str) -> frozenset[str] | None:
    """Return what the constructor of a class takes; None if Keras has no such class."""
    line = _table()["classes"].get(f"{room}.{name}")
    return None if line is None else frozenset(line.split())


def class_of(name: str) -> str:
    """Return what Keras's code calls a public class of layers."""
    return str(_table()["renamed"].get(name, name))


def public_class(name: str) -> str:
    """Return what a class of layers is called in public."""
    renamed = _table()["renamed"]
    return next((public for public, own in renamed.items() if own == name), name)


def told(name: str) -> bool | None:
    """Return what Keras notes that a call of a layer is told of training, where nobody says."""
    default: bool | None = _table()["training"].get(name)
    return default


def is_operation(name: str) -> bool:
    """Return whether a class stands for a function of ``keras.ops``."""
    return any(f".{name}: " in line for line in _table()["operations"].values())


def room_of(name: str, first: str = "") -> str | None:
    """Return the room that has a class of that name; ``first`` is looked into before the others."""
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
    """Return whether Keras knows an activation by that name."""
    return name in _table()["activations"].split()


def own_class(room: str, name: str) -> Any:
    """Return the class of that name in a room of lamina's, or None."""
    module = importlib.import_module(f"lamina.{room}")
    found = getattr(module, name, None) if not name.startswith("_") else None
    return found if isinstance(found, type) else None
