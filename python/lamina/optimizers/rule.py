"""The compiled rules: what the core says of their settings and slots, and one step of them."""

from __future__ import annotations

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


class Rule:
    """One rule of the core; the optimizers' attributes of the same names are its settings."""

    def __init__(self, described: _core.Rule) -> None:
        self.name = described.name
        self.settings = {setting.name: setting for setting in described.settings}
        self.slots = tuple(Slot(s.name, s.when, s.start) for s in described.slots)

    def number(self, who: str, name: str, value: object, *, low_open: bool = False) -> float:
        """Return a setting that is a number; it must be in the rule's range."""
        s = self.settings[name]
        return number(who, name, value, s.low, s.high, low_open=low_open, high_open=s.open_above)

    def flag(self, who: str, name: str, value: object) -> bool:
        """Return a setting that is a flag."""
        return boolean(who, self.settings[name].name, value)

    def values(self, optimizer: Any) -> dict[str, Any]:
        """Return all settings, as they are now."""
        return {name: getattr(optimizer, name) for name in self.settings}

    def needed(self, optimizer: Any) -> list[Slot]:
        """Return the slots that the settings call for."""
        return [s for s in self.slots if s.when is None or getattr(optimizer, s.when)]

    def placed(self, optimizer: Any, slots: list[Array]) -> list[Array | None]:
        """Return the arrays of the slots that are needed by place; None for one that is not."""
        rest = iter(slots)
        return [
            next(rest, None) if s.when is None or getattr(optimizer, s.when) else None
            for s in self.slots
        ]

    @quiet
    def step(
        self,
        optimizer: Any,
        weights: Array,
        gradient: Array,
        slots: list[Array],
        learning_rate: float,
    ) -> None:
        """Do step ``optimizer.iterations + 1`` on one array of weights, in place."""
        single = weights.dtype.kind == "f" and weights.dtype.itemsize <= 4
        dtype = np.dtype(np.float32 if single else np.float64)
        places = self.placed(optimizer, slots)
        written = [weights, *(s for s in places if s is not None)]
        # The core writes to memory that lies as it needs it, and to no memory that it reads.
        lent = [np.require(a, dtype, ["C", "A"]) for a in written]
        rest = iter(lent[1:])
        g = np.broadcast_to(np.asarray(gradient, dtype), weights.shape)
        if any(np.may_share_memory(g, a) for a in lent):
            g = g.copy()
        _core.kernels.rule_update(
            self.name,
            lent[0],
            [None if s is None else next(rest) for s in places],
            g,
            learning_rate,
            optimizer.iterations + 1,
            **self.values(optimizer),
        )
        for mine, theirs in zip(lent, written, strict=True):
            if mine is not theirs:
                np.copyto(theirs, mine, casting="same_kind")


RULES = {rule.name: Rule(rule) for rule in _core.rules()}
