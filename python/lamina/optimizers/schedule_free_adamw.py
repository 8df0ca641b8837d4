"""Adam without a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._check import integer
from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class ScheduleFreeAdamW(Optimizer):
    """Adam whose weights are a mean of its iterates (Defazio et al. 2024).

    ``z -= lr g / (sqrt(v / (1 - beta_2^t)) + epsilon)`` with ``v`` as in `Adam`, ``x`` is the mean
    of all ``z``, and gradients are taken at the weights ``(1 - beta_1) z + beta_1 x``: no schedule
    needs to know when training ends.  See https://arxiv.org/abs/2405.15682.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.0025
        Step size.
    beta_1 : float, default 0.9
        The share of the mean in the weights, in [0, 1].
    beta_2 : float, default 0.999
        Decay of the running mean of squares, in [0, 1).
    epsilon : float, default 1e-8
        Prevents division by 0; above 0.
    warmup_steps : int, default 0
        Number of steps in which the learning rate increases from 0.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0])
    >>> optimizers.ScheduleFreeAdamW(learning_rate=0.25).apply([np.array([3.0])], [w])
    >>> w.round(3)
    array([0.75])
    """

    rule = "schedule_free_adamw"

    def __init__(
        self,
        learning_rate: RateLike = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = self._number("beta_1", beta_1)
        self.beta_2 = self._number("beta_2", beta_2)
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
        self.warmup_steps = integer(type(self).__name__, "warmup_steps", warmup_steps, 0)
