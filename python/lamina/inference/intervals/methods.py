"""The interface of every method: its preparation, and the bounds that follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from lamina._check import Array

if TYPE_CHECKING:
    from lamina.inference.intervals.fitted import Fitted

Rows = tuple[Array, Array]  # training rows, held-out rows


@dataclass
class Plan:
    """The arguments of ``calibrate``, with the checks common to all methods.

    Attributes
    ----------
    method : str
    cv : object
        The folds: a number, a splitter, or pairs of row numbers.
    n_resamples : int or None
    level : float
        The level of the quantiles that are trained.
    share : float
        The share of rows held out, if a method holds some out itself.
    randomized : bool
    seed : int
        The seed of folds and resamples.
    who : str
        The name of the caller in messages.
    fit : dict
        The arguments of the copies' fits.
    """

    method: str
    cv: Any = None
    n_resamples: int | None = None
    level: float = 0.9
    share: float = 0.5
    randomized: bool = False
    seed: int = 0
    who: str = "calibrate"
    fit: dict[str, Any] = field(default_factory=dict)

    def refuse_fit(self) -> None:
        """Refuse arguments of a fit if nothing is fitted."""
        named = ", ".join(sorted(set(self.fit) - {"verbose"}))
        if named:
            raise TypeError(
                f"{self.who}: method {self.method!r} trains nothing; its rows are those that the "
                f"model has not been trained on; got {named}"
            )


class Kept(Protocol):
    """The data for bounds: a `Calibration`, or the result of a method's preparation."""

    @property
    def arrays(self) -> dict[str, Array]:
        """The arrays by name."""

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values."""

    @property
    def copies(self) -> list[Any]:
        """The copies."""


@dataclass
class Prepared:
    """The results of a preparation: arrays, scores first, settings and copies."""

    arrays: dict[str, Array]
    settings: dict[str, Any] = field(default_factory=dict)
    copies: list[Any] = field(default_factory=list)


class Method(ABC):
    """A method of prediction intervals: a regression's predictions of shape (rows, outputs)."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ("values",)  # of models to which it applies
    conformal: ClassVar[bool] = True  # whether its ranks need a minimum number of scores

    def needs_unseen(self, kind: str) -> bool:  # noqa: ARG002
        """Return whether the rows must be unseen by a model of this kind."""
        return False

    @abstractmethod
    def prepare(self, fitted: Fitted, x: Any, y: Array, plan: Plan) -> Prepared:
        """Return the data to keep, for targets of shape (rows, outputs)."""

    @abstractmethod
    def bounds(
        self, kept: Kept, centre: Array, copies: Callable[[], Array], level: float
    ) -> tuple[Array, Array]:
        """Return lower and upper bounds.

        Parameters
        ----------
        kept : Kept
        centre : ndarray of shape (rows, outputs), float64
            The model's own predictions; for a model of quantiles of shape (rows, outputs,
            quantiles).
        copies : callable
            Returns the copies' predictions, of shape (copies, rows, outputs), float64.
        level : float
        """


AT_ONCE = 4_000_000  # numbers, for the rows that are processed together


def in_pieces(
    make: Callable[[slice], tuple[Array, Array]], rows: int, each: int
) -> tuple[Array, Array]:
    """Return bounds, computed for some rows at a time, if one row needs ``each`` numbers."""
    step = max(1, AT_ONCE // max(1, each))
    made = [make(slice(i, i + step)) for i in range(0, max(rows, 1), step)]
    low, high = zip(*made, strict=True)
    return np.concatenate(low), np.concatenate(high)


def shuffled_folds(rows: int, count: int, seed: int) -> list[Rows]:
    """Return this number of folds of nearly equal size, with the rows in random order."""
    order = np.random.default_rng(seed).permutation(rows)
    return with_complements([np.sort(held) for held in np.array_split(order, count)], rows)


def with_complements(held: Sequence[Array], rows: int) -> list[Rows]:
    """Return pairs of all other rows and each set of held-out rows."""
    every = np.arange(rows)
    return [(np.delete(every, each), each) for each in held]
