"""Lamb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Lamb(Optimizer):
    """Adam with steps scaled to the norm of the weight (You et al. 2020, arxiv.org/abs/1904.00962).

    With ``m`` and ``v`` as in `Adam`, ``u = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) +
    epsilon)`` and ``w -= lr |w| / |u| u``, where norms are taken over the whole weight of a layer:
    for large batches and learning rates.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the two running means, in [0, 1).
    epsilon : float, default 1e-7
        Prevents division by 0; above 0.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([3.0, 4.0])
    >>> optimizers.Lamb(learning_rate=0.1).apply([np.array([1.0, -1.0])], [w])
    >>> w.round(3)
    array([2.646, 4.354])
    """

    rule = "lamb"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = self._number("beta_1", beta_1)
        self.beta_2 = self._number("beta_2", beta_2)
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
