"""The interface of a run to other processes with which it shares its batches."""

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
    """A group of processes, each of which computes some slices of every batch.

    Attributes
    ----------
    hears_batches : bool
        Whether a callback of any process is called for batches, and so may stop the fit after one.
    stop_training : bool
        Whether the processes have agreed to stop a fit after the current batch.  That of the model
        may be set in one process alone.
    """

    hears_batches: bool
    stop_training: bool

    def execution(self, objective: Objective, rows: int, training: bool) -> Any:
        """Return an execution that does the steps of the whole group."""

    def own_rows(self, rows: int) -> slice:
        """Return the rows of a batch that this process computes."""

    def of_all(self, values: Any, rows: int) -> Any:
        """Return values for all rows of a batch, each from the process that computes the row."""

    def rows_of_slice(self, rows: int) -> int:
        """Return the number of rows of the largest slice of a batch."""

    def check(self, run: Training, fit: Fit) -> None:
        """Raise ValueError in all processes if they would not do the same."""

    def begin_epoch(self, run: Training) -> None:
        """Raise RuntimeError in all processes if weights or settings have diverged."""

    def as_many(self, chunks: Iterable[Batches]) -> Iterator[Batches]:
        """Yield a source's batches; RuntimeError if another process's source has more or fewer."""

    def any(self, flag: bool) -> bool:
        """Return whether the flag is true in any process."""


class Spreadable:
    """An object that can share its next run with other processes; a part of ``Model``."""

    _spread: Spread | None = None

    @property
    def _own_rows(self) -> Own | None:
        """The rows of a batch that the starting run needs in this process; None for all."""
        return None if self._spread is None else self._spread.own_rows

    def give_spread(self, spread: Spread) -> None:
        """Share the next run with other processes."""
        self._spread = spread

    def take_spread(self) -> Spread | None:
        """Return the group that shares the starting run; nested runs belong to one process."""
        taken: Spread | None = self.__dict__.pop("_spread", None)
        return taken
