"""Lion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Lion(Optimizer):
    """Steps of constant length along the sign of a momentum (Chen et al. 2023).

    ``w -= lr * sign(beta_1 m + (1 - beta_1) g)``, then ``m = beta_2 m + (1 - beta_2) g``.  Every
    weight changes by the learning rate, which should be three to ten times smaller than Adam's,
    with weight decay larger by the same factor.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    beta_1 : float, default 0.9
        Weight of the momentum in the sign of the step, above 0 and at most 1.
    beta_2 : float, default 0.99
        Decay of the momentum, in [0, 1).
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0, 1.0, 1.0])
    >>> optimizers.Lion(0.25).apply([np.array([100.0, -0.1, 0.0])], [w])
    >>> w
    array([0.75, 1.25, 1.  ])
    """

    rule = "lion"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = self._number("beta_1", beta_1, low_open=True)
        self.beta_2 = self._number("beta_2", beta_2)
