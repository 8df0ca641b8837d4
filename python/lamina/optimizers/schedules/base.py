"""The base of schedules, and checks of their arguments."""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

from lamina._check import LARGEST, integer, number
from lamina._settings import Configurable


class LearningRateSchedule(Configurable):
    """Base of all schedules; a user-defined one defines ``__call__(step)``."""

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        raise TypeError(f"{type(self).__name__}: a schedule must define __call__(step)")


def rate(schedule: LearningRateSchedule, name: str, value: float) -> float:
    """Return an argument of a schedule that is a learning rate, checked."""
    return number(type(schedule).__name__, name, value, low=0.0, high=LARGEST)


def steps(schedule: LearningRateSchedule, name: str, value: int) -> int:
    """Return an argument of a schedule that is a number of steps, checked."""
    return integer(type(schedule).__name__, name, value, 1)
