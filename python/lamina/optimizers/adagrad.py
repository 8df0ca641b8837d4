"""Adagrad."""

from __future__ import annotations

from lamina.optimizers.base import Optimizer
from lamina.optimizers.schedules import LearningRateSchedule


class Adagrad(Optimizer):
    """Divide the gradient by the root of the sum of all its squares (Duchi et al. 2011).

    ``a = a + g^2`` and ``w -= lr * g / sqrt(a + epsilon)``: weights whose gradients were small or
    rare, as those of rare words, take larger steps.  Steps become ever smaller.  As in Keras,
    epsilon sits inside the root and the sum begins above 0.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    initial_accumulator_value : float, default 0.1
        The sum of squares before the first step, at least 0.
    epsilon : float, default 1e-7
        Keeps the root away from 0; above 0.
    weight_decay, clipnorm, clipvalue, global_clipnorm, name
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0])
    >>> optimizers.Adagrad(1.0, initial_accumulator_value=9.0).apply([np.array([4.0])], [w])
    >>> w.round(6)
    array([0.2])
    """

    rule = "adagrad"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
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
        self.initial_accumulator_value = self._number(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
