"""What a run asks of those that it shares its batches with, in other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lamina.data.stages import Own
    from lamina.models.batches import Batches
    from lamina.models.fits import Fit
    from lamina.models.objective import Objective
    from lamina.models.training import Training


class Spread(Protocol):
    """A group of processes, each of which calculates some slices of every batch.

    Attributes
    ----------
    hears_batches : bool
        Whether a callback of any process hears of batches, and so may stop the fit after one.
    """

    hears_batches: bool

    def execution(self, objective: Objective, rows: int, training: bool) -> Any:
        """Return what does the group's steps as an execution does one's own."""

    def own_rows(self, rows: int) -> slice:
        """Return which rows of a batch this process calculates."""

    def of_all(self, values: Any, rows: int) -> Any:
        """Return values of all rows of a batch, each from the process whose row it is."""

    def rows_of_slice(self, rows: int) -> int:
        """Return how many rows the largest slice of a batch has."""

    def check(self, run: Training, fit: Fit) -> None:
        """Raise ValueError in all processes where they would not do the same."""

    def begin_epoch(self, run: Training) -> None:
        """Raise RuntimeError in all processes where weights or settings have come apart."""

    def as_many(self, chunks: Iterable[Batches]) -> Iterator[Batches]:
        """Yield what a source gives; RuntimeError where another process's gives more, or less."""

    def any_stops(self, stops: bool) -> bool:
        """Return whether a process wants the fit to stop."""


class Spreadable:
    """What may be told to share its next run with other processes; a part of ``Model``."""

    _spread: Spread | None = None

    @property
    def _own_rows(self) -> Own | None:
        """Which rows of a batch the run that begins needs here; None for all."""
        return None if self._spread is None else self._spread.own_rows

    def give_spread(self, spread: Spread) -> None:
        """Let the next run be shared with other processes."""
        self._spread = spread

    def take_spread(self) -> Spread | None:
        """Return what the run that begins is shared with; runs within it are its process's own."""
        taken: Spread | None = self.__dict__.pop("_spread", None)
        return taken
