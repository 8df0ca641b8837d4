"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._check import number
from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, OptionsWithoutDecay, RateLike


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980).

    ``m = beta_1 m + (1 - beta_1) g``, ``v = beta_2 v + (1 - beta_2) g^2`` and
    ``w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)`` in step t.  As in
    Keras this is the paper's "epsilon hat": PyTorch adds its epsilon after the correction of v.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the two running means, in [0, 1).
    epsilon : float, default 1e-7
        Prevents division by 0; above 0.
    amsgrad : bool, default False
        Use the largest v so far (Reddi et al. 2018).
    weight_decay : float, optional
        Decoupled weight decay, none by default.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0, 1.0])
    >>> optimizers.Adam(learning_rate=0.25).apply([np.array([100.0, -0.1])], [w])
    >>> w.round(3)
    array([0.75, 1.25])
    """

    rule = "adam"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = self._number("beta_1", beta_1)
        self.beta_2 = self._number("beta_2", beta_2)
        self.epsilon = self._number("epsilon", epsilon, low_open=True)
        self.amsgrad = self._flag("amsgrad", amsgrad)


class AdamW(Adam):
    """Adam with decoupled weight decay: ``w -= lr * weight_decay * w``.

    Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101.  Arguments as in `Adam`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    weight_decay : float, default 0.004
        Decoupled weight decay, at least 0.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the two running means, in [0, 1).
    epsilon : float, default 1e-7
        Prevents division by 0; above 0.
    amsgrad : bool, default False
        Use the largest v so far (Reddi et al. 2018).
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0, 1.0])
    >>> optimizers.AdamW(learning_rate=0.25, weight_decay=0.1).apply([np.array([100.0, -0.1])], [w])
    >>> w.round(3)
    array([0.725, 1.225])
    """

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptionsWithoutDecay],
    ) -> None:
        decay = number(type(self).__name__, "weight_decay", weight_decay, low=0.0)
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=decay, **options
        )
