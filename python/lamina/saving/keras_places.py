"""The groups of Keras's HDF5 files that contain the weights of models.

A group is named after the attributes that lead to it, and a layer in a list after its class, with a
number: "layers/dense_1", "layers/bidirectional/forward_layer/cell".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._answers import is_own
from lamina._check import Array
from lamina._names import snake_case
from lamina.saving import keras_table

Orders = Mapping[int, Sequence[Any]]  # a model's id -> its layers in the order of the file

_CONTAINERS = (list, tuple, dict)
_INTERNAL = ("_layer", "_met", "built_within")  # the library's own attributes that contain layers
# Keras's names for the projections in attention layers.
_PROJECTIONS = {"query": "query", "key": "key", "value": "value", "gate": "gate",
                "attention_output": "output"}  # fmt: skip


@dataclass
class Group:
    """The weights in one group.

    Attributes
    ----------
    path : str
        Of the group; "" for the whole model.
    layer : Layer or Model
        The owner of the weights.
    parameters : list of Parameter
        In Keras's order; some layers have no weights of their own.
    part : str
        The part of the layer, if it is a layer of its own in Keras.
    """

    path: str
    layer: Any
    parameters: list[Any]
    part: str = ""

    @property
    def named(self) -> dict[str, Array]:
        """The weights that Keras stores by name: those of tokens in lookup layers."""
        weights = getattr(self.layer, "_weights", None)
        if getattr(self.layer, "output_mode", None) != "tf_idf" or weights is None:
            return {}
        return {"idf_weights": np.asarray(weights, np.float32)}

    @property
    def name(self) -> str:
        """The name of the layer."""
        return self.part or str(self.layer.name).rpartition("/")[2]


def groups_of(model: Any, orders: Orders | None = None) -> list[Group]:
    """Return all groups of a model; a layer that occurs twice belongs to the first occurrence."""
    found: dict[tuple[int, str], Group] = {}
    for group in _walked(model, "", orders or {}):
        thing = getattr(group.layer, "stands_for", None) or group.layer
        found.setdefault((id(thing), group.part), group)
    return list(found.values())


def class_of(layer: Any) -> str:
    """Return Keras's name for the class of a layer, or of a model used as a layer."""
    return str(getattr(layer, "class_name", None) or type(layer).__name__)


def counted(layers: Iterable[Any]) -> list[str]:
    """Return the names of layers in a list: their classes with numbers."""
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        name = layer if isinstance(layer, str) else class_of(layer)
        kind = snake_case(keras_table.class_of(name))
        number = counts[kind] = counts.get(kind, -1) + 1
        names.append(f"{kind}_{number}" if number else kind)
    return names


def _walked(thing: Any, path: str, orders: Orders) -> Iterator[Group]:
    from lamina.models import Model

    model = thing if isinstance(thing, Model) else getattr(thing, "stands_for", None)
    if model is None:
        inner = _INNER.get(_own_class(thing), _of_any)
        yield from inner(thing, path, orders)
    elif hasattr(model, "call") and model.calls:  # a custom model
        yield from _of_any(model, path, orders)
    else:
        yield Group(path, model, [])
        layers = orders.get(id(model), model.layers)
        yield from _listed(layers, _joined(path, "layers"), orders)


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _listed(layers: Sequence[Any], path: str, orders: Orders) -> Iterator[Group]:
    for layer, name in zip(layers, counted(layers), strict=True):
        yield from _walked(layer, _joined(path, name), orders)


def _own_class(layer: Any) -> str:
    """Return the first of the library's classes that a layer is an instance of."""
    return next((c.__name__ for c in type(layer).__mro__ if is_own(c)), "")


# --- layers


def _of_any(layer: Any, path: str, orders: Orders) -> Iterator[Group]:
    """Visit a layer's own weights, then its attributes, private ones last."""
    holder = layer.as_layer() if hasattr(layer, "as_layer") else layer
    within = {id(p) for each in holder.layers_within() for p in each.parameters}
    own = [p for p in dict.fromkeys(holder.parameters) if id(p) not in within]
    learned = {id(holder._parameters[i]) for i in holder._learnable}
    yield Group(path, layer, sorted(own, key=lambda p: id(p) not in learned))
    held = vars(layer)
    known = {id(thing) for each in holder.layers_within() for thing in (each, each.stands_for)}
    for name in sorted(held, key=lambda n: f"~{n}" if n.startswith("_") else n):
        if name not in _INTERNAL:
            yield from _attribute(held[name], _joined(path, name), orders, known)


def _attribute(value: Any, path: str, orders: Orders, known: set[int]) -> Iterator[Group]:
    if id(value) in known and value is not None:
        yield from _walked(value, path, orders)
    elif type(value) in _CONTAINERS:
        members = list(value.values()) if type(value) is dict else list(value)
        yield from _listed([v for v in members if id(v) in known and v is not None], path, orders)
        for number, inner in enumerate(v for v in members if type(v) in _CONTAINERS):
            name = f"container_{number}" if number else "container"
            yield from _attribute(inner, _joined(path, name), orders, known)


def _in_cell(layer: Any, path: str, _: Orders) -> Iterator[Group]:
    yield Group(path, layer, [])
    cell = f"{snake_case(_own_class(layer))}_cell"
    yield Group(f"{path}/cell", layer, list(layer.parameters), cell)


def _around_cell(layer: Any, path: str, orders: Orders) -> Iterator[Group]:
    yield Group(path, layer, [])
    yield from _walked(layer.cell, f"{path}/cell", orders)


def _cells(layer: Any, path: str, orders: Orders) -> Iterator[Group]:
    yield Group(path, layer, [])
    yield from _listed(layer.cells, f"{path}/cells", orders)


def _both_ways(layer: Any, path: str, orders: Orders) -> Iterator[Group]:
    yield Group(path, layer, [])
    yield from _walked(layer.forward_layer, f"{path}/forward_layer", orders)
    yield from _walked(layer.backward_layer, f"{path}/backward_layer", orders)


def _around(layer: Any, path: str, orders: Orders) -> Iterator[Group]:
    yield Group(path, layer, [])
    yield from _walked(layer.layer, f"{path}/layer", orders)


def _normalized(layer: Any, path: str, orders: Orders) -> Iterator[Group]:
    # Keras stores the kernel twice.
    kernel = layer.layer.parameters[0]
    yield Group(path, layer, [kernel, layer.vector_u])
    yield from _walked(layer.layer, f"{path}/layer", orders)


def _attention(layer: Any, path: str, _: Orders) -> Iterator[Group]:
    private = "_" if class_of(layer) == "GroupQueryAttention" else ""
    yield Group(path, layer, [])
    for part in layer.layers_within():
        name = _PROJECTIONS.get(part.name.rpartition("/")[2])
        if name is not None:
            yield Group(f"{path}/{private}{name}_dense", part, list(part.parameters))


_INNER = {
    **dict.fromkeys(
        ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _in_cell
    ),
    "RNN": _around_cell,
    "StackedRNNCells": _cells,
    "Bidirectional": _both_ways,
    "TimeDistributed": _around,
    "SpectralNormalization": _normalized,
    "MultiHeadAttention": _attention,
    "GroupQueryAttention": _attention,
}
