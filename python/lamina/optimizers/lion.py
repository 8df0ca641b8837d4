"""Lion."""

from __future__ import annotations

from lamina.optimizers.base import Optimizer
from lamina.optimizers.schedules import LearningRateSchedule


class Lion(Optimizer):
    """Steps of one length along the sign of a momentum (Chen et al. 2023).

    ``w -= lr * sign(beta_1 m + (1 - beta_1) g)``, then ``m = beta_2 m + (1 - beta_2) g``.  Every
    weight moves by the learning rate, which should be three to ten times smaller than Adam's, and
    weight decay as much larger.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    beta_1 : float, default 0.9
        Share of the momentum in the step's sign, above 0 and at most 1.
    beta_2 : float, default 0.99
        Decay of the momentum, in [0, 1).
    weight_decay, clipnorm, clipvalue, global_clipnorm, name
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
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        self.beta_1 = self._number("beta_1", beta_1, low_open=True)
        self.beta_2 = self._number("beta_2", beta_2)
