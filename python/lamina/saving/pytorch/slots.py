"""The layers of a model that correspond to PyTorch modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.saving.pytorch.conversion import Arrays, Conversion
from lamina.saving.pytorch.conversions import AS_THEY_ARE, CONVERSIONS
from lamina.saving.pytorch.flattened import Orders

_STACKS = ("Bidirectional", "RNN")  # whose nested layers are levels of one module
_RECURRENT = ("lstm", "gru", "rnn")


@dataclass
class Slot:
    """A layer, or a direction or cell of one, that is loaded from a module.

    Attributes
    ----------
    path : str
        Its path of layer names, such as "encoder/dense".
    module : str
        The path of the layer that is a module in PyTorch: for a direction or cell, the whole.
    layer : Layer
    ways : tuple of Conversion
        The possible forms in PyTorch.
    held : dict of str to Parameter
        The weights by the ends of their paths.
    orders : dict of str to list of (int, ndarray)
        The axes of the weights that index elements of images, with the indices in PyTorch.
    backward : bool
        Whether it reads sequences backwards.
    """

    path: str
    module: str
    layer: Any
    ways: tuple[Conversion, ...]
    held: dict[str, Any]
    orders: dict[str, list[tuple[int, Array]]]
    backward: bool = False

    @property
    def recurrent(self) -> bool:
        """Whether it is a level of a recurrent module."""
        return self.ways[0].forms[0][0] in _RECURRENT

    def write(self, way: Conversion, names: Sequence[set[str]] | None) -> list[Arrays]:
        """Return the tensors of PyTorch's modules; ``names`` are the wanted ones, if known."""
        arrays = {}
        for name, parameter in self.held.items():
            array = np.array(parameter.array)
            for axis, order in self.orders.get(name, ()):
                array = np.take(array, np.argsort(order), axis)
            arrays[name] = array
        return way.write(self.layer, arrays, names)

    def read(self, way: Conversion, given: Sequence[Mapping[str, Array]]) -> list[Array]:
        """Return new values of the weights, in the order of ``held``."""
        arrays = way.read(self.layer, given)
        made = []
        for name, parameter in self.held.items():
            array = arrays[name].reshape(tuple(parameter.shape))
            for axis, order in self.orders.get(name, ()):
                array = np.take(array, order, axis)
            made.append(array)
        return made


def slots_of(model: Any, orders: Orders) -> list[Slot]:
    """Return the slots of a built model, in the order of its layers."""
    taken: set[int] = set()
    return list(_walked(model.parts, "", None, orders, taken))


def _walked(
    layers: Sequence[Any], above: str, module: str | None, orders: Orders, taken: set[int]
) -> Iterator[Slot]:
    for layer in layers:
        if id(layer) in taken:
            continue
        taken.add(id(layer))
        path = above + layer.name.rpartition("/")[2]
        ways = CONVERSIONS.get(_kind(layer))
        if ways is not None and layer.parameters:
            yield _slot(path, module or path, layer, ways, layer.parameters, orders)
            continue
        within = list(layer.layers_within())
        deeper = {id(p) for each in within for p in each.parameters}
        # Its own statistics, such as those from adapt, have no counterpart in PyTorch.
        own = [p for p in layer.parameters if id(p) not in deeper]
        if own and layer._learnable:
            yield _slot(path, module or path, layer, (AS_THEY_ARE,), own, orders)
        stacks = module or (path if _kind(layer) in _STACKS else None)
        yield from _walked(within, f"{path}/", stacks, orders, taken)


def _kind(layer: Any) -> str:
    """Return the name of the library's class that a layer is an instance of."""
    names = [each.__name__ for each in type(layer).__mro__]
    return next((name for name in names if name in CONVERSIONS or name in _STACKS), names[0])


def _slot(
    path: str,
    module: str,
    layer: Any,
    ways: tuple[Conversion, ...],
    parameters: Sequence[Any],
    orders: Orders,
) -> Slot:
    held = {_end(layer, p.name): p for p in parameters}
    turned = {name: orders[id(p)] for name, p in held.items() if id(p) in orders}
    backward = layer.name.rpartition("/")[2].startswith("backward_") and module != path
    return Slot(path, module, layer, ways, held, turned, backward)


def _end(layer: Any, name: str) -> str:
    """Return the part of a weight's path after that of its layer."""
    within = any(True for _ in layer.layers_within())
    return "/".join(name.split("/")[-2 if within else -1 :])
