"""Stages of data sets within data sets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from lamina.data.stages import ENDLESS, UNKNOWN, Stage
from lamina.data.values import together

Make = Callable[[Any], Stage]


class Flat(Stage):
    """The elements of a function's results for each element, concatenated."""

    def __init__(self, stage: Stage, function: Make) -> None:
        self._stage, self._function = stage, function

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        return chain.from_iterable(self._function(e).go(turn) for e in self._stage.go(turn))


class Interleaved(Stage):
    """The elements of a function's results, several of them taken in turn.

    Parameters
    ----------
    stage : Stage
    function : callable
    cycle : int
        Number of elements of ``stage`` whose results are traversed side by side.
    block : int
        Number of elements taken from each at a time.
    """

    def __init__(self, stage: Stage, function: Make, cycle: int, block: int) -> None:
        self._stage, self._function, self._cycle, self._block = stage, function, cycle, block

    def go(self, turn: int) -> Iterator[Any]:
        """Yield the elements: a result that ends is replaced when its turn comes again."""
        given = self._stage.go(turn)
        places: list[Iterator[Any] | None] = [None] * self._cycle
        more = True
        while more or any(place is not None for place in places):
            for i in range(self._cycle):
                held = places[i]
                if held is None and more:
                    for element in islice(given, 1):
                        held = self._function(element).go(turn)
                    more = held is not None
                if held is None:
                    continue
                count = 0
                for element in islice(held, self._block):
                    count += 1
                    yield element
                places[i] = held if count == self._block else None


class Windowed(Stage):
    """Windows over the elements, each a structure of the results of ``make`` for its elements.

    Parameters
    ----------
    stage : Stage
    size, shift, stride : int
        Elements of a window, distance between first elements of windows, and between elements.
    whole : bool
        Whether to omit windows with fewer elements.
    make : callable
        Called with a list of elements, for each leaf of their structure.
    """

    def __init__(
        self,
        stage: Stage,
        size: int,
        shift: int,
        stride: int,
        whole: bool,
        make: Callable[[list[Any]], Any],
    ) -> None:
        self._stage, self._shift, self._stride = stage, shift, stride
        self._whole, self._make = whole, make
        self._span = (size - 1) * stride + 1
        if stage.size >= 0:
            last = stage.size - (self._span if whole else 1)
            self.size = last // shift + 1 if last >= 0 else 0
        else:
            self.size = ENDLESS if stage.size == ENDLESS else UNKNOWN

    def go(self, turn: int) -> Iterator[Any]:
        """Yield window after window; the elements of one are kept in memory."""
        elements = self._stage.go(turn)
        held: deque[Any] = deque()
        while True:
            held.extend(islice(elements, self._span - len(held)))
            if not held or (self._whole and len(held) < self._span):
                return
            yield together(self._make, list(islice(held, 0, None, self._stride)))
            gone = min(self._shift, len(held))
            for _ in range(gone):
                held.popleft()
            for _ in islice(elements, self._shift - gone):
                pass
