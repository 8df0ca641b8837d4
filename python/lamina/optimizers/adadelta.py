"""Adadelta."""

from __future__ import annotations

from lamina.optimizers.base import Optimizer
from lamina.optimizers.schedules import LearningRateSchedule


class Adadelta(Optimizer):
    """Steps in the weights' own units (Zeiler 2012, https://arxiv.org/abs/1212.5701).

    ``a = rho a + (1 - rho) g^2``, ``delta = sqrt(d + epsilon) / sqrt(a + epsilon) * g``,
    ``d = rho d + (1 - rho) delta^2`` and ``w -= lr * delta``.  The paper has no learning rate:
    that is ``learning_rate=1.0``; Keras's default is kept.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    rho : float, default 0.95
        Decay of the two running means, in [0, 1).
    epsilon : float, default 1e-7
        Keeps the roots away from 0, and sets the length of the first steps; above 0.
    weight_decay, clipnorm, clipvalue, global_clipnorm, name
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
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
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
        self.rho = self._number("rho", rho)
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
