"""A source of seeds that differ with each use."""

from __future__ import annotations

from typing import Any

from lamina._calls import checking_keywords
from lamina._public import Public
from lamina._tensors.rehearsal import undo_later
from lamina.random.streams import next_seed, seed_value


class SeedGenerator(Public):
    """Successive seeds: each draw with it gets another one.

    Parameters
    ----------
    seed : int, optional
        The first seed; by default from the sequence of ``set_random_seed``.

    Examples
    --------
    >>> from lamina import random
    >>> one, other = random.SeedGenerator(1), random.SeedGenerator(1)
    >>> first = random.uniform((3,), seed=one)
    >>> bool((first == random.uniform((3,), seed=other)).all())
    True
    >>> bool((first == random.uniform((3,), seed=one)).all())
    False
    """

    @checking_keywords
    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.seed = next_seed() if seed is None else seed_value("SeedGenerator", seed)
        self.name, self._initial, self._drawn = name, seed, 0

    def next(self, ordered: bool = True) -> int:  # noqa: ARG002
        """Return the number of the next draw."""
        before = self._drawn
        undo_later(lambda: setattr(self, "_drawn", before))
        self._drawn += 1
        return self._drawn

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"seed": self._initial, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Return a generator with these arguments."""
        return cls(**config)
