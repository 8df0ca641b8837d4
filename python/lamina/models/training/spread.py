"""The interface of a run to other processes with which it shares its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lamina.data.stages import Own
    from lamina.models.compilation.objective import Objective
    from lamina.models.evaluation.evaluating import Evaluating
    from lamina.models.training.fits import Fit
    from lamina.models.training.loop import Training


T = TypeVar("T")


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

    def rows_of_slices(self, rows: int) -> tuple[int, int]:
        """Return the numbers of rows of the largest and of the smallest slice of a batch."""

    def check(self, run: Training, fit: Fit) -> None:
        """Raise ValueError in all processes if they would not do the same fit."""

    def check_step(self, run: Training) -> None:
        """Raise ValueError in all processes if they would not do the same single step."""

    def check_model(self, model: Evaluating) -> None:
        """Raise ValueError in all processes if they would not evaluate the same model."""

    def compare(self, run: Training) -> None:
        """Raise RuntimeError in all processes if weights or settings have diverged."""

    def in_step(self, items: Iterable[T], told: Callable[[T], str]) -> Iterator[T]:
        """Yield batches; RuntimeError in all processes if another's have other numbers of rows."""

    def stop(self, run: Training) -> bool:
        """Return whether a callback of any process stops the fit.

        RuntimeError in all processes if one has changed which weights are trained.
        """

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
