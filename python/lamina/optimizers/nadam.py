"""Nadam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016).

    ``m`` and ``v`` are Adam's running means of ``g`` and ``g^2``.  Step t is ``w -= lr * mean /
    (sqrt(v / (1 - beta_2^t)) + epsilon)`` with ``mean = u_(t+1) m / (1 - u_1 ... u_(t+1)) + (1 -
    u_t) g / (1 - u_1 ... u_t)``, where the momentum increases as ``u_t = beta_1 (1 - 0.96^t / 2)``,
    as in Keras.

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
    >>> w = np.array([1.0, 1.0])
    >>> optimizers.Nadam(0.25).apply([np.array([100.0, -0.1])], [w])
    >>> w.round(3)
    array([0.734, 1.266])
    """

    rule = "nadam"

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
