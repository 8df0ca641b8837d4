"""Batches by number, defined in Python: Keras's ``PyDataset``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from lamina import _check
from lamina._calls import checking_keywords


class PyDataset:
    """Batches by number.

    A subclass defines ``__getitem__(i)``, which returns batch ``i`` as ``x``, ``(x, y)`` or ``(x,
    y, sample_weight)``, and ``__len__``, the number of batches per epoch; or, in place of
    ``__len__``, ``num_batches``, None for an infinite number.  ``fit`` takes the batches in a new
    random order each epoch, unless ``shuffle=False``.

    Parameters
    ----------
    workers : int, default 1
        Number of threads or processes that make batches ahead; with 1 a batch is made when it is
        needed, by the thread that calls ``fit``.  Order and bits do not depend on it.
    use_multiprocessing : bool, default False
        Make batches in processes: useful if ``__getitem__`` computes in Python.
    max_queue_size : int, default 10
        Maximum number of batches made ahead.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> class Squares(lamina.utils.PyDataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, i):
    ...         x = np.linspace(i, i + 1, 8)
    ...         return x, x**2
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> history = model.fit(Squares(workers=2), epochs=2, verbose=0)
    >>> model.optimizer.iterations
    8
    """

    _workers: int = 1
    _use_multiprocessing: bool = False
    _max_queue_size: int = 10

    @checking_keywords
    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    @property
    def workers(self) -> int:
        """Number of threads or processes that make batches ahead."""
        return self._workers

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = _check.integer(type(self).__name__, "workers", value, 0)

    @property
    def use_multiprocessing(self) -> bool:
        """Whether processes make the batches."""
        return self._use_multiprocessing

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = _check.boolean(
            type(self).__name__, "use_multiprocessing", value
        )

    @property
    def max_queue_size(self) -> int:
        """Maximum number of batches made ahead."""
        return self._max_queue_size

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = _check.integer(type(self).__name__, "max_queue_size", value)

    def __getitem__(self, index: int) -> Any:
        """Return a batch."""
        raise NotImplementedError(f"{type(self).__name__}: a PyDataset must define __getitem__")

    @property
    def num_batches(self) -> int | None:
        """The number of batches per epoch; None for an infinite number."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__}: a PyDataset must define __len__, or num_batches"
        )

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the batches by number."""
        total = self.num_batches
        for index in count() if total is None else range(total):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Do nothing; subclasses may prepare each epoch here."""

    def on_epoch_end(self) -> None:
        """Do nothing; subclasses may act after each epoch here, for instance reorder the rows."""
