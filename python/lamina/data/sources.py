"""Sources of batches: generators, iterables, loaders, objects that return batches by number.

No other library is imported: objects are recognised by their methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lamina._arrays import is_array

if TYPE_CHECKING:
    from lamina.data.stages import Own


class Batch(NamedTuple):
    """The contents of one batch of a source."""

    x: Any
    y: Any = None
    sample_weight: Any = None


class Block(NamedTuple):
    """Many batches together, which can be cut into batches of a number of rows."""

    content: Any
    batch: int


def unpacked(who: str, element: Any) -> Batch:
    """Return the parts of a batch from a source: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, w)``."""
    if isinstance(element, Block):
        element = element.content
    if isinstance(element, list):
        element = tuple(element)
    if not isinstance(element, tuple):
        return Batch(element)
    if not 1 <= len(element) <= 3:
        raise ValueError(
            f"{who}: a batch must be x, (x, y) or (x, y, sample_weight); got a tuple of "
            f"{len(element)}; the arrays of several inputs are one list, ([a, b], y)"
        )
    return Batch(*element)


class Source:
    """Batches, epoch after epoch.

    Attributes
    ----------
    kind : str
        The name of the source in messages.
    again : bool
        Whether every epoch can start again from the beginning.
    shared : bool
        Whether rows of its batches that are not needed are zeros.
    """

    kind: str
    again = True
    shared = False

    def share(self, own: Own | None) -> Source:  # noqa: ARG002
        """Return a source that only reads the needed rows of a batch, if possible; else itself."""
        return self

    def count(self) -> int | None:
        """Return the number of batches of an epoch; None if it is known only at its end."""
        return None

    def epoch(
        self, order: Callable[[int], Iterable[int]] | None = None, turn: int = 0
    ) -> Iterator[Any]:
        """Return the batches of an epoch, as they are.

        ``order(n)`` returns a permutation of the numbers below n, for sources that return batches
        by number.  ``turn`` is the number of the epoch, for sources with their own order.
        """
        raise NotImplementedError

    def blocks(
        self,
        order: Callable[[int], Iterable[int]] | None = None,
        turn: int = 0,
    ) -> Iterator[Any]:
        """Return the same, perhaps in ``Block``s of many batches."""
        return self.epoch(order, turn)

    def begin(self) -> None:
        """Notify the source that an epoch begins."""

    def end(self) -> None:
        """Notify the source that an epoch has ended."""


class Once(Source):
    """An iterator, which can be used only once."""

    again = False

    def __init__(self, iterator: Iterator[Any]) -> None:
        self.kind = type(iterator).__name__
        self._iterator = iterator

    def epoch(
        self,
        order: Callable[[int], Iterable[int]] | None = None,  # noqa: ARG002
        turn: int = 0,  # noqa: ARG002
    ) -> Iterator[Any]:
        """Return the remaining batches."""
        return self._iterator


class Again(Source):
    """An iterable: each epoch starts again."""

    def __init__(self, iterable: Any) -> None:
        self.kind = type(iterable).__name__
        self._iterable = iterable

    def share(self, own: Own | None) -> Source:
        """Return a source that reads only needed rows, for the library's own data sets."""
        from lamina.data.dataset import Dataset

        shared = None
        if own is not None and isinstance(self._iterable, Dataset):
            shared = self._iterable.shared(own)
        if shared is None:
            return self
        made = Again(shared)
        made.shared = True
        return made

    def count(self) -> int | None:
        """Return its length, or its cardinality, if known."""
        try:
            return len(self._iterable)
        except TypeError:  # none, infinite, or unknown
            return None

    def epoch(
        self,
        order: Callable[[int], Iterable[int]] | None = None,  # noqa: ARG002
        turn: int = 0,
    ) -> Iterator[Any]:
        """Start again; the library's own data sets shuffle depending on the epoch."""
        from lamina.data.dataset import Dataset

        if isinstance(self._iterable, Dataset):
            return self._iterable.turn(turn)
        as_numpy = getattr(self._iterable, "as_numpy_iterator", None)
        return iter(self._iterable if as_numpy is None else as_numpy())


class ByNumber(Source):
    """An object that returns batches by number, such as a ``PyDataset``."""

    def __init__(self, batches: Any) -> None:
        self.kind = type(batches).__name__
        self._batches = batches

    def count(self) -> int | None:
        """Return ``num_batches``, or the length."""
        if hasattr(type(self._batches), "num_batches"):
            total: int | None = self._batches.num_batches
            return total
        return len(self._batches)

    def begin(self) -> None:
        """Call its ``on_epoch_begin``, if it has one."""
        getattr(self._batches, "on_epoch_begin", _nothing)()

    def end(self) -> None:
        """Call its ``on_epoch_end``, if it has one."""
        getattr(self._batches, "on_epoch_end", _nothing)()

    def epoch(
        self,
        order: Callable[[int], Iterable[int]] | None = None,
        turn: int = 0,  # noqa: ARG002
    ) -> Iterator[Any]:
        """Take the batches in the given order, with the number of readers set by the object."""
        batches, total = self._batches, self.count()
        numbers: Iterable[int]
        if total is None:
            numbers = count()
        else:
            numbers = range(total) if order is None else map(int, order(total))
        workers = getattr(batches, "workers", 1)
        processes = getattr(batches, "use_multiprocessing", False)
        if workers < 2 and not (workers and processes):
            return (batches[i] for i in numbers)
        from lamina.data import readers  # imported on use, as it imports threads and processes

        ahead = max(1, getattr(batches, "max_queue_size", 10))
        if processes:
            return readers.in_processes(_of_process, numbers, workers, ahead, _hold, (batches,))
        return readers.in_order(batches.__getitem__, numbers, workers, ahead)


_held: list[Any] = []  # in a worker process, the object from which it makes batches


def _hold(batches: Any) -> None:
    _held[:] = [batches]


def _of_process(index: int) -> Any:
    return _held[0][index]


def _nothing() -> None:
    pass


def source_of(x: Any) -> Source | None:
    """Return the source of batches for ``x``; None for arrays, tables, lists and the like."""
    if x is None or isinstance(x, (np.ndarray, list, tuple, str, bytes, Mapping, Set, range)):
        return None
    if isinstance(x, Source):
        return x
    if isinstance(x, (type, memoryview)) or is_array(x):
        return None
    if hasattr(x, "as_numpy_iterator"):
        return Again(x)
    if hasattr(x, "__next__"):
        return Once(x)
    counted, numbered = hasattr(x, "__len__"), hasattr(x, "__getitem__")
    if numbered and hasattr(type(x), "num_batches"):
        return ByNumber(x)
    if counted and numbered:
        return ByNumber(x) if _gives_batches(x) else None
    plain = hasattr(x, "__iter__") and not numbered
    return Again(x) if plain and not _is_view(x) else None


def _gives_batches(x: Any) -> bool:
    """Return whether an object's items are batches (tuples of arrays of equal length), not rows."""
    table = any(hasattr(x, name) for name in ("columns", "column_names", "keys"))
    if table or _is_torch_dataset(x) or len(x) == 0:
        return False
    first = x[0]
    if not isinstance(first, (tuple, list)) or not 2 <= len(first) <= 3:
        return False
    rows = [_rows_of(part) for part in first if part is not None]
    return len(rows) > 1 and None not in rows and len(set(rows)) == 1


def _rows_of(value: Any) -> int | None:
    if isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    elif isinstance(value, (list, tuple)) and value and is_array(value[0]):
        value = value[0]
    shape: Any = np.shape(value) if isinstance(value, (list, tuple)) else ()
    shape = getattr(value, "shape", shape)
    return int(shape[0]) if len(shape) else None


def _is_torch_dataset(x: Any) -> bool:
    """Return whether an object is a PyTorch data set, whose items are rows."""
    return any(c.__module__.startswith("torch.utils.data") for c in type(x).__mro__)


def _is_view(x: Any) -> bool:
    return isinstance(x, (type({}.values()), type({}.keys()), type({}.items())))
