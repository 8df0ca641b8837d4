"""Adadelta."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Adadelta(Optimizer):
    """Steps in the units of the weights (Zeiler 2012, https://arxiv.org/abs/1212.5701).

    ``a = rho a + (1 - rho) g^2``, ``delta = sqrt(d + epsilon) / sqrt(a + epsilon) * g``,
    ``d = rho d + (1 - rho) delta^2`` and ``w -= lr * delta``.  The paper has no learning rate,
    which corresponds to ``learning_rate=1.0``; the default here is Keras's.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    rho : float, default 0.95
        Decay of the two running means, in [0, 1).
    epsilon : float, default 1e-7
        Prevents division by 0, and determines the length of the first steps; above 0.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0])
    >>> optimizers.Adadelta(1.0, rho=0.75, epsilon=1.0).apply([np.array([2.0])], [w])
    >>> w.round(3)
    array([-0.414])
    """

    rule = "adadelta"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = self._number("rho", rho)
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
