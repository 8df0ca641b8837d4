"""How weights are made, given a home, filled, saved and restored."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina import _check, _core
from lamina._check import Array
from lamina.random import INITIAL, Stream, mix

if TYPE_CHECKING:
    from lamina.layers.weighted import Weighted


def _reduce(parameter: _core.Parameter) -> tuple[type, tuple[object, ...]]:
    p = parameter
    return type(p), (p.name, tuple(p.shape), p.dtype, p.trainable)


# In pickles and deep copies a weight is the same object wherever it is met; its values are its
# layer's to save, and follow when the copy has a home.
copyreg.pickle(_core.Parameter, _reduce)


def allocate(layers: Iterable[Weighted]) -> None:
    """Give all weights of the layers one flat home, and those restored their values."""
    together = list(layers)
    _core.allocate([p for layer in together for p in layer.parameters])
    for layer in together:
        for parameter, value in layer.take_pending():
            parameter.array[...] = value


def initialize(layers: Sequence[Weighted], seed: int) -> None:
    """Fill new weights: weight k of layer i draws from a stream of its own of the model's seed."""
    for index, layer in enumerate(layers):
        for k, (parameter, initializer) in enumerate(layer.take_initializers()):
            shape = tuple(parameter.shape)
            rng = Stream(mix(seed, INITIAL, index), k)
            value = np.asarray(initializer(shape, dtype=parameter.dtype, rng=rng))
            if value.shape != shape:
                raise ValueError(
                    f"{layer.name}: the initializer of {parameter.name} must return shape "
                    f"{shape}; got {value.shape}"
                )
            parameter.array[...] = value


def checked(
    who: str, parameters: Sequence[_core.Parameter], values: Sequence[object]
) -> list[Array]:
    """Return new values for the weights, or refuse all of them."""
    if isinstance(values, np.ndarray) or not isinstance(values, Sequence):
        raise TypeError(f"{who}: weights must be a list of arrays; got {type(values).__name__}")
    if len(values) != len(parameters):
        shapes = [tuple(p.shape) for p in parameters]
        raise ValueError(
            f"{who}: needs {len(parameters)} weight arrays, of shapes {shapes}; got {len(values)}"
        )
    arrays = []
    for parameter, value in zip(parameters, values, strict=True):
        array = _check.floats(who, parameter.name, value, parameter.dtype, finite=False)
        if array.shape != tuple(parameter.shape):
            raise ValueError(
                f"{who}: {parameter.name} must have shape {tuple(parameter.shape)}; "
                f"got {array.shape}"
            )
        arrays.append(array)
    return arrays
