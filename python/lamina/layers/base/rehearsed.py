"""What layers and models hold besides weights, as it was before calls on stand-ins for data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamina._answers import is_own
from lamina._tensors import dataflow
from lamina.layers.base.buildable import HELD_BESIDE
from lamina.layers.base.carried import Carrier
from lamina.layers.base.held import MOMENTS

NUMBERS = (bool, int, float, complex, str, bytes, type(None))
CONTAINERS = (list, dict, set)


def node(layer: Any, args: Any, kwargs: Any) -> Any:
    """Return the outputs of a layer or model for symbolic tensors of TensorFlow's."""
    return dataflow.node(layer, args, kwargs, Held(layer))


class Held:
    """The states and plain attributes of a layer or model, and of those within it.

    Plain attributes are numbers, texts, and Python's lists, dicts and sets, of users' classes.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self.attributes = _attributes(root)
        holders = {key[0]: holder for key, (holder, *_) in self.attributes.items()}
        self.built = {key for key, holder in holders.items() if getattr(holder, "built", True)}
        self.states = {id(layer): layer.held_beside() for layer in _carriers(root)}
        self.start_anew()

    def start_anew(self) -> None:
        """Let recurrent layers take any number of rows; the attributes are those of a call."""
        for layer in _carriers(self.root):
            layer.reset_state()
        self.latest = _attributes(self.root)

    def restore(self) -> None:
        """Undo what calls have changed, but not what building has.

        The last call builds nothing: what it leaves as it was belongs to the building.
        """
        for key, (holder, value, copied) in self.attributes.items():
            now, latest = vars(holder).get(key[1]), self.latest.get(key)
            left = latest is None or _same(now, latest[2])  # None: it has become a layer, say
            if not _same(now, copied) and not (left and key[0] not in self.built):
                _put_back(holder, key[1], value, copied)
        for layer in _carriers(self.root):
            layer.reset_state()
            if self.states.get(id(layer)):
                layer.take_beside(self.states[id(layer)])


def _holders(root: Any) -> Iterator[Any]:
    yield root
    for part in root.parts if hasattr(root, "parts") else root.layers_within():
        for layer in part.walk():
            yield getattr(layer, "model", layer)  # of a model with `call`, what users see


def _attributes(root: Any) -> dict[tuple[int, str], tuple[Any, Any, Any]]:
    """Return holder, value and a copy of it, for each plain attribute of users' objects."""
    return {
        (id(holder), name): (holder, value, value.copy() if type(value) in CONTAINERS else value)
        for holder in _holders(root)
        if not is_own(type(holder))
        for name, value in list(vars(holder).items())
        if type(value) in (*NUMBERS, *CONTAINERS) and name not in HELD_BESIDE and name != MOMENTS
    }


def _carriers(root: Any) -> list[Carrier]:
    found = (each for each in _holders(root) if isinstance(each, Carrier))
    return [each for each in found if each.stateful]


def _same(one: Any, other: Any) -> bool:
    """Return whether numbers are equal, and containers hold the same objects."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        pairs = zip(one.values(), other.values(), strict=False)
        return one.keys() == other.keys() and all(a is b for a, b in pairs)
    if isinstance(one, list):
        return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
    return bool(one == other or one is other)


def _put_back(holder: Any, name: str, value: Any, copied: Any) -> None:
    if type(value) in CONTAINERS:
        value.clear()
        if isinstance(value, list):
            value.extend(copied)
        else:
            value.update(copied)
    setattr(holder, name, value)
