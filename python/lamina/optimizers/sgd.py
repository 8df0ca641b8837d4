"""Gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class SGD(Optimizer):
    """Gradient descent ``w -= lr * g``, optionally with momentum.

    With momentum, ``v = momentum * v - lr * g`` and ``w += v``; with Nesterov's,
    ``w += momentum * v - lr * g`` (Sutskever et al. 2013).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.01
        Step size.
    momentum : float, default 0.0
        In [0, 1].
    nesterov : bool, default False
        Use Nesterov's momentum.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0])
    >>> optimizers.SGD(learning_rate=0.5).apply([np.array([1.0])], [w])
    >>> w
    array([0.5])
    """

    rule = "sgd"

    def __init__(
        self,
        learning_rate: RateLike = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = self._number("momentum", momentum)
        self.nesterov = self._flag("nesterov", nesterov)
