"""Learning rates that change with the step: Keras's schedules.

A schedule is called with the number of steps done (0 for the first step) and returns a float.
"""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import LARGEST, boolean, integer, number
from lamina._settings import Configurable, resolve, serialize

__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
    "LearningRateSchedule", "PiecewiseConstantDecay", "PolynomialDecay", "get", "serialize",
]  # fmt: skip


class LearningRateSchedule(Configurable):
    """Base of all schedules; a user's own defines ``__call__(step)``."""

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        raise TypeError(f"{type(self).__name__}: a schedule must define __call__(step)")


def _rate(schedule: LearningRateSchedule, name: str, value: float) -> float:
    return number(type(schedule).__name__, name, value, low=0.0, high=LARGEST)


def _steps(schedule: LearningRateSchedule, name: str, value: int) -> int:
    return integer(type(schedule).__name__, name, value, 1)


class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        Rate at step 0.
    decay_steps : int
        Steps over which the rate is multiplied by `decay_rate`.
    decay_rate : float
        Factor, at least 0.
    staircase : bool, default False
        Let the exponent jump: ``step // decay_steps``.
    name : str, default "ExponentialDecay"
        Name in reports.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> schedules.ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)(20)
    0.125
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.decay_rate = _rate(self, "decay_rate", decay_rate)
        self.staircase = boolean(type(self).__name__, "staircase", staircase)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        exponent = step // self.decay_steps if self.staircase else step / self.decay_steps
        return float(self.initial_learning_rate * self.decay_rate**exponent)


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[i]`` while ``step <= boundaries[i]``, the last value afterwards.

    Parameters
    ----------
    boundaries : sequence of int
        Increasing steps.
    values : sequence of float
        One more than `boundaries`.
    name : str, default "PiecewiseConstant"
        Name in reports.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> rate = schedules.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> rate(10), rate(11), rate(21)
    (1.0, 0.5, 0.1)
    """

    def __init__(
        self,
        boundaries: Sequence[int],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        who = type(self).__name__
        self.boundaries = [int(integer(who, "boundaries", b, 0)) for b in boundaries]
        self.values = [_rate(self, "values", v) for v in values]
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{who}: values must be one more than boundaries; "
                f"got {len(self.values)} and {len(self.boundaries)}"
            )
        if any(b <= a for a, b in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ValueError(f"{who}: boundaries must increase; got {self.boundaries}")
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        return self.values[sum(step > boundary for boundary in self.boundaries)]


class PolynomialDecay(LearningRateSchedule):
    """``(initial - end) * (1 - step / decay_steps) ** power + end``, constant after `decay_steps`.

    Parameters
    ----------
    initial_learning_rate : float
        Rate at step 0.
    decay_steps : int
        Steps until the end.
    end_learning_rate : float, default 0.0001
        Rate at the end.
    power : float, default 1.0
        1 is a straight line; above 0.
    cycle : bool, default False
        Start over beyond `decay_steps`, each time with a period of one more `decay_steps`.
    name : str, default "PolynomialDecay"
        Name in reports.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        *,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.end_learning_rate = _rate(self, "end_learning_rate", end_learning_rate)
        self.power = number(type(self).__name__, "power", power, low=0.0, low_open=True)
        self.cycle = boolean(type(self).__name__, "cycle", cycle)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        period = self.decay_steps
        if self.cycle:
            period *= max(1, -(-step // period))
        fraction = min(step, period) / period
        span = self.initial_learning_rate - self.end_learning_rate
        return float(span * (1.0 - fraction) ** self.power + self.end_learning_rate)


class InverseTimeDecay(LearningRateSchedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        Rate at step 0.
    decay_steps : int
        Unit of time.
    decay_rate : float
        Speed, at least 0.
    staircase : bool, default False
        Let time jump: ``step // decay_steps``.
    name : str, default "InverseTimeDecay"
        Name in reports.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.decay_rate = _rate(self, "decay_rate", decay_rate)
        self.staircase = boolean(type(self).__name__, "staircase", staircase)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        time = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate / (1.0 + self.decay_rate * time)


class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate down to `alpha` times it, after an optional warm-up.

    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983.

    Parameters
    ----------
    initial_learning_rate : float
        Rate at step 0.
    decay_steps : int
        Steps of the decay, after the warm-up.
    alpha : float, default 0.0
        The last rate as a fraction of the highest, in [0, 1].
    name : str, default "CosineDecay"
        Name in reports.
    warmup_target : float, optional
        Rate at the end of the warm-up; None for no warm-up.
    warmup_steps : int, default 0
        Steps of a straight line from the initial rate to `warmup_target`.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> rate = schedules.CosineDecay(0.0, 100, warmup_target=1.0, warmup_steps=10)
    >>> rate(5), rate(10), round(rate(60), 6), rate(110)
    (0.5, 1.0, 0.5, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        *,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        who = type(self).__name__
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.alpha = number(who, "alpha", alpha, low=0.0, high=1.0)
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else _rate(self, "warmup_target", warmup_target)
        )
        self.warmup_steps = integer(who, "warmup_steps", warmup_steps, 0)

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        highest = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return highest + (self.warmup_target - highest) * step / self.warmup_steps
            highest = self.warmup_target
            step -= self.warmup_steps
        fraction = min(step, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1.0 + math.cos(math.pi * fraction))
        return highest * ((1.0 - self.alpha) * cosine + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays one after the other (SGDR, https://arxiv.org/abs/1608.03983).

    Parameters
    ----------
    initial_learning_rate : float
        Rate at step 0.
    first_decay_steps : int
        Length of the first period.
    t_mul : float, default 2.0
        Each period is this much longer than the one before; at least 1.
    m_mul : float, default 1.0
        Each period starts at this fraction of the one before; at least 0.
    alpha : float, default 0.0
        The lowest rate as a fraction of the initial one, in [0, 1].
    name : str, default "SGDRDecay"
        Name in reports.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> rate = schedules.CosineDecayRestarts(1.0, 10, t_mul=2.0, m_mul=0.5)
    >>> rate(0), rate(10), rate(30)
    (1.0, 0.5, 0.25)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        *,
        name: str = "SGDRDecay",
    ) -> None:
        who = type(self).__name__
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = _steps(self, "first_decay_steps", first_decay_steps)
        self.t_mul = number(who, "t_mul", t_mul, low=1.0)
        self.m_mul = number(who, "m_mul", m_mul, low=0.0)
        self.alpha = number(who, "alpha", alpha, low=0.0, high=1.0)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        # Counting periods by subtraction stays exact where a logarithm rounds at a restart.
        if self.t_mul == 1.0:
            restarts, rest = divmod(step, self.first_decay_steps)
            fraction = rest / self.first_decay_steps
        else:
            restarts, start, length = 0, 0.0, float(self.first_decay_steps)
            while step >= start + length:
                restarts, start, length = restarts + 1, start + length, length * self.t_mul
            fraction = (step - start) / length
        cosine = 0.5 * self.m_mul**restarts * (1.0 + math.cos(math.pi * fraction))
        return float(self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha))


_TABLE: dict[str, type[LearningRateSchedule]] = {
    "exponential_decay": ExponentialDecay,
    "piecewise_constant_decay": PiecewiseConstantDecay,
    "polynomial_decay": PolynomialDecay,
    "inverse_time_decay": InverseTimeDecay,
    "cosine_decay": CosineDecay,
    "cosine_decay_restarts": CosineDecayRestarts,
}


@answering_calls
def get(identifier: object) -> LearningRateSchedule:
    """Return the schedule for a configuration or an instance.

    Raises
    ------
    ValueError
        If the class is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.
    """
    return resolve("schedule", identifier, _TABLE, LearningRateSchedule)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


deserialize = get  # by Keras's name
