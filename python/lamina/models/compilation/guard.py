"""One training at a time: a second one on the same model raises an error."""

from __future__ import annotations

import os
import sys
import threading
from types import FrameType, TracebackType

# Held for a few instructions by all guards; a signal cannot interrupt a lock used as a context.
_switch = threading.Lock()


def _after_fork() -> None:
    global _switch  # noqa: PLW0603
    _switch = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Claim:
    """The hold of one call on a model, for a ``with`` statement.

    It is valid only while the call that made it runs: an interrupt between any two instructions,
    or the end of its thread, cannot leave the model busy.
    """

    def __init__(self, guard: Guard, who: str, frame: FrameType, shared: bool) -> None:
        self._guard, self.who, self._shared = guard, who, shared
        self.thread, self.frame = threading.get_ident(), frame

    def live(self) -> bool:
        """Return whether the call that made the claim is still running, in any thread."""
        frame = sys._current_frames().get(self.thread)
        while frame is not None and frame is not self.frame:
            frame = frame.f_back
        return frame is not None

    def __enter__(self) -> None:
        """Claim the model, or raise RuntimeError."""
        self._guard.take(self, self._shared)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the model."""
        self._guard.give_back(self)


class Guard:
    """Keeps track of the thread that trains or evaluates a model, and of the call.

    Examples
    --------
    >>> guard = Guard()
    >>> with guard.training("fit"), guard.training("train_on_batch"):
    ...     pass
    Traceback (most recent call last):
    ...
    RuntimeError: train_on_batch: the model is busy with fit; it trains or evaluates once at a time
    """

    def __init__(self) -> None:
        self._claim: Claim | None = None

    def training(self, who: str) -> Claim:
        """Hold the model for the duration of a training call."""
        return Claim(self, who, sys._getframe(1), shared=False)

    def evaluating(self, who: str) -> Claim:
        """Hold the model for an evaluation; a callback of the running fit may also evaluate."""
        return Claim(self, who, sys._getframe(1), shared=True)

    def take(self, claim: Claim, shared: bool) -> None:
        """Let the claim hold the model; RuntimeError if another running call holds it."""
        with _switch:
            held = self._claim
            if held is None or not held.live():
                self._claim = claim
                return
        if not (shared and held.thread == claim.thread):
            raise RuntimeError(
                f"{claim.who}: the model is busy with {held.who}; it trains or evaluates once at a "
                f"time"
            )

    def give_back(self, claim: Claim) -> None:
        """End the claim, if it holds the model."""
        if self._claim is claim:
            self._claim = None
