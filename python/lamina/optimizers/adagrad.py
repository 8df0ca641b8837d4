"""Adagrad."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Adagrad(Optimizer):
    """Divide the gradient by the root of the sum of all its squares (Duchi et al. 2011).

    ``a = a + g^2`` and ``w -= lr * g / sqrt(a + epsilon)``: weights whose gradients have been small
    or rare, such as those of rare words, take larger steps.  Steps decrease continually.  As in
    Keras, epsilon is inside the root and the initial sum is positive.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    initial_accumulator_value : float, default 0.1
        The sum of squares before the first step, at least 0.
    epsilon : float, default 1e-7
        Prevents division by 0; above 0.
    **options
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
        learning_rate: RateLike = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = self._number(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
