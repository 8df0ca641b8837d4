"""Learning rates that follow cosines."""

from __future__ import annotations

import itertools
import math

from lamina._check import boolean, integer, number
from lamina._names import unknown
from lamina.optimizers.schedules.base import LearningRateSchedule, rate, steps


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
        The final learning rate as a fraction of the highest, in [0, 1].
    name : str, default "CosineDecay"
        Name in reports.
    warmup_target : float, optional
        Rate at the end of the warm-up; None for no warm-up.
    warmup_steps : int, default 0
        Number of steps in which the rate increases linearly from the initial one to
        `warmup_target`.

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
        self.initial_learning_rate = rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = steps(self, "decay_steps", decay_steps)
        self.alpha = number(who, "alpha", alpha, low=0.0, high=1.0)
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else rate(self, "warmup_target", warmup_target)
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
    """Successive cosine decays (SGDR, https://arxiv.org/abs/1608.03983).

    Parameters
    ----------
    initial_learning_rate : float
        Rate at step 0.
    first_decay_steps : int
        Length of the first period.
    t_mul : float, default 2.0
        Factor between the lengths of successive periods; at least 1.
    m_mul : float, default 1.0
        Factor between the initial rates of successive periods; at least 0.
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
        self.initial_learning_rate = rate(self, "initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = steps(self, "first_decay_steps", first_decay_steps)
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


class OneCycle(LearningRateSchedule):
    """Increase to the highest rate and decrease below the initial one (Smith and Topin 2019).

    The rate increases from ``max_learning_rate / div_factor`` in ``pct_start`` of the steps, then
    decreases to ``max_learning_rate / (div_factor * final_div_factor)``, where it stays.  Arguments
    and rates are those of PyTorch; https://arxiv.org/abs/1708.07120.

    Parameters
    ----------
    max_learning_rate : float
        The highest rate.
    total_steps : int
        Number of steps of the cycle: batches per epoch times epochs.
    pct_start : float, default 0.3
        Share of the steps with increasing rate, in (0, 1); with three phases at most 0.5.
    anneal_strategy : {"cos", "linear"}, default "cos"
        Along half cosines or straight lines.
    div_factor : float, default 25
        The highest rate divided by the first.
    final_div_factor : float, default 10000
        The first rate divided by the last.
    three_phase : bool, default False
        Decrease to the first rate in as many steps as it increased, and then to the last one.
    name : str, default "OneCycle"
        Name in reports.

    Examples
    --------
    >>> from lamina.optimizers import schedules
    >>> cycle = schedules.OneCycle(1.0, 101, pct_start=11 / 101, anneal_strategy="linear")
    >>> [round(cycle(step), 3) for step in (0, 5, 10, 55, 100, 200)]
    [0.04, 0.52, 1.0, 0.5, 0.0, 0.0]
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        name: str = "OneCycle",
    ) -> None:
        who = type(self).__name__
        self.max_learning_rate = rate(self, "max_learning_rate", max_learning_rate)
        self.total_steps = steps(self, "total_steps", total_steps)
        self.three_phase = boolean(who, "three_phase", three_phase)
        high = 0.5 if self.three_phase else 1.0
        self.pct_start = number(who, "pct_start", pct_start, 0.0, high, low_open=True,
                                high_open=not self.three_phase)  # fmt: skip
        if anneal_strategy not in ("cos", "linear"):
            known = ("cos", "linear")
            raise ValueError(f"{who}: {unknown('anneal_strategy', anneal_strategy, known)}")
        self.anneal_strategy = anneal_strategy
        self.div_factor = number(who, "div_factor", div_factor, 0.0, low_open=True)
        self.final_div_factor = number(
            who, "final_div_factor", final_div_factor, 0.0, low_open=True
        )
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        first = self.max_learning_rate / self.div_factor
        last = first / self.final_div_factor
        end, peak = self.total_steps - 1, self.pct_start * self.total_steps - 1
        corners = [(0.0, first), (peak, self.max_learning_rate), (end, last)]
        if self.three_phase:
            corners.insert(2, (2 * peak, first))
        for (begin, start), (stop, goal) in itertools.pairwise(corners):
            if step <= stop and stop > begin:
                return self._between(start, goal, (step - begin) / (stop - begin))
        return last

    def _between(self, start: float, goal: float, share: float) -> float:
        if self.anneal_strategy == "linear":
            return start + (goal - start) * share
        return goal + (start - goal) / 2.0 * (1.0 + math.cos(math.pi * share))
