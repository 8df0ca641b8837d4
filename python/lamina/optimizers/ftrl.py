"""Follow the regularized leader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013), with weights that are exactly 0.

    With ``n' = n + g^2`` and ``q = -learning_rate_power``,
    ``z += g + 2 l2_shrinkage w - (n'^q - n^q) / lr * w``, and each weight becomes
    ``(clip(z, -l1, l1) - z) / ((n'^q + beta) / lr + 2 l2)``: 0 where ``|z| <= l1``.  Intended for
    linear models with many rare features.  With a learning rate of 0 nothing changes.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    learning_rate_power : float, default -0.5
        How fast the steps decrease as gradients accumulate; at most 0, which keeps them constant.
    initial_accumulator_value : float, default 0.1
        The sum n of squares before the first step, at least 0.
    l1_regularization_strength, l2_regularization_strength : float, default 0.0
        l1 and l2, at least 0.
    l2_shrinkage_regularization_strength : float, default 0.0
        An L2 penalty on the current weights, at least 0.
    beta : float, default 0.0
        Beta in the paper, at least 0.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([0.0, 0.0])
    >>> optimizer = optimizers.Ftrl(1.0, initial_accumulator_value=0.0)
    >>> optimizer.l1_regularization_strength = 5.0
    >>> optimizer.apply([np.array([4.0, 8.0])], [w])
    >>> w.round(3)
    array([ 0.   , -0.375])
    """

    rule = "ftrl"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.learning_rate_power = self._number("learning_rate_power", learning_rate_power)
        self.initial_accumulator_value = self._number(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.l1_regularization_strength = self._number(
            "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = self._number(
            "l2_regularization_strength", l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = self._number(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = self._number("beta", beta)
