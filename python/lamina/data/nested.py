"""Data sets of data sets: elements expanded into several, or grouped into windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina.data import nesting
from lamina.data.stages import Given, Stage
from lamina.data.values import Values, Whole, each, wrapped

if TYPE_CHECKING:
    from lamina._typing import Self

AUTOTUNE = -1
CYCLE = 16  # a fixed number, so that the order is the same on every machine


class Nested(Whole):
    """Methods of ``Dataset`` for nested data sets."""

    _stage: Stage

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @answering_calls
    def flat_map(self, map_func: Callable[..., Self], name: str | None = None) -> Self:  # noqa: ARG002
        """Return the elements of the data sets that a function returns for each element."""
        return type(self)(nesting.Flat(self._stage, _within("flat_map", map_func)))

    @answering_calls
    def interleave(
        self,
        map_func: Callable[..., Self],
        cycle_length: int | None = None,
        block_length: int | None = None,
        num_parallel_calls: int | None = None,  # noqa: ARG002
        deterministic: bool | None = None,  # noqa: ARG002
        name: str | None = None,  # noqa: ARG002
    ) -> Self:
        """Return the elements of the data sets that a function returns, several taken in turn.

        Parameters
        ----------
        map_func : callable
            Returns a data set for each element; the parts of a tuple are its arguments.
        cycle_length : int, default 16
            Number of data sets that are traversed side by side.  TensorFlow's default is the number
            of processors, on which the order then depends; here it is a fixed number.
        block_length : int, default 1
            Number of elements taken from each at a time.
        num_parallel_calls, deterministic : ignored
            The order is always the same.

        Examples
        --------
        >>> import lamina
        >>> data = lamina.data.Dataset.range(1, 4).interleave(
        ...     lambda x: lamina.data.Dataset.from_tensors(x).repeat(3), cycle_length=2,
        ...     block_length=2)
        >>> [int(x) for x in data]
        [1, 1, 2, 2, 1, 2, 3, 3, 3]
        """
        cycle, block = (
            default if value in (None, AUTOTUNE) else _check.integer("interleave", argument, value)
            for argument, value, default in (
                ("cycle_length", cycle_length, CYCLE),
                ("block_length", block_length, 1),
            )
        )
        made = _within("interleave", map_func)
        return type(self)(nesting.Interleaved(self._stage, made, cycle, block))

    @answering_calls
    def window(
        self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,  # noqa: ARG002
    ) -> Self:
        """Return windows over the elements, each a data set; for a tuple or dict, one per part.

        Parameters
        ----------
        size : int
            Number of elements of a window; the last windows may have fewer.
        shift : int, default ``size``
            Distance between the first elements of successive windows.
        stride : int, default 1
            Distance between successive elements of a window.
        drop_remainder : bool, default False
            Omit windows with fewer elements.

        Examples
        --------
        >>> import lamina
        >>> windows = lamina.data.Dataset.range(5).window(3, shift=1, drop_remainder=True)
        >>> [x.tolist() for x in windows.flat_map(lambda window: window.batch(3))]
        [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
        """
        length = _check.integer("window", "size", size)
        step = length if shift is None else _check.integer("window", "shift", shift)
        apart = _check.integer("window", "stride", stride)
        whole = _check.boolean("window", "drop_remainder", drop_remainder)
        return type(self)(nesting.Windowed(self._stage, length, step, apart, whole, self._of))

    @classmethod
    def _of(cls, elements: list[Any]) -> Self:
        return cls(Given(lambda: elements, len(elements)))


def called(function: Callable[..., Any], convert: bool = True) -> Callable[[Any], Any]:
    """Return a function of an element; the parts of a tuple are its arguments."""

    def call(element: Any) -> Any:
        given = each(wrapped, element)
        made = function(*given) if isinstance(given, tuple) else function(given)
        return each(plain, made) if convert else made

    return call


def _within(who: str, function: Callable[..., Any]) -> nesting.Make:
    """Return a function from an element to a stage, given one that returns a data set."""
    made = called(function, convert=False)

    def make(element: Any) -> Stage:
        inner = made(element)
        if not isinstance(inner, Nested):
            raise TypeError(f"{who}: map_func must return a Dataset; got {type(inner).__name__}")
        return inner._stage

    return make


def plain(leaf: Any) -> Any:
    """Return an array without ``numpy()``; a data set as it is."""
    if isinstance(leaf, Whole):
        return leaf
    array = np.asarray(leaf)
    return array.view(np.ndarray) if isinstance(array, Values) else array
