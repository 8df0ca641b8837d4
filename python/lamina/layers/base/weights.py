"""How weights are made, placed in memory, filled, saved and restored."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, _core, _room
from lamina._answers import is_own
from lamina._check import Array
from lamina._tensors import Variable
from lamina._tensors.variable import as_stored, kind_of, stored
from lamina.random import INITIAL, Seed, Stream, mix

if TYPE_CHECKING:
    from lamina.layers.base.weighted import Weighted


def _check_room(parameters: Iterable[_core.Parameter]) -> None:
    if not _room.is_limited():
        return
    new = [p for p in dict.fromkeys(parameters) if not p.allocated]
    if new:
        largest = max(new, key=lambda p: p.size)
        shape = _check.show_shape(tuple(largest.shape))
        _room.take(
            sum(p.size * np.dtype(stored(p)).itemsize for p in new),
            f"the model's weights, the largest of them {largest.name} of shape {shape},",
        )


def allocate(layers: Iterable[Weighted]) -> None:
    """Place all weights of the layers in one flat block of memory, with restored values."""
    together = list(layers)
    _check_room(p for layer in together for p in layer.parameters)
    _core.allocate([p for layer in together for p in layer.parameters])
    for layer in together:
        for parameter, value in layer.take_pending():
            parameter.array[...] = value


def note_model(parameters: Iterable[_core.Parameter], model: Any) -> None:
    """Tell each weight which model describes its position: the last one built with it."""
    reference = weakref.ref(model)
    for parameter in parameters:
        if isinstance(parameter, Variable):
            parameter._model = reference


class FirstValues:
    """The initial values of a weight that have not been drawn yet.

    Weight k of layer i draws from its own stream of its model's seed: the numbers do not
    depend on when it is drawn, or on what was drawn before.

    Attributes
    ----------
    parameter : Parameter
    initializer : callable
    seed : Seed or None
        None until a model, or the layer on its own, sets it.
    place : tuple of int
        The index of the layer in the model, and of the weight in the layer.
    drawn : bool
    """

    def __init__(self, parameter: _core.Parameter, initializer: Callable[..., Array]) -> None:
        self.parameter, self.initializer = parameter, initializer
        self.seed: Seed | None = None
        self.place = (0, 0)
        self.drawn = False

    def draw(self, who: str) -> None:
        """Write the values into the weight, which has memory."""
        assert self.seed is not None
        self.parameter.array[...] = self.values(who, self.seed.value)
        self.drawn = True

    def values(self, who: str, seed: int) -> Array:
        """Return the values of the weight in a model with a seed, in its stored type."""
        parameter, shape = self.parameter, tuple(self.parameter.shape)
        layer, weight = self.place
        rng = Stream(mix(seed, INITIAL, layer), weight)
        dtype = stored(parameter)
        value = np.asarray(drawn_by(self.initializer, shape, dtype, rng))
        if value.shape != shape:
            raise ValueError(
                f"{who}: the initializer of {parameter.name} must return shape {shape}; "
                f"got {value.shape}"
            )
        kind = kind_of(parameter)
        if kind is None:
            array = _check.cast(value, dtype)
            _check.not_overflowing(who, parameter.name, value, array)
        else:
            array = as_stored(f"{who}: the initializer of {parameter.name}", value, dtype, kind)
        return array


def drawn_by(
    initializer: Callable[..., object], shape: tuple[int, ...], dtype: str, rng: Stream
) -> object:
    """Return initial values; initializers for Keras take no ``rng``, functions perhaps no dtype."""
    if is_own(type(initializer)):
        return initializer(shape, dtype=dtype, rng=rng)
    try:
        parameters = inspect.signature(initializer).parameters
    except ValueError:  # not written in Python
        return initializer(shape)
    every = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    named = {"dtype": dtype, "rng": rng}
    return initializer(shape, **{k: v for k, v in named.items() if every or k in parameters})


def place(layer: Weighted, index: int, seed: Seed, first_number: int = 0) -> int:
    """Let weights that have not been drawn yet take their values from a model's seed.

    The first model that holds a layer sets the seed; a model that holds another model sets it for
    all layers in that.  The weights are numbered from ``first_number``; the next number is
    returned.
    """
    own = layer._seeds_within()
    waiting = [f for f in layer._first_values() if f.seed is None or f.seed in own]
    for k, first in enumerate(waiting, first_number):
        first.seed, first.place = seed, (index, k)
    return first_number + len(waiting)


def settle(layers: Sequence[Weighted]) -> list[FirstValues]:
    """Place all weights of the layers in one block of memory, and fill those without values.

    Return the values that were drawn.
    """
    allocate(layers)
    drawn = []
    for layer in layers:
        for first in layer._first_values():
            first.draw(layer.name)
            drawn.append(first)
    return drawn


def copied(value: object) -> object:
    """Return a value that shares no memory with anything: it may be a view of a live weight."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return [copied(entry) for entry in value]
    return np.array(value) if hasattr(value, "__array__") else value


def checked(
    who: str, parameters: Sequence[_core.Parameter], values: Sequence[object]
) -> list[Array]:
    """Return copies of new values for the weights, or reject all of them.

    NaN and infinity are accepted, as in Keras, so that the result of ``get_weights`` can be set
    again.  A finite number that would become infinite is rejected.
    """
    if isinstance(values, np.ndarray) or not isinstance(values, Sequence):
        raise TypeError(f"{who}: weights must be a list of arrays; got {type(values).__name__}")
    if len(values) != len(parameters):
        shapes = [tuple(p.shape) for p in parameters]
        raise ValueError(
            f"{who}: needs {len(parameters)} weight arrays, of shapes {shapes}; got {len(values)}"
        )
    arrays = []
    for parameter, value in zip(parameters, values, strict=True):
        kind = kind_of(parameter)
        if kind is None:
            source = _check.numeric(who, parameter.name, value)
            array = _check.floats(who, parameter.name, source, stored(parameter), finite=False)
            _check.not_overflowing(who, parameter.name, source, array)
        else:
            array = as_stored(f"{who}: {parameter.name}", value, stored(parameter), kind)
        if array.shape != tuple(parameter.shape):
            raise ValueError(
                f"{who}: {parameter.name} must have shape {tuple(parameter.shape)}; "
                f"got {array.shape}"
            )
        shared = array is value or not array.flags.owndata
        arrays.append(array.copy() if shared else array)
    return arrays
