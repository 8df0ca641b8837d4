"""The group of processes as seen by a shared run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.distribute import digests
from lamina.distribute.exchange import Exchange
from lamina.distribute.execution import SlicedExecution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lamina.models.batches import Batches
    from lamina.models.fits import Fit
    from lamina.models.objective import Objective
    from lamina.models.training import Training

HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_tick")


class Group:
    """Shares a run's batches; see ``lamina.models.spread.Spread``."""

    def __init__(self, exchange: Exchange, bucket_bytes: int) -> None:
        self._exchange, self._bucket_bytes = exchange, bucket_bytes
        self._processes = exchange.processes
        self.hears_batches = False
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

    def rows_of_slice(self, rows: int) -> int:
        """Return the number of rows in the largest slice of a batch."""
        return self._exchange.slices.most(rows)

    def check(self, run: Training, fit: Fit) -> None:
        """Raise in all processes, before training, if something differs between them."""
        self.agree("fit", digests.of_model(run.model) | digests.of_fit(fit))
        self.hears_batches = self.any(any(run.hooks[name] for name in HOOKS))

    def agree(self, who: str, told: Mapping[str, str]) -> None:
        """Raise ValueError in all processes if they differ."""
        program = digests.of_program(self._exchange.slices.count, self._bucket_bytes)
        found = digests.difference(self._processes.gather(program | dict(told)))
        if found:
            drawn = found.startswith(("seed", "weights"))
            advice = (
                "; lamina.set_random_seed draws the same weights in all, and "
                "DataParallel.broadcast copies those of one to all"
            )
            raise ValueError(
                f"{who}: all processes must train the same model on the same data in the same way; "
                f"they differ in {found}{advice if drawn else ''}"
            )

    def begin_epoch(self, run: Training) -> None:
        """Raise RuntimeError if a callback of one process has changed something that all share."""
        now = {
            "weights": str(digests.of_weights(p.array for p in run.model.parameters)),
            "learning rate": repr(run.optimizer.told_rate()),
            "steps": str(run.optimizer.iterations),
        }
        found = digests.difference(self._processes.gather(now))
        if found:
            raise RuntimeError(
                f"fit: the processes differ, in {found}: a callback that sets weights or "
                f"the learning rate must do the same in every process"
            )

    def as_many(self, chunks: Iterable[Batches]) -> Iterator[Batches]:
        """Yield the items of a source; RuntimeError if another process's has more or fewer."""
        given = iter(chunks)
        while True:
            chunk = next(given, None)
            ends = self.any(chunk is None)
            if ends and self.any(chunk is not None):
                raise RuntimeError(
                    "fit: the sources of data give different numbers of batches in the processes"
                )
            if chunk is None:
                return
            yield chunk

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
