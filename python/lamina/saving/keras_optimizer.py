"""The state of optimizers in Keras's order: counts first, then arrays by weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lamina._answers import is_own
from lamina._check import Array
from lamina.saving.keras_described import LostError
from lamina.saving.weights import named

_FIRST = (("average",), ("gradient_accumulator",))
# Slots that Keras lists by weight, group after group; for other optimizers all are listed together.
_GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "RMSprop": (("mean_square",), ("velocity",), ("mean_grad",)),
    "Adam": (("m", "v"), ("max_v",)),
    "AdamW": (("m", "v"), ("max_v",)),
    "Adafactor": (("r", "c", "v"),),
}
_STATELESS = ("MultiOptimizer", "LossScaleOptimizer")  # whose state Keras lists differently


def written(model: Any) -> list[Array] | None:
    """Return the arrays of a compiled model's optimizer; None if its state has no counterpart.

    Raises
    ------
    LostError
        If weights have their own learning rates or are excluded from decay, which Keras does not
        store.
    """
    optimizer = model.optimizer
    if not _maps(optimizer):
        return None
    paths = named(model)
    state = optimizer.get_state(paths)
    _check_alike(optimizer, state)
    if not optimizer.built:  # as it will be when training begins
        optimizer.build(model.trainable_weights)
        state = optimizer.get_state(paths)
    heads: list[Any] = [np.int32(state["step"])]
    if isinstance(state["learning_rate"], float):
        heads.append(np.asarray(state["learning_rate"], model.dtype))
    made = [array(optimizer) for array in _walked(optimizer, state["slots"], _trained(model))]
    return [np.asarray(head) for head in heads] + made


def take(model: Any, arrays: Sequence[Array]) -> bool:
    """Let a compiled model's optimizer continue from the state in a file.

    Return whether it does; if the file lacks some of the state, the optimizer starts anew.
    """
    optimizer = model.optimizer
    if not arrays or not _maps(optimizer):
        return False
    if int(arrays[0]) == 0 and len(arrays) <= 2:  # compiled but not trained
        return True
    optimizer.build(model.trainable_weights)
    paths = named(model)
    state = optimizer.get_state(paths)
    rest = list(arrays)
    state["step"] = int(rest.pop(0))
    if isinstance(state["learning_rate"], float) and rest:
        rate = rest.pop(0)
        if rate != np.asarray(state["learning_rate"], rate.dtype):  # which has more digits
            state["learning_rate"] = float(rate)
    places = list(_walked(optimizer, state["slots"], _trained(model)))
    if len(places) != len(rest):
        return False
    for place, array in zip(places, rest, strict=True):
        if not place.take(array):
            return False
    optimizer.take_state(state, paths)
    return True


def _maps(optimizer: Any) -> bool:
    return is_own(type(optimizer)) and type(optimizer).__name__ not in _STATELESS


def _check_alike(optimizer: Any, state: Mapping[str, Any]) -> None:
    who = type(optimizer).__name__
    if state.get("rates"):
        raise LostError(f"{who}: {next(iter(state['rates']))!r} has its own learning rate")
    if state.get("undecayed") and optimizer.weight_decay:
        raise LostError(f"{who}: {state['undecayed'][0]!r} is excluded from the weight decay")


def _trained(model: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the trainable weights by path."""
    trained = {id(p) for p in model.trainable_weights}
    return {path: tuple(p.shape) for path, p in named(model).items() if id(p) in trained}


class _Place:
    """One array of Keras's list."""

    def __init__(self, slots: dict[str, Array], name: str, shape: tuple[int, ...]) -> None:
        self._slots, self._name, self._shape = slots, name, shape

    def __call__(self, _: Any) -> Array:
        array = np.asarray(self._slots[self._name])
        # Where lamina has none, Keras has one that is never read.
        return np.zeros(self._shape, array.dtype) if array.size == 0 else array.reshape(self._shape)

    def take(self, array: Array) -> bool:
        """Set an array of a file; return whether it fits."""
        kept = self._slots[self._name]
        if tuple(array.shape) != self._shape:
            return False
        if kept.size:
            self._slots[self._name] = array.astype(kept.dtype).reshape(kept.shape)
        return True


class _Product:
    """The product of Nadam's momenta, which lamina computes from the number of steps."""

    def __call__(self, optimizer: Any) -> Array:
        t = np.arange(1, optimizer.steps + 1)
        return np.asarray(np.prod(optimizer.beta_1 * (1 - 0.5 * 0.96**t)), np.float32)

    def take(self, array: Array) -> bool:
        """Ignore it."""
        return array.shape == ()


def _walked(
    optimizer: Any, slots: Mapping[str, dict[str, Array]], shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[Any]:
    kind = type(optimizer).__name__
    first = {name for group in _FIRST for name in group}
    known = dict.fromkeys(n for held in slots.values() for n in held if n not in first)
    for group in (*_FIRST, *_GROUPS.get(kind, (tuple(known),))):
        for path, shape in shapes.items():
            held = slots.get(path, {})
            for name in group:
                if name in held:
                    yield _Place(held, name, _shape_of(kind, name, shape))
    if kind == "Nadam":
        yield _Product()


def _shape_of(kind: str, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if kind == "Adafactor" and name in ("r", "c"):
        return () if len(shape) < 2 else shape[:-1] if name == "r" else (*shape[:-2], shape[-1])
    return shape
