"""RMSprop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class RMSprop(Optimizer):
    """Divide the gradient by its running root mean square (Tieleman and Hinton 2012).

    ``s = rho * s + (1 - rho) * g^2`` and ``w -= lr * g / sqrt(s + epsilon)``; `centered`
    subtracts the square of a running mean of g from s, and momentum accumulates the steps:
    ``m = momentum * m + step; w -= m``.  Epsilon is inside the root, as in Keras (in PyTorch it is
    outside).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    rho : float, default 0.9
        Decay of the running means, in [0, 1).
    momentum : float, default 0.0
        In [0, 1].
    epsilon : float, default 1e-7
        Prevents division by 0; above 0.
    centered : bool, default False
        Divide by the running standard deviation instead.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0, 1.0])
    >>> optimizers.RMSprop(learning_rate=0.1).apply([np.array([100.0, -0.1])], [w])
    >>> w.round(3)
    array([0.684, 1.316])
    """

    rule = "rmsprop"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = self._number("rho", rho)
        self.momentum = self._number("momentum", momentum)
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
        self.centered = self._flag("centered", centered)
