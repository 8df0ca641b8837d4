"""One training at a time: a second one on the same model is refused, not raced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Guard:
    """Knows which thread trains or evaluates a model, and what it is doing.

    Examples
    --------
    >>> guard = Guard()
    >>> with guard.training("fit"), guard.training("train_on_batch"):
    ...     pass
    Traceback (most recent call last):
    ...
    RuntimeError: train_on_batch: the model is busy with fit; one training at a time
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._what = ""

    def _refuse(self, who: str) -> None:
        raise RuntimeError(
            f"{who}: the model is busy with {self._what or 'another call'}; one training at a time"
        )

    @contextmanager
    def training(self, who: str) -> Iterator[None]:
        """Hold the model for the length of a training call."""
        if not self._lock.acquire(blocking=False):
            self._refuse(who)
        self._owner, self._what = threading.get_ident(), who
        try:
            yield
        finally:
            self._owner, self._what = 0, ""
            self._lock.release()

    @contextmanager
    def evaluating(self, who: str) -> Iterator[None]:
        """Hold the model for an evaluation; a callback of the running fit may evaluate too."""
        if self._owner == threading.get_ident():
            yield
            return
        with self.training(who):
            yield
