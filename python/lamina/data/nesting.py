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
    """The elements of what a function makes of each, one behind the other."""

    def __init__(self, stage: Stage, function: Make) -> None:
        self._stage, self._function = stage, function

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them."""
        return chain.from_iterable(self._function(e).go(turn) for e in self._stage.go(turn))


class Interleaved(Stage):
    """The elements of what a function makes of each, of several of these in turns.

    Parameters
    ----------
    stage : Stage
    function : callable
    cycle : int
        Of how many elements of ``stage`` the results are gone through side by side.
    block : int
        How many elements each gives at a time.
    """

    def __init__(self, stage: Stage, function: Make, cycle: int, block: int) -> None:
        self._stage, self._function, self._cycle, self._block = stage, function, cycle, block

    def go(self, turn: int) -> Iterator[Any]:
        """Yield them: one that ends is replaced when its turn comes again."""
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
    """Windows over the elements, each a structure of what ``make`` returns of its elements.

    Parameters
    ----------
    stage : Stage
    size, shift, stride : int
        Elements of a window, elements from one's first to the next one's, and between two.
    whole : bool
        Whether windows of fewer elements are left out.
    make : callable
        Given a list of elements, of each leaf of their structure.
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
