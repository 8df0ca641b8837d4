"""The compiled rules: what the core says of their settings and slots, and one step of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina import _core
from lamina._check import boolean, number, quiet

Array = NDArray[Any]


class Slot(NamedTuple):
    """An array that a rule keeps, as ``_core.RuleSlot`` describes it."""

    name: str
    when: str | None
    start: str | None
    described: _core.RuleSlot | None = None

    def shape(self, weight: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of what is kept for a weight of that shape; (0,) for nothing."""
        shape = tuple(weight)
        return shape if self.described is None else tuple(self.described.shape(list(shape)))


class Rule:
    """One rule of the core; the optimizers' attributes of the same names are its settings."""

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
        """Return a setting that is a number; it must be in the rule's range.

        ``name`` is what the optimizer calls it.
        """
        s = self.settings[setting]
        return number(
            who, name or setting, value, s.low, s.high, low_open=low_open, high_open=s.open_above
        )

    def flag(self, who: str, name: str, value: object) -> bool:
        """Return a setting that is a flag."""
        return boolean(who, self.settings[name].name, value)

    def values(self, optimizer: Any) -> dict[str, Any]:
        """Return an optimizer's settings, as they are now."""
        return {name: getattr(optimizer, name) for name in self.settings}

    def needs(self, settings: Mapping[str, Any]) -> list[Slot | None]:
        """Return the slots that settings call for, by place; None for one that they do not."""
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
        """Do a step, counted from 1, on one array of weights, in place; ``slots`` by place."""
        single = weights.dtype.kind == "f" and weights.dtype.itemsize <= 4
        dtype = np.dtype(np.float32 if single else np.float64)
        written = [np.asarray(a) for a in (weights, *slots) if a is not None]
        # The core writes to memory that lies as it needs it, and to no memory that it reads.
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
    """How one weight is moved: the rule, its settings, and what all rules know."""

    rule: Rule
    settings: Mapping[str, Any]
    weight_decay: float
    rate: float  # times the learning rate

    @property
    def slots(self) -> list[Slot | None]:
        """The slots that it needs, by place."""
        return self.rule.needs(self.settings)
