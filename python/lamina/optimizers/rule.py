"""The compiled rules: their settings and slots in the core, and one step of a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina import _core
from lamina._check import boolean, number, quiet

Array = NDArray[Any]


class Slot(NamedTuple):
    """An array that a rule keeps, as described by ``_core.RuleSlot``."""

    name: str
    when: str | None
    start: str | None
    described: _core.RuleSlot | None = None

    def shape(self, weight: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the array for a weight of that shape; (0,) for none."""
        shape = tuple(weight)
        return shape if self.described is None else tuple(self.described.shape(list(shape)))


class Rule:
    """A rule of the core; its settings are attributes of the optimizers with the same names."""

    def __init__(self, described: _core.Rule) -> None:
        self.name = described.name
        self.settings = {setting.name: setting for setting in described.settings}
        self.slots = tuple(Slot(s.name, s.when, s.start, s) for s in described.slots)

    def number(
        self,
        who: str,
        setting: str,
        value: object,
        *,
        low_open: bool = False,
        name: str | None = None,
    ) -> float:
        """Return a numeric setting, which must be in the rule's range.

        ``name`` is the optimizer's name for it.
        """
        s = self.settings[setting]
        return number(
            who, name or setting, value, s.low, s.high, low_open=low_open, high_open=s.open_above
        )

    def flag(self, who: str, name: str, value: object) -> bool:
        """Return a boolean setting."""
        return boolean(who, self.settings[name].name, value)

    def values(self, optimizer: Any) -> dict[str, Any]:
        """Return an optimizer's current settings."""
        return {name: getattr(optimizer, name) for name in self.settings}

    def needs(self, settings: Mapping[str, Any]) -> list[Slot | None]:
        """Return the slots that settings need, by index; None for slots that are not needed."""
        return [s if s.when is None or settings[s.when] else None for s in self.slots]

    @quiet
    def step(
        self,
        settings: Mapping[str, Any],
        weights: Array,
        gradient: Array,
        slots: Sequence[Array | None],
        learning_rate: float,
        number: int,
    ) -> None:
        """Do a step, counted from 1, on one array of weights, in place; ``slots`` by index."""
        single = weights.dtype.kind == "f" and weights.dtype.itemsize <= 4
        dtype = np.dtype(np.float32 if single else np.float64)
        written = [np.asarray(a) for a in (weights, *slots) if a is not None]
        # The core only writes to memory with its own layout, and not to memory that it reads.
        lent = [np.require(a, dtype, ["C", "A"]) for a in written]
        rest = iter(lent[1:])
        g = np.broadcast_to(np.asarray(gradient, dtype), weights.shape)
        if any(np.may_share_memory(g, a) for a in lent):
            g = g.copy()
        _core.kernels.rule_update(
            self.name,
            lent[0],
            [None if s is None else next(rest) for s in slots],
            g,
            learning_rate,
            number,
            **settings,
        )
        for mine, theirs in zip(lent, written, strict=True):
            if mine is not theirs:
                np.copyto(theirs, mine, casting="same_kind")


RULES = {rule.name: Rule(rule) for rule in _core.rules()}


class Law(NamedTuple):
    """How one weight is updated: the rule, its settings, and the arguments common to all rules."""

    rule: Rule
    settings: Mapping[str, Any]
    weight_decay: float
    rate: float  # times the learning rate

    @property
    def slots(self) -> list[Slot | None]:
        """The slots that it needs, by index."""
        return self.rule.needs(self.settings)
