"""The order of elements of flattened images.

Images have their channels last here and first in PyTorch, so that a layer after ``Flatten`` reads
the same numbers in another order.  An order gives the index in PyTorch of each element here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina import _screen
from lamina._check import Array, Shape

Orders = dict[int, list[tuple[int, Array]]]  # by a weight's id: an axis, and its order

# By prefixes of the names of classes.
_SPATIAL = (
    "Conv", "DepthwiseConv", "SeparableConv", "MaxPooling", "AveragePooling", "AdaptiveMaxPooling",
    "AdaptiveAveragePooling", "ZeroPadding", "Cropping", "UpSampling", "Resizing", "CenterCrop",
    "GlobalMaxPooling", "GlobalAveragePooling", "Random",
)  # fmt: skip
_NORMS = (
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "PReLU",
)  # fmt: skip
_ALIKE = (
    *_NORMS, "Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "ELU",
    "GaussianDropout", "GaussianNoise", "Identity", "LeakyReLU", "Normalization", "ReLU",
    "Rescaling", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "UnitNormalization", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
)  # fmt: skip

# Operations that layers also do, and those that move elements.
_AS_LAYERS = {"reshape": "Reshape", "concatenate": "Concatenate"}
_MOVES = ("flip", "moveaxis", "roll", "rot90", "sort", "swapaxes", "transpose")


@dataclass
class _Place:
    """The known properties of a tensor.

    Attributes
    ----------
    image : bool
        Whether its channels are first in PyTorch, and last in lamina.
    order : ndarray or None
        For a row with one axis, the index of each element in PyTorch.
    made : list of (Parameter, int)
        The weights with an axis that indexes the elements.
    """

    image: bool = False
    order: Array | None = None
    made: list[tuple[Any, int]] = field(default_factory=list)


def orders_of(who: str, model: Any) -> Orders:
    """Return the axes of weights that index elements of flattened images.

    A model with ``call`` uses its layers in unknown ways: if it flattens, a warning is given.
    """
    found: Orders = {}
    if not getattr(model, "calls", False):
        _walk(model, None, found)
    for held in _with_call(model):
        kinds = [type(each).__name__ for layer in held.parts for each in layer.walk()]
        if "Flatten" in kinds and any(kind.startswith(_SPATIAL) for kind in kinds):
            _screen.warn(
                f"{who}: {held.name!r} has its own call, so that the order in which it flattens "
                f"images is not known: weights after Flatten keep PyTorch's order, channels "
                f"first; a Permute before Flatten gives that order"
            )
    return found


def _with_call(model: Any) -> Iterator[Any]:
    """Yield this and nested models that define ``call``."""
    if getattr(model, "calls", False):
        yield model
        return
    for layer in model.parts:
        if layer.stands_for is not None:
            yield from _with_call(layer.stands_for)


def _walk(model: Any, given: Sequence[_Place] | None, found: Orders) -> list[_Place]:
    from lamina.models.architecture.structure import Structure

    graph = Structure(model.name, model.inputs, model.outputs)
    if given is None:  # a row of three axes is an image, one of four a volume
        given = [_Place(image=len(graph.shapes[t]) >= 3) for t in graph.inputs]
    places = dict(zip(graph.inputs, given, strict=True))
    for step in graph.all_steps:
        inputs = [places[t] for t in step.inputs]
        before = [graph.shapes[t] for t in step.inputs]
        after = [graph.shapes[t] for t in step.outputs]
        places.update(
            zip(step.outputs, _behind(step.layer, inputs, before, after, found), strict=True)
        )
    return [places[t] for t in graph.outputs]


def _behind(
    layer: Any,
    inputs: Sequence[_Place],
    before: Sequence[Shape],
    after: Sequence[Shape],
    found: Orders,
) -> list[_Place]:
    inner = layer.stands_for
    if inner is not None and not getattr(inner, "calls", False):
        return _walk(inner, inputs, found)
    kind = _kind(layer)
    first, shape = inputs[0], tuple(after[0])
    nothing = [_Place() for _ in after]
    if len(after) != 1:
        return nothing
    if kind == "Flatten" or (kind == "Reshape" and len(shape) == 1):
        return [_flat(layer, first, tuple(before[0]))]
    if kind == "Reshape" and len(shape) >= 3:
        return [_unflat(first, shape, found)]
    if kind == "Concatenate":
        return [_joined(inputs, before)]
    if kind.startswith(_SPATIAL):
        first_here = getattr(layer, "data_format", None) == "channels_first"
        return [_Place(image=len(shape) > 1 and not first_here)]
    if kind == "Dense" and len(shape) == 1:
        return [_dense(layer, first, found)]
    elementwise = layer.is_operation and kind not in _MOVES and shape == tuple(before[0])
    if kind in _ALIKE or elementwise:
        return [_alike(layer, inputs, found)]
    return nothing


def _kind(layer: Any) -> str:
    """Return the name of a layer's class, or of the layer that corresponds to an operation."""
    kind = type(layer).__name__
    if kind == "Operation":
        return _AS_LAYERS.get(layer.function, str(layer.function))
    return kind


def _flat(layer: Any, place: _Place, shape: Shape) -> _Place:
    if len(shape) == 1:
        return place
    # Flatten moves leading channels to the end: then the image has PyTorch's order.
    if getattr(layer, "_first", False):
        return _Place(order=_order((*shape[1:], shape[0])))
    return _Place(order=_order(shape) if place.image else None)


def _order(shape: Shape) -> Array | None:
    """Return the indices in an image with channels first of the elements with channels last."""
    if None in shape:
        return None
    there = np.arange(math.prod(shape)).reshape(shape[-1], *shape[:-1])
    return np.moveaxis(there, 0, -1).reshape(-1)


def _unflat(place: _Place, shape: Shape, found: Orders) -> _Place:
    order = _order(shape)
    if order is not None:
        for parameter, axis in place.made:
            found.setdefault(id(parameter), []).append((axis, order))
    return _Place(image=True)


def _joined(inputs: Sequence[_Place], before: Sequence[Shape]) -> _Place:
    if all(place.image for place in inputs):
        return _Place(image=True)
    flat = all(len(shape) == 1 and None not in shape for shape in before)
    if not flat or all(place.order is None for place in inputs):
        return _Place()
    parts, start = [], 0
    for place, (size,) in zip(inputs, before, strict=True):
        own = np.arange(size) if place.order is None else place.order
        parts.append(own + start)
        start += size
    return _Place(order=np.concatenate(parts))


def _dense(layer: Any, place: _Place, found: Orders) -> _Place:
    weights = {p.name.rpartition("/")[2]: p for p in layer.parameters}
    if place.order is not None:
        found.setdefault(id(weights["kernel"]), []).append((0, place.order))
    made = [(weights["kernel"], 1)]
    return _Place(made=[*made, (weights["bias"], 0)] if "bias" in weights else made)


def _alike(layer: Any, inputs: Sequence[_Place], found: Orders) -> _Place:
    known = next((p for p in inputs if p.image or p.order is not None), inputs[0])
    place = _Place(known.image, known.order, [pair for p in inputs for pair in p.made])
    if type(layer).__name__ not in _NORMS:
        return place
    for parameter in layer.parameters:
        if len(parameter.shape) == 1 and not place.image:
            if place.order is not None:
                found.setdefault(id(parameter), []).append((0, place.order))
            place.made.append((parameter, 0))
    return place
