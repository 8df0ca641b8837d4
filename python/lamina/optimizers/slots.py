"""The state of an optimizer: for each slot of its rule an array over all weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina._calls import answering_calls
from lamina._check import integer
from lamina._settings import Configurable, note_change
from lamina.optimizers.rule import RULES

Array = NDArray[Any]


class Slots(Configurable):
    """What an optimizer keeps from step to step, and for weights that are frozen meanwhile."""

    # Name of the compiled rule, whose settings are attributes of the same names; "" for a rule that
    # a subclass writes in NumPy.
    rule: ClassVar[str] = ""
    learning_rate: Any

    def _begin(self) -> None:
        self.iterations = 0
        self._slots: list[Array] = []
        self._names: tuple[str, ...] = ()  # of the slots
        self._places: dict[Any, slice] = {}  # where each attached weight's state lies in a slot
        # The state of weights that are frozen now, by the slots' names.
        self._kept: dict[Any, dict[str, Array]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; settings, and the count of steps, are checked."""
        if name == "iterations":
            value = integer(type(self).__name__, name, value, 0)
        super().__setattr__(name, value)

    @property
    def slot_count(self) -> int:
        """How many arrays of state the rule keeps for each weight array."""
        return len(RULES[self.rule].needed(self)) if self.rule else 0

    @property
    def slot_names(self) -> tuple[str, ...]:
        """A name for each slot: what is kept where a changed setting needs other slots."""
        return tuple(s.name for s in RULES[self.rule].needed(self)) if self.rule else ()

    @property
    def slots(self) -> list[Array]:
        """The rule's state, an array over all weights for each slot; empty before the first fit."""
        return self._slots

    @slots.setter
    def slots(self, value: Sequence[Array]) -> None:
        new, held = list(value), self._slots
        like = [(s.size, s.dtype) for s in held]
        if held and [(getattr(s, "size", None), getattr(s, "dtype", None)) for s in new] != like:
            raise ValueError(
                f"{type(self).__name__}: slots must be {len(held)} arrays of {held[0].size} "
                f"elements of {held[0].dtype}; got {[np.shape(s) for s in new]}"
            )
        if not held and len(new) != self.slot_count:
            raise ValueError(
                f"{type(self).__name__}: slots must be {self.slot_count} arrays; got {len(new)}"
            )
        self._slots, self._names = new, self._named()
        note_change(self)

    def _named(self) -> tuple[str, ...]:
        # A subclass may have more slots than its base has names for.
        names, count = self.slot_names, self.slot_count
        return (*names[:count], *(f"slot_{i}" for i in range(len(names), count)))

    def build(self, size: int, dtype: Any) -> None:
        """Allocate the state for `size` weights; one of the same size and dtype is kept.

        Otherwise the state starts afresh, and `iterations` at zero.  So do slots that a changed
        setting newly needs.
        """
        fits = self._fits(size, dtype)
        if fits and self._names == self._named():
            return
        old = dict(zip(self._names, self.slots, strict=True)) if fits else {}
        if self.slots and not fits:
            self.iterations = 0
            self._places = {}
        self._names = self._named()
        self._slots = [old[n] if n in old else self._fresh(n, size, dtype) for n in self._names]

    def _fresh(self, slot: str, size: int, dtype: Any) -> Array:
        # A slot before the first step.
        slots = RULES[self.rule].slots if self.rule else ()
        start = next((s.start for s in slots if s.name == slot), None)
        return np.full(size, getattr(self, start) if start else 0.0, dtype)

    def _fits(self, size: int, dtype: Any) -> bool:
        return all(s.size == size and s.dtype == np.dtype(dtype) for s in self.slots)

    @answering_calls
    def reset(self) -> None:
        """Forget the state: the next step is the first."""
        self._slots, self._names = [], ()
        self._places, self._kept = {}, {}
        self.iterations = 0
        note_change(self)

    def slots_by_path(self, paths: Mapping[str, Any]) -> dict[str, dict[str, Array]]:
        """Return copies of each weight's state, {path: {slot: array}}, of weights that have one."""
        held = {p: dict(state) for p, state in self._kept.items()}
        for p, place in self._places.items():
            pairs = zip(self._names, self._slots, strict=True)
            held[p] = {name: slot[place] for name, slot in pairs}
        return {
            path: {name: np.array(values) for name, values in held[p].items()}
            for path, p in paths.items()
            if p in held
        }

    def restore_slots(
        self,
        step: Any,
        learning_rate: Any,
        slots: Mapping[str, Mapping[str, Any]],
        paths: Mapping[str, Any],
    ) -> None:
        """Go on where another optimizer stood: the next step is its next.

        Raises
        ------
        TypeError, ValueError
            A weight that the model has not, a slot of another size; nothing changes then.
        """
        who = type(self).__name__
        step = integer(who, "step", step, 0)
        kept = {}
        for path, state in slots.items():
            if path not in paths:
                raise ValueError(f"{who}: the model has no weight {path!r}; it has {list(paths)}")
            parameter = paths[path]
            kept[parameter] = {name: np.array(values).ravel() for name, values in state.items()}
            for name, values in kept[parameter].items():
                if values.size != parameter.size or values.dtype != parameter.dtype:
                    raise ValueError(
                        f"{who}: {name} of {path!r} must be {parameter.size} elements of "
                        f"{parameter.dtype}; got {values.size} of {values.dtype}"
                    )
        self.learning_rate = learning_rate
        self._slots, self._names, self._places, self._kept = [], (), {}, kept
        self.iterations = step
        note_change(self)

    def _arrange(self, places: dict[Any, slice], size: int, dtype: Any) -> None:
        # Lay the flat state out for these weights; each that was here before keeps its own.
        names = self._named()
        if not places or (
            self._fits(size, dtype) and names == self._names and places == self._places
        ):
            return
        kept = dict(self._kept)
        for p, place in self._places.items():
            pairs = zip(self._names, self.slots, strict=True)
            kept[p] = {name: slot[place].copy() for name, slot in pairs}
        slots = {name: self._fresh(name, size, dtype) for name in names}
        continues = not kept and not self.slots
        for p, place in places.items():
            if p not in kept:
                continue
            old = kept[p]
            continues = continues or not old or any(v.dtype == dtype for v in old.values())
            for name, values in old.items():
                if name in slots and values.dtype == dtype:
                    slots[name][place] = values
        if not continues:
            self.iterations = 0
        self._slots, self._names, self._places = list(slots.values()), names, dict(places)
        self._kept = {p: state for p, state in kept.items() if p not in places}
