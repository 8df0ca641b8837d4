"""Layers among the attributes of an object."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

CONTAINERS = (list, tuple, dict)
# Containers may hold many of these, each of which would otherwise be examined in every call.
PLAIN = frozenset({int, float, str, bool, bytes, type(None), np.ndarray})
MOMENTS = "_attached"  # the attribute that records, by name, when others were set

_moments = itertools.count(1)


def next_moment() -> int:
    """Return a number that grows from call to call, the time at which a layer or model was made."""
    return next(_moments)


def note_attached(holder: Any, name: str, value: Any) -> bool:
    """Note when an attribute was set that holds, or may come to hold, layers; return whether so."""
    if type(value) in CONTAINERS or hasattr(type(value), "moment"):
        holder.__dict__.setdefault(MOMENTS, {})[name] = next_moment()
        return True
    return False


def held_by(holder: Any, skipped: Collection[str] = ()) -> list[Layer]:
    """Return the layers, and models as layers, among attributes and in lists, tuples and dicts.

    They are in the order in which they were attached, which is also that of weights: a layer made
    after its list became an attribute was attached when it was made.
    """
    found: list[tuple[int, Layer]] = []
    moments = holder.__dict__.get(MOMENTS, {})
    for name, value in holder.__dict__.copy().items():  # another thread may add attributes
        if type(value) in PLAIN or name in skipped or name == MOMENTS:
            continue
        moment = moments.get(name, 0)
        for layer, made in _within(value):
            if type(value) in CONTAINERS:
                moment = max(moment, made)
            found.append((moment, layer))
    found.sort(key=lambda pair: pair[0])
    return list({id(layer): layer for _, layer in reversed(found)}.values())[::-1]


def layers_in(value: Any) -> list[Layer]:
    """Return the layers that a value is, or contains in lists, tuples and dicts."""
    return [layer for layer, _ in _within(value)]


def _within(value: Any) -> Iterator[tuple[Layer, int]]:
    from lamina.layers.layer import Layer

    if hasattr(type(value), "as_layer"):  # a model, which isinstance takes for a Layer, as in Keras
        yield value.as_layer(), value.moment
    elif isinstance(value, Layer):
        yield value, value.moment
    elif type(value) in CONTAINERS[:2]:
        for each in value:
            if type(each) not in PLAIN:
                yield from _within(each)
    elif type(value) is dict:
        for each in list(value.values()):
            if type(each) not in PLAIN:
                yield from _within(each)
