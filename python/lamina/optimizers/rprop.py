"""Rprop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Rprop(Optimizer):
    """Use only the signs of the gradient (Riedmiller and Braun 1993).

    Each weight has its own step size, initially ``learning_rate``: it grows by ``eta_plus`` if the
    gradient keeps its sign and shrinks by ``eta_minus`` if the sign has changed, and the weight
    then pauses for one step.  For gradients over all rows (``batch_size=None``): the signs for
    small batches are mostly noise.  The rule is that of PyTorch.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.01
        The initial step size; if it is changed, all step sizes change by the same factor.
    eta_minus : float, default 0.5
        In [0, 1).
    eta_plus : float, default 1.2
        At least 1.
    step_min, step_max : float, default 1e-6 and 50
        Bounds of the step sizes.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w, rprop = np.array([1.0]), optimizers.Rprop(0.5)
    >>> for gradient in (0.001, 1000.0):
    ...     rprop.apply([np.array([gradient])], [w])
    >>> w.round(6)
    array([-0.1])
    """

    rule = "rprop"

    def __init__(
        self,
        learning_rate: RateLike = 0.01,
        eta_minus: float = 0.5,
        eta_plus: float = 1.2,
        step_min: float = 1e-6,
        step_max: float = 50.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.eta_minus = self._number("eta_minus", eta_minus)
        self.eta_plus = self._number("eta_plus", eta_plus)
        self.step_min = self._number("step_min", step_min)
        self.step_max = self._number("step_max", step_max)
