"""The learning rate of an optimizer: a number, a schedule or a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina._check import LARGEST, number
from lamina._settings import serialize
from lamina.optimizers.keeping import Keeping
from lamina.optimizers.schedules import LearningRateSchedule
from lamina.optimizers.schedules import get as get_schedule
from lamina.optimizers.variables import Rate


class Rated(Keeping):
    """An optimizer's learning rate, which may be assigned at any time."""

    @property
    def learning_rate(self) -> Rate:
        """The step size of the next step; a number or a schedule may be assigned at any time."""
        return Rate.of(self.current_learning_rate(), self._set_rate)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._set_rate(value)

    def _set_rate(self, value: Any) -> None:
        self._learning_rate: Any
        if isinstance(value, (LearningRateSchedule, Mapping)):
            self._learning_rate = get_schedule(value)
        elif callable(value):
            self._learning_rate = value
        else:
            if isinstance(value, np.ndarray) and value.ndim == 0:
                value = value[()]
            who = type(self).__name__
            self._learning_rate = number(who, "learning_rate", value, low=0.0, high=LARGEST)

    @property
    def rate_law(self) -> Any:
        """The learning rate as it was given: a number, schedule or function."""
        return self._learning_rate

    def told_rate(self) -> Any:
        """Return it as a plain value, for a schedule its configuration."""
        rate = self._learning_rate
        return serialize(rate) if isinstance(rate, LearningRateSchedule) else rate

    def take_rate(self, told: Any) -> None:
        """Set it to the result of ``told_rate``."""
        self._set_rate(told)

    @property
    def lr(self) -> Rate:
        """The learning rate, under an old name of Keras."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    def current_learning_rate(self) -> float:
        """Return the step size of the next step."""
        rate = self._learning_rate
        if isinstance(rate, float):
            return rate
        # For a schedule, or a function.
        steps = self.__dict__.get("_iterations", 0)
        now = rate(steps) if isinstance(rate, LearningRateSchedule) else rate()
        if isinstance(now, np.ndarray) and now.ndim == 0:  # for one written with ops
            now = now[()]
        return number(type(rate).__name__, "learning rate", now, 0.0, LARGEST)

    @property
    def follows_schedule(self) -> bool:
        """Whether the learning rate changes from step to step."""
        return not isinstance(self._learning_rate, float)
