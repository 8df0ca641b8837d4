"""An execution whose batches are cut into slices, of which this process calculates some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from lamina._check import Array
from lamina.distribute.exchange import Exchange
from lamina.models.compilation.objective import Objective
from lamina.random import mix

SLICES = 0x5EED_0004  # the key of the slices' random numbers


class SlicedExecution:
    """An execution like ``_core.Execution``, together with those of other processes.

    Each slice of this process has its own execution over the same weights.  One of them has the
    optimizer, the sums and, after the backward pass, the gradient of the whole batch; attributes
    that are not defined here are taken from it.  A model recorded for one number of rows has two
    executions for a slice, if there are batches in which it has a row less.

    Parameters
    ----------
    exchange : Exchange
    objective : Objective
    rows : int
        The largest number of rows in a batch.
    training : bool
    bucket_bytes : int
        The smallest amount that is sent at a time.
    """

    def __init__(
        self, exchange: Exchange, objective: Objective, rows: int, training: bool, bucket_bytes: int
    ) -> None:
        self._exchange, self._objective = exchange, objective
        self._slices, self._rank = exchange.slices, exchange.processes.rank
        self._numbers = self._slices.of(self._rank)
        self._most = self._slices.most(rows)
        self._training, self._bucket_bytes = training, bucket_bytes
        self._each: dict[tuple[int, int], OfSlice] = {}  # by slice, and rows it is recorded for
        self._held: list[tuple[int, OfSlice]] = []  # those with rows in the last batch
        self._arrays: list[Array] | None = None
        self.rows = rows
        first = self._each[self._numbers[0], self._most] = self._taken(self._most)
        self._main, self._buckets, self._whole = first.execution, first.buckets, first.gradient
        if objective.rows is None:
            for k in self._numbers:
                self._of_slice(k, self._most)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the execution that has the optimizer and the sums."""
        return getattr(self._main, name)

    def _taken(self, rows: int) -> OfSlice:
        """Return an execution for slices of at most, or exactly, this number of rows."""
        objective = self._objective
        if objective.rows not in (None, rows):
            assert objective.fewer is not None
            objective = objective.fewer
        return OfSlice(objective, (rows, self._training), self._bucket_bytes)

    def _of_slice(self, k: int, rows: int) -> OfSlice:
        """Return the execution of a slice with this number of rows."""
        size = self._most if self._objective.rows is None else rows
        found = self._each.get((k, size))
        if found is None:
            found = self._taken(size)
            if size != self._most:
                self._check_alike(found, size)
            if self._arrays is not None:
                found.execution.bind(self._arrays)
            self._each[k, size] = found
        return found

    def _check_alike(self, other: OfSlice, rows: int) -> None:
        """Refuse a model whose gradients or sums, by a number of rows, are not to be added."""
        main, own = self._main, other.execution
        alike = main.no_sums(self._training).size == own.no_sums(self._training).size
        if self._training:
            alike = alike and main.paths() == own.paths() and self._buckets == other.buckets
        if not alike:
            raise ValueError(
                f"DataParallel: the model, with its losses and metrics, must use the same weights "
                f"in the same order in slices of {rows} and of {self._most} rows; choose a batch "
                f"size that is a multiple of the number of slices, {self._slices.count}"
            )

    def give_back(self) -> None:
        """Keep the executions for the next pass."""
        for each in self._each.values():
            each.give_back()

    def bind(self, arrays: list[Array]) -> None:
        """Use these data for batches."""
        self._arrays = arrays
        for each in self._each.values():
            each.execution.bind(arrays)

    def unbind(self) -> None:
        """Release the data."""
        self._arrays = None
        for each in self._each.values():
            each.execution.unbind()

    # --- steps

    def train(
        self, order: Any, start: int, stop: int, rate: float, step: int, random_step: int
    ) -> float:
        """Take one step over rows order[start:stop]; return the loss."""
        totals = self._gradient(order, start, stop, random_step)
        return self._main.train_pieces(totals, rate, step)

    def train_by(
        self, order: Any, start: int, stop: int, random_step: int, update: Callable[[], Any]
    ) -> float:
        """Take one step whose update is done by a function."""
        totals = self._gradient(order, start, stop, random_step)
        return self._main.train_pieces_by(totals, update)

    def test(self, order: Any, start: int, stop: int, random_step: int = 0) -> float:
        """Add a batch to losses and metrics, without training."""
        totals = self._forward(order, start, stop, random_step, False)
        self._exchange.finish()
        self._check(totals, stop - start)
        return self._main.test_pieces(totals)

    def minimizer(self, *_: Any) -> NoReturn:
        """Refuse: a line search needs more than one gradient per step."""
        raise TypeError(
            "DataParallel: optimizers with a line search need the loss at several weights in each "
            "step, over all rows; train in one process, or use another optimizer"
        )

    def _forward(
        self, order: Any, start: int, stop: int, random_step: int, training: bool
    ) -> Array:
        """Run the forward pass, and start the sums of losses and metrics; return their arrays."""
        rows = stop - start
        bounds = self._slices.bounds_of(rows)
        self._held = [
            (k, self._of_slice(k, bounds[k][1] - bounds[k][0]))
            for k in self._numbers
            if bounds[k][0] < bounds[k][1]
        ]
        sums = {}
        for k, each in self._held:
            first, last = bounds[k]
            each.execution.forward_piece(
                order, start + first, start + last, random_step, mix(SLICES, k), training
            )
            sums[k, k + 1] = each.execution.piece_sums
        totals = self._main.no_sums(training)
        self._exchange.begin(rows, self._slices.add_own(rows, self._rank, sums), totals)
        return totals

    def _gradient(self, order: Any, start: int, stop: int, random_step: int) -> Array:
        """Return the totals of a batch; its gradient is then in the first execution."""
        rows = stop - start
        totals = self._forward(order, start, stop, random_step, True)
        given = None
        if self._main.piece_needs_totals:
            self._exchange.finish()
            given = totals
        scale = self._main.updates[1]
        for _, each in self._held[:-1]:
            each.execution.backward_piece(rows, given, scale)
            self._exchange.advance()
        if self._held:
            last = self._held[-1][1].execution
            last.backward_piece(rows, given, scale, lambda n: self._send(rows, n))
        else:
            for number in range(len(self._buckets)):
                self._send(rows, number)
        self._exchange.finish()
        self._check(totals, rows)
        return totals

    def _check(self, totals: Array, rows: int) -> None:
        if totals[0] != rows:
            raise RuntimeError(
                f"DataParallel: a batch has {rows} rows here, and {int(totals[0])} in the slices "
                f"of all processes: they got different batches"
            )

    def _send(self, rows: int, number: int) -> None:
        """Start the sum of a bucket that all slices of this process have finished."""
        start, stop = self._buckets[number]
        whole = self._whole[start:stop]
        parts = {
            (k, k + 1): whole if each.gradient is self._whole else each.gradient[start:stop]
            for k, each in self._held
        }
        self._exchange.begin(rows, self._slices.add_own(rows, self._rank, parts), whole)

    # --- results of a batch

    def output(self, index: int) -> Array:
        """Return an output of the last batch, for all its rows; all processes must call this."""
        own = [each.execution.output(index) for _, each in self._held]
        gathered = self._exchange.processes.gather(own)
        found = [array for arrays in gathered for array in arrays]
        if self._main.output_has_rows(index):
            return np.concatenate(found)
        return _mean(found, self._rows_of_held())

    def _rows_of_held(self) -> list[int]:
        own = [int(each.execution.piece_sums[0]) for _, each in self._held]
        return [rows for listed in self._exchange.processes.gather(own) for rows in listed]

    def first_nonfinite(self, order: Any, start: int, stop: int, random_step: int = 0) -> Any:
        """Return where NaN or infinity first appears in an output or statistic, in any slice."""
        bounds = self._slices.bounds_of(stop - start)
        own = None
        for k, each in self._held:
            first, last = bounds[k]
            begin, end = start + first, start + last
            own = own or each.execution.first_nonfinite(order, begin, end, random_step)
        return next((name for name in self._exchange.processes.gather(own) if name), None)


class OfSlice:
    """An execution of one slice."""

    def __init__(self, objective: Objective, key: tuple[int, bool], bucket_bytes: int) -> None:
        self._objective, self._key = objective, key
        self.execution = objective.take(*key)
        self.buckets: list[tuple[int, int]] = []
        self.gradient: Any = None
        if key[1]:  # training
            self.buckets = self.execution.set_buckets(bucket_bytes)
            self.gradient = self.execution.gradient

    def give_back(self) -> None:
        """Keep the execution for the next pass."""
        self._objective.executions.give_back(self.execution, *self._key)


def _mean(arrays: Sequence[Array], rows: Sequence[int]) -> Array:
    """Return the mean of the slices' results, in order."""
    total = sum(array.astype(np.float64) * count for array, count in zip(arrays, rows, strict=True))
    return np.asarray(total / sum(rows)).astype(arrays[0].dtype)
