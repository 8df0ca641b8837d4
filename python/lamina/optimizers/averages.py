"""Means of the weights over the steps, on arrays, as in ``csrc/graph/averaging.h``."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from lamina._check import quiet

Array = NDArray[Any]


class Exponential(NamedTuple):
    """``a = momentum a + (1 - momentum) w`` after each step, ``w`` after the first."""

    momentum: float
    overwrite: int  # number of steps after which the mean replaces the weights; 0: never

    def counts(self, moved: bool) -> bool:
        """Return whether a step is included in the mean."""
        del moved  # as in Keras, steps that only accumulate gradients are too
        return True

    @quiet
    def follow(self, average: Array, weights: Array, done: int) -> None:
        """Include the weights after a step in the mean; ``done`` steps came before it."""
        keep = self.momentum if done else 0.0
        average[...] = keep * average + (1.0 - keep) * weights if keep else weights
        if self.overwrite and (done + 1) % self.overwrite == 0:
            weights[...] = average


class Equal(NamedTuple):
    """The mean of the weights after the steps ``start``, ``start + period``, ..."""

    start: int
    period: int

    def counts(self, moved: bool) -> bool:
        """Return whether a step is included in the mean."""
        return moved

    @quiet
    def follow(self, average: Array, weights: Array, done: int) -> None:
        """Include the weights after a step in the mean; ``done`` steps came before it."""
        since = done + 1 - self.start
        if since >= 0 and since % self.period:
            return
        before = max(0, since // self.period)
        average[...] = (before * average + weights) / (before + 1) if before else weights


Averaging = Exponential | Equal


def noted(averaging: Averaging | None) -> dict[str, Any]:
    """Return the description of the mean for the core."""
    return {} if averaging is None else averaging._asdict()
