"""The stages of a data set: rows that can be taken by number, and their transformations.

A stage is traversed once per turn; its shuffling depends on the number of the turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, islice, repeat
from operator import itemgetter
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.data import readers
from lamina.data.values import each, leaves, together
from lamina.random import SHUFFLE, Stream, mix, permutation

ENDLESS, UNKNOWN = -1, -2  # cardinalities, as in tf.data
LOOK = 1 << 31  # a turn that is no epoch, for inspecting an element
DRAWS = 1024  # random numbers drawn at a time

Order = Callable[[int], Any]  # from a turn to row numbers
Own = Callable[[int], slice]  # from the rows of a batch to those that are needed


class Stage:
    """Elements, in an order that may differ from turn to turn.

    Attributes
    ----------
    size : int
        The number of elements, ``ENDLESS`` or ``UNKNOWN``.
    open_rows : bool
        Whether the first axis of the elements may have any length, as that of a batch.
    """

    size: int = UNKNOWN
    open_rows = False

    def go(self, turn: int) -> Iterator[Any]:
        """Yield the elements of a turn."""
        raise NotImplementedError

    def share(self, own: Own) -> Stage | None:  # noqa: ARG002
        """Return a stage that takes only the needed rows of a batch; None if all are required."""
        return None


class Rows(Stage):
    """Rows that can be taken by number.

    Parameters
    ----------
    take : callable
        Returns rows, given an array of their numbers, stacked in a structure.
    size : int
    order : callable, optional
        Returns the row numbers of a turn, in its order; by default in the given order.
    workers : int, default 0
        Number of threads that take batches ahead; 0 for none.
    """

    def __init__(
        self,
        take: Callable[[Array], Any],
        size: int,
        order: Order | None = None,
        workers: int = 0,
    ) -> None:
        self.take, self.size, self.workers = take, size, workers
        self.order: Order = order or (lambda _: np.arange(size))

    def go(self, turn: int) -> Iterator[Any]:
        """Yield row after row."""
        for rows in self.batches(turn, 1, True):
            yield each(itemgetter(0), rows)

    def batches(self, turn: int, batch: int, last: bool) -> Iterator[Any]:
        """Yield rows in batches; ``last`` says whether to include a smaller last one."""
        order = self.order(turn)
        end = len(order) if last else len(order) // batch * batch
        numbers = (order[i : i + batch] for i in range(0, end, batch))
        if self.workers and end > batch:
            return readers.in_order(self.take, numbers, self.workers, 2 * self.workers)
        return map(self.take, numbers)

    def only(self, own: Own) -> Rows:
        """Return a function that takes only some rows of each batch, with zeros for the others."""

        def take(numbers: Array) -> Any:
            count, needed = len(numbers), own(len(numbers))
            if needed.stop == needed.start:  # a row shows the form of the batch
                form = self.take(numbers[:1])
                return each(lambda a: np.zeros((count, *a.shape[1:]), a.dtype), form)

            def spaced(rows: Any) -> Any:
                made = np.zeros((count, *rows.shape[1:]), rows.dtype)
                made[needed] = rows
                return made

            return each(lambda rows: spaced(np.asarray(rows)), self.take(numbers[needed]))

        return Rows(take, self.size, self.order, self.workers)

    def ordered(self, order: Order, size: int) -> Rows:
        """Return the same rows in another order, or a part of them."""
        return Rows(self.take, size, order, self.workers)


class Batched(Stage):
    """Rows in batches."""

    def __init__(
        self, rows: Stage, batch: int, last: bool, stack: Callable[[list[Any]], Any] = np.stack
    ) -> None:
        self.rows, self.batch, self.last, self._stack = rows, batch, last, stack
        self.open_rows = last
        whole, rest = divmod(rows.size, batch)
        self.size = rows.size if rows.size < 0 else whole + bool(rest and last)

    def go(self, turn: int) -> Iterator[Any]:
        """Yield stacked rows."""
        if isinstance(self.rows, Rows) and self._stack is np.stack:
            yield from self.rows.batches(turn, self.batch, self.last)
            return
        rows = self.rows.go(turn)
        while held := list(islice(rows, self.batch)):
            if len(held) == self.batch or self.last:
                yield together(self._stack, held)

    def share(self, own: Own) -> Stage | None:
        """Return the same for rows that can be taken by number."""
        if not (isinstance(self.rows, Rows) and self._stack is np.stack):
            return None
        return Batched(self.rows.only(own), self.batch, self.last)


class Unbatched(Stage):
    """The rows of batches."""

    def __init__(self, batches: Stage) -> None:
        self._batches = batches

    def go(self, turn: int) -> Iterator[Any]:
        """Yield row after row."""
        for batch in self._batches.go(turn):
            for i in range(len(leaves(batch)[0])):
                yield each(itemgetter(i), batch)


class Given(Stage):
    """The elements of an iterator returned by a function."""

    def __init__(self, make: Callable[[], Iterable[Any]], size: int = UNKNOWN) -> None:
        self._make, self.size = make, size

    def go(self, turn: int) -> Iterator[Any]:  # noqa: ARG002
        """Call the function."""
        return iter(self._make())


class Mapped(Stage):
    """The results of a function for each element, called by threads if there are workers."""

    def __init__(self, stage: Stage, function: Callable[..., Any], workers: int) -> None:
        self._stage, self._function, self._workers = stage, function, workers
        self.size, self.open_rows = stage.size, stage.open_rows

    def go(self, turn: int) -> Iterator[Any]:
        """Yield the results of the function."""
        elements = self._stage.go(turn)
        if self._workers:
            return readers.in_order(self._function, elements, self._workers, 2 * self._workers)
        return map(self._function, elements)


class Filtered(Stage):
    """The elements for which a function returns True."""

    def __init__(self, stage: Stage, keeps: Callable[[Any], Any]) -> None:
        self._stage, self._keeps, self.open_rows = stage, keeps, stage.open_rows

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        return (element for element in self._stage.go(turn) if bool(self._keeps(element)))


class Sliced(Stage):
    """A slice of the elements; ``stop`` None for all that follow."""

    def __init__(self, stage: Stage, start: int, stop: int | None, step: int = 1) -> None:
        self._stage, self._bounds, self.open_rows = stage, (start, stop, step), stage.open_rows
        if stage.size >= 0:
            self.size = len(range(stage.size)[start:stop:step])
        else:
            known = stage.size == ENDLESS and stop is not None
            self.size = len(range(start, stop or 0, step)) if known else stage.size

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        return islice(self._stage.go(turn), *self._bounds)


class Repeated(Stage):
    """The elements repeated, ``times`` None without end; each repetition is a separate turn."""

    def __init__(self, stage: Stage, times: int | None) -> None:
        self._stage, self._times, self.open_rows = stage, times, stage.open_rows
        self.size = ENDLESS if times is None else stage.size * times if stage.size >= 0 else UNKNOWN

    def share(self, own: Own) -> Stage | None:
        """Return the same for the previous stage."""
        stage = self._stage.share(own)
        return None if stage is None else Repeated(stage, self._times)

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        for i in count() if self._times is None else range(self._times):
            empty = True
            for element in self._stage.go(turn if i == 0 else mix(turn, i) & 0x7FFF_FFFF):
                empty = False
                yield element
            if empty:
                return


class Cached(Stage):
    """The elements of the first complete turn, kept in memory for all later ones."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._kept = stage, None  # type: tuple[Stage, list[Any] | None]
        self.size, self.open_rows = stage.size, stage.open_rows

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        if self._kept is not None:
            yield from self._kept
            return
        made = []
        for element in self._stage.go(turn):
            made.append(element)
            yield element
        self._kept = made


class Ahead(Stage):
    """The elements, with the next ones made on a thread while one is used."""

    def __init__(self, stage: Stage, elements: int) -> None:
        self.stage, self._elements = stage, elements
        self.size, self.open_rows = stage.size, stage.open_rows

    def share(self, own: Own) -> Stage | None:
        """Return the same for the previous stage."""
        stage = self.stage.share(own)
        return None if stage is None else Ahead(stage, self._elements)

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        elements, over = self.stage.go(turn), object()
        made = readers.in_order(lambda _: next(elements, over), repeat(None), 1, self._elements)
        for element in made:
            if element is over:
                return
            yield element


class Zipped(Stage):
    """Elements of several stages side by side, as many as the shortest stage has."""

    def __init__(self, stages: Any, put: Callable[[list[Any]], Any]) -> None:
        self._stages, self._put = stages, put
        sizes = [stage.size for stage in stages if stage.size != ENDLESS]
        self.size = (UNKNOWN if UNKNOWN in sizes else min(sizes)) if sizes else ENDLESS
        self.open_rows = all(stage.open_rows for stage in stages)

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        together_ = zip(*(stage.go(turn) for stage in self._stages), strict=False)
        return (self._put(list(parts)) for parts in together_)


class Joined(Stage):
    """The elements of one stage, then those of another."""

    def __init__(self, first: Stage, second: Stage) -> None:
        self._stages = (first, second)
        sizes = first.size, second.size
        self.size = min(sizes) if min(sizes) < 0 else sum(sizes)
        self.open_rows = first.open_rows

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        return chain.from_iterable(stage.go(turn) for stage in self._stages)


class Shuffled(Stage):
    """The elements in a random order drawn through a buffer: each is one of the next ``buffer``."""

    def __init__(self, stage: Stage, buffer: int, seed: int, again: bool) -> None:
        self._stage, self._buffer, self._seed, self._again = stage, buffer, seed, again
        self.size, self.open_rows = stage.size, stage.open_rows

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        return drawn(self._stage.go(turn), self._buffer, self._seed, turn if self._again else 0)


def shuffled(stage: Stage, buffer: int, seed: int, again: bool) -> Stage:
    """Return the elements in an order drawn through a buffer; rows are shuffled by number only."""
    if not isinstance(stage, Rows):
        return Shuffled(stage, buffer, seed, again)

    def order(turn: int) -> Array:
        before, now = stage.order(turn), turn if again else 0
        if buffer >= stage.size:
            return np.asarray(before[permutation(stage.size, mix(seed, SHUFFLE), now, 0)])
        return np.fromiter(drawn(iter(before), buffer, seed, now), np.int64, stage.size)

    return stage.ordered(order, stage.size)


def drawn(elements: Iterator[Any], buffer: int, seed: int, turn: int) -> Iterator[Any]:
    """Yield elements, each drawn from those in a buffer."""
    held = list(islice(elements, buffer))
    stream = Stream(mix(seed, SHUFFLE, turn))
    numbers: Iterator[float] = iter(())
    for element in chain(elements, repeat(Stage)):
        if not held:
            return
        number = next(numbers, None)
        if number is None:
            numbers = iter(stream.uniform(DRAWS).tolist())
            number = next(numbers)
        place = min(int(number * len(held)), len(held) - 1)
        yield held[place]
        if element is Stage:  # no more elements
            held[place] = held[-1]
            held.pop()
        else:
            held[place] = element
