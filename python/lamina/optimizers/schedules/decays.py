"""Learning rates that decrease with the step."""

from __future__ import annotations

from collections.abc import Sequence

from lamina._check import boolean, integer, number
from lamina.optimizers.schedules.base import LearningRateSchedule, rate, steps


class _DecayAtRate(LearningRateSchedule):
    """Base of the decays by `decay_rate` in each `decay_steps` steps."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = steps(self, "decay_steps", decay_steps)
        self.decay_rate = rate(self, "decay_rate", decay_rate)
        self.staircase = boolean(type(self).__name__, "staircase", staircase)
        self.name = type(self).__name__ if name is None else name

    def _time(self, step: int) -> float:
        return step // self.decay_steps if self.staircase else step / self.decay_steps


class ExponentialDecay(_DecayAtRate):
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
        Use integer steps in the exponent: ``step // decay_steps``.
    name : str, optional
        Name in reports; by default that of the class.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> schedules.ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)(20)
    0.125
    """

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        return float(self.initial_learning_rate * self.decay_rate ** self._time(step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[i]`` while ``step <= boundaries[i]``, the last value afterwards.

    Parameters
    ----------
    boundaries : sequence of int
        Increasing steps.
    values : sequence of float
        One value more than `boundaries`.
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
        self.values = [rate(self, "values", v) for v in values]
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
        1 is linear; above 0.
    cycle : bool, default False
        Start again after `decay_steps`, each time with a period longer by `decay_steps`.
    name : str, default "PolynomialDecay"
        Name in reports.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> schedules.PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.0)(5)
    0.05
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
        self.initial_learning_rate = rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = steps(self, "decay_steps", decay_steps)
        self.end_learning_rate = rate(self, "end_learning_rate", end_learning_rate)
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


class InverseTimeDecay(_DecayAtRate):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        Rate at step 0.
    decay_steps : int
        Unit of time.
    decay_rate : float
        Speed of the decay, at least 0.
    staircase : bool, default False
        Use integer steps: ``step // decay_steps``.
    name : str, optional
        Name in reports; by default that of the class.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> schedules.InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)(10)
    0.05
    """

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        return self.initial_learning_rate / (1.0 + self.decay_rate * self._time(step))
