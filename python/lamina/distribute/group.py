"""The group of processes as seen by a shared run."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lamina.distribute import digests
from lamina.distribute.agreement import Agreement
from lamina.distribute.exchange import Exchange
from lamina.distribute.execution import SlicedExecution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lamina.models.compilation.objective import Objective
    from lamina.models.evaluation.evaluating import Evaluating
    from lamina.models.training.fits import Fit
    from lamina.models.training.loop import Training

T = TypeVar("T")

HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_tick")


class Group:
    """Shares a run's batches; see ``lamina.models.training.spread.Spread``."""

    def __init__(
        self, who: str, exchange: Exchange, agreement: Agreement, bucket_bytes: int
    ) -> None:
        self._who, self._agreement = who, agreement
        self._exchange, self._bucket_bytes = exchange, bucket_bytes
        self._processes = exchange.processes
        self.hears_batches = False
        self._parameters: Sequence[Any] = ()  # of the model, during a fit
        self.stop_training = False

    def execution(self, objective: Objective, rows: int, training: bool) -> SlicedExecution:
        """Return an execution that does the group's steps."""
        return SlicedExecution(self._exchange, objective, rows, training, self._bucket_bytes)

    def own_rows(self, rows: int) -> slice:
        """Return the rows of a batch that this process calculates."""
        slices, rank = self._exchange.slices, self._processes.rank
        bounds, own = slices.bounds_of(rows), slices.of(rank)
        return slice(bounds[own.start][0], bounds[own.stop - 1][1])

    def of_all(self, values: Any, rows: int) -> Any:
        """Return values for all rows of a batch, each from the process that has the row."""
        return np.concatenate(self._processes.gather(np.asarray(values)[self.own_rows(rows)]))

    def rows_of_slices(self, rows: int) -> tuple[int, int]:
        """Return the numbers of rows in the largest and in the smallest slice of a batch."""
        slices = self._exchange.slices
        return slices.most(rows), slices.fewest(rows)

    def check(self, run: Training, fit: Fit) -> None:
        """Raise in all processes, before training, if something differs between them."""
        told = digests.of_model(self._who, run.model) | digests.of_training(run.model)
        self._agreement.on_model(self._who, run.model, told | digests.of_fit(fit))
        self._parameters = run.model.parameters
        self.hears_batches = self.any(any(run.hooks[name] for name in HOOKS))

    def check_step(self, run: Training) -> None:
        """Raise in all processes, before a single step, if something differs between them."""
        self._agreement.on_step(self._who, run.model, run.part.size)

    def check_model(self, model: Evaluating) -> None:
        """Raise in all processes, before an evaluation, if their models differ."""
        self._agreement.on_model(self._who, model, digests.of_model(self._who, model))

    def compare(self, run: Training) -> None:
        """Raise RuntimeError if a callback of one process has changed something that all share."""
        now = {
            "weights": str(digests.of_weights(p.array for p in run.model.parameters)),
            "learning rate": repr(run.optimizer.told_rate()),
            "steps": str(run.optimizer.iterations),
            "trainable weights": digests.of_trainable(run.model.parameters),
        }
        if differing := self._agreement.differing("fit", now):
            self._refuse(differing)

    def _refuse(self, differing: list[dict[str, str]]) -> None:
        """Raise RuntimeError for facts, which a callback may change, that differ."""
        found = digests.difference(differing)
        raise RuntimeError(
            f"fit: the processes differ, in {found}: a callback that sets weights, the learning "
            f"rate or trainable must do the same in every process"
        )

    def in_step(self, items: Iterable[T], told: Callable[[T], str]) -> Iterator[T]:
        """Yield batches; RuntimeError in all processes if another's have other numbers of rows."""
        for item in items:
            self._agreement.on_rows(self._who, told(item))
            yield item
        self._agreement.on_rows(self._who, "no more")

    def stop(self, run: Training) -> bool:
        """Return whether a callback of any process stops the fit; they must train the same."""
        trained = digests.of_trainable(self._parameters)
        same, stops = self._processes.same(zlib.crc32(trained.encode()), run.model.stop_training)
        if not same:
            self._refuse(self._agreement.of_all("fit", {"trainable weights": trained}))
        self.stop_training = bool(stops)
        return self.stop_training

    def any(self, flag: bool) -> bool:
        """Return whether the flag is true in any process."""
        return bool(self._processes.any(bool(flag)))


def alone_or(comm: Any, patience: float) -> Any:
    """Return the processes of a communicator; None stands for this one alone."""
    from lamina.distribute.processes import Alone, Processes

    if comm is None:
        return Alone()
    mpi = _mpi()
    if comm == "world":
        comm = mpi.COMM_WORLD
    if comm == mpi.COMM_NULL:
        raise ValueError(
            "DataParallel: comm must include this process; got MPI.COMM_NULL, which stands for no "
            "communicator: processes that a split leaves out cannot take part"
        )
    if not isinstance(comm, mpi.Intracomm):
        raise TypeError(
            f"DataParallel: comm must be a communicator of mpi4py, 'world' or None; got {comm!r}"
        )
    return Processes(mpi, comm, patience) if comm.Get_size() > 1 else Alone()


def _mpi() -> Any:
    try:
        from mpi4py import MPI  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise ImportError(
            'DataParallel: needs the package mpi4py; install it with pip install "lamina[mpi]"; '
            "comm=None trains in this process alone"
        ) from error
    except RuntimeError as error:  # from mpi4py's wheels, which do not include MPI
        raise ImportError(
            f"DataParallel: needs an MPI, such as Open MPI, in addition to mpi4py; got {error}; "
            f"comm=None trains in this process alone"
        ) from error
    return MPI
