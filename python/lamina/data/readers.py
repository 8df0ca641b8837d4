"""Reading ahead: the next items are made by threads or processes while the last one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
U = TypeVar("U")


def in_order(
    function: Callable[[T], U], items: Iterable[T], workers: int = 1, ahead: int = 2
) -> Iterator[U]:
    """Yield ``function(item)`` for each item, in order, computed by threads.

    Parameters
    ----------
    function : callable
        Called by several threads at the same time if there is more than one worker.
    items : iterable
        Iterated over by the thread that takes the results.
    workers : int, default 1
        Number of threads; the results do not depend on it.
    ahead : int, default 2
        Number of results that may be computed in advance.

    Raises
    ------
    Exception
        Any error raised by ``function`` or ``items``, at the position of its result.

    Examples
    --------
    >>> list(in_order(lambda n: n * n, range(4), workers=2))
    [0, 1, 4, 9]
    """
    return _through(ThreadPoolExecutor(workers, "lamina-reader"), function, items, ahead)


def in_processes(
    function: Callable[[T], U],
    items: Iterable[T],
    workers: int,
    ahead: int,
    start: Callable[..., None],
    arguments: tuple[Any, ...],
) -> Iterator[U]:
    """Do the same as ``in_order`` in processes, each initialised by ``start(*arguments)``."""
    from concurrent.futures import ProcessPoolExecutor

    pool = ProcessPoolExecutor(workers, initializer=start, initargs=arguments)
    return _through(pool, function, items, ahead)


def _through(
    pool: Executor, function: Callable[[T], U], items: Iterable[T], ahead: int
) -> Iterator[U]:
    waiting: deque[Future[U]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # also if the rest is not requested
        for future in waiting:
            future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)
