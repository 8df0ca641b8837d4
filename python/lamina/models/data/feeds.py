"""Batches from a source while a model is fitted, evaluated or predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from lamina import _check, _screen
from lamina.data.sources import Batch, Block, Source, unpacked
from lamina.models.compilation.steps import needing_targets
from lamina.models.data import prepared as data_
from lamina.models.data.batches import Batches, spans
from lamina.models.data.prepared import Data, Part, part_of
from lamina.models.data.ragged import refuse
from lamina.models.data.row_order import Draw

if TYPE_CHECKING:
    from lamina.models.evaluation.evaluating import Evaluating


class Elements:
    """The batches of a source, epoch after epoch.

    Parameters
    ----------
    who : str
        The caller, and the name of the source in messages: ``fit``, ``fit: validation_data``.
    source : Source
    steps : int, optional
        Batches per epoch; the next epoch continues where the last one ended.
    turn : callable, optional
        Returns the number of the epoch, for sources that shuffle depending on it; always 0 by
        default.
    restart : bool, default False
        Whether each epoch starts again from the first batch, if the source can.
    """

    def __init__(
        self,
        who: str,
        source: Source,
        steps: int | None = None,
        turn: Callable[[], int] = lambda: 0,
        restart: bool = False,
    ) -> None:
        self._restarts = restart and source.again
        self.who, self.source, self._wanted, self._turn = who, source, steps, turn
        self._left: Iterator[Any] | None = None  # rest of a started epoch
        self._begun = False
        self.epochs = 0

    @property
    def steps(self) -> int | None:
        """The number of batches of an epoch; None if it is known only at its end."""
        return self.source.count() if self._wanted is None else self._wanted

    def first(self, draw: Draw | None = None) -> Any:
        """Return the first batch, with which the first epoch still starts."""
        self._begin()
        self._left = self._opened(draw)
        for element in self._left:
            self._left = chain([element], self._left)
            return element
        raise ValueError(f"{self.who}: needs at least one batch; the {self.source.kind} gave none")

    def epoch(self, draw: Draw | None = None) -> Iterator[Any]:
        """Yield the batches of an epoch; ``draw`` orders batches that are accessed by number."""
        self._begin()
        if self._left is None:
            self._left = self._opened(draw)
        given = 0
        for element in islice(self._left, self._wanted):
            given += 1
            yield element
        if given == 0 and self._wanted is not None and self.source.again:
            # The last epoch used all of the data.
            self._left = self._opened(draw)
            for element in islice(self._left, self._wanted):
                given += 1
                yield element
        if self._wanted is None or given < self._wanted:
            self._left = None if self.source.again else iter(())
        if self._restarts:
            self._left = None
        self._end(given)

    def _opened(self, draw: Draw | None) -> Iterator[Any]:
        order = None if draw is None else (lambda n: draw(n, 0))
        # If the number of batches is given they are taken one by one.
        give = self.source.blocks if self._wanted is None else self.source.epoch
        return iter(give(order, self._turn()))

    def _begin(self) -> None:
        if not self._begun:
            self.source.begin()
        self._begun = True

    def _end(self, given: int) -> None:
        self._begun = False
        self.epochs += 1
        self.source.end()
        if given == 0 or (self._wanted is not None and given < self._wanted):
            needed = "at least 1" if self._wanted is None else f"{self._wanted} batches"
            _screen.warn(
                f"{self.who}: the {self.source.kind} ran out of data: epoch {self.epochs} needs "
                f"{needed} and got {given}; use fewer steps or epochs, or a source that can "
                f"start again"
            )


class Stream:
    """Batches of a source in the form that a compiled model takes.

    Parameters
    ----------
    who : str
    model : Evaluating
    source : Source
    steps : int, optional
        Batches per epoch.
    class_weight : dict, optional
    draw : callable, optional
        Draws the first epoch's order.
    turn : callable, optional
        Returns the number of the epoch.
    restart : bool, default False
        Whether each epoch starts again from the first batch, if the source can.

    Attributes
    ----------
    first : Part
        The first batch.
    shared : bool
        Whether rows that this process does not need are zeros.
    """

    def __init__(
        self,
        who: str,
        model: Evaluating,
        source: Source,
        steps: int | None = None,
        class_weight: Any = None,
        draw: Draw | None = None,
        turn: Callable[[], int] = lambda: 0,
        restart: bool = False,
    ) -> None:
        self._who, self._model, self._class_weight = who, model, class_weight
        self.shared = source.shared
        self._elements = Elements(who, source, steps, turn, restart)
        self.first = self._part(who, self._elements.first(draw))

    @property
    def steps(self) -> int | None:
        """The number of batches of an epoch; None if it is known only at its end."""
        return self._elements.steps

    def epoch(self, draw: Draw | None = None) -> Iterator[Batches]:
        """Yield the batches of an epoch, checked, each with its data."""
        for number, part in enumerate(self.parts(draw)):
            order = None
            if part.batch is not None and draw is not None:
                order = draw(part.size, 1 + number)
            found = list(spans(part.size, part.batch or part.size))
            yield Batches(order, found, [part] * len(found))

    def parts(self, draw: Draw | None = None) -> Iterator[Part]:
        """Yield the data of each batch of an epoch."""
        first = self.first if self._elements.epochs == 0 else None
        for number, element in enumerate(self._elements.epoch(draw)):
            if first is not None:
                part, first = first, None
            else:
                who = f"{self._who}: batch {number}"
                part = self._part(who, element)
            yield part

    def _part(self, who: str, element: Any) -> Part:
        part = part_of(self._prepared(who, unpacked(who, element)))
        rows = element.batch if isinstance(element, Block) else None
        self._model.check_batches(who, part.size, rows or part.size)
        return part._replace(batch=rows)

    def _prepared(self, who: str, batch: Batch) -> Data:
        model = self._model
        x, y, weight = batch
        needing = needing_targets(who, model) if y is None else ""
        if needing:
            raise TypeError(
                f"{who}: {needing}; the {self._elements.source.kind} gave x alone: its batches "
                f"must be (x, y) or (x, y, sample_weight)"
            )
        x = model.meet(x)
        data = data_.prepare(who, model, x, y, weight, self._class_weight).read()
        refuse(who, data)
        return data


def check_alone(
    who: str, source: Source, y: Any = None, sample_weight: Any = None, **others: Any
) -> None:
    """Raise ValueError for arguments that belong in the batches, or that need all rows."""
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"{who}: x is a {source.kind}, so {name} must be part of its batches, (x, y) or "
                f"(x, y, sample_weight); if it yields rows, pass list(x)"
            )
    for name, value in others.items():
        if not (value is None or value is False or (isinstance(value, float) and value == 0.0)):
            raise ValueError(f"{who}: x is a {source.kind}; {name} needs all rows, as arrays")


def wanted_steps(who: str, name: str, value: Any) -> int | None:
    """Return a number of batches, or None."""
    return None if value is None else _check.integer(who, name, value)
