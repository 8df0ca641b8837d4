"""Adamax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Adamax(Optimizer):
    """Adam with a decaying maximum of gradients as its scale (Kingma and Ba 2015, section 7.1).

    ``m = beta_1 m + (1 - beta_1) g``, ``u = max(beta_2 u, |g|)`` and
    ``w -= lr / (1 - beta_1^t) * m / (u + epsilon)`` in step t: no step is much longer than the
    learning rate, and zero gradients leave no trace in u.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the mean and of the largest gradient, in [0, 1).
    epsilon : float, default 1e-7
        Prevents division by 0; above 0.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0, 1.0])
    >>> optimizers.Adamax(0.25).apply([np.array([100.0, -0.1])], [w])
    >>> w.round(3)
    array([0.75, 1.25])
    """

    rule = "adamax"

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
