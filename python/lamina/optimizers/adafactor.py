"""Adafactor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.optimizers.base import Optimizer

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import Options, RateLike


class Adafactor(Optimizer):
    """Keep the squares of a matrix's gradient by row and by column (Shazeer and Stern 2018).

    ``v_ij = r_i c_j / mean(r)``, where ``r`` and ``c`` are running means of the squares' means
    along the last two axes, of decay ``1 - t^beta_2_decay`` in step t (a vector keeps ``v``
    itself); ``u = g / sqrt(v)`` and ``w -= max(epsilon_2, rms(w)) min(lr, 1 / sqrt(t)) u / max(1,
    rms(u) / clip_threshold)``.  The state of a matrix is one row and one column.  See
    https://arxiv.org/abs/1804.04235.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Upper bound of the relative step size.
    beta_2_decay : float, default -0.8
        At most 0.
    epsilon_1 : float, default 1e-30
        Added to the squares; above 0.
    epsilon_2 : float, default 1e-3
        Lower bound of the size of a weight to which steps are relative, at least 0.
    clip_threshold : float, default 1.0
        Upper bound of the root mean square of ``u``; above 0.
    relative_step : bool, default True
        Has no effect, as in Keras: the rate is always at most ``1 / sqrt(t)``.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.ones((2, 2))
    >>> optimizers.Adafactor(learning_rate=0.5).apply([np.full((2, 2), 3.0)], [w])
    >>> w
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """

    rule = "adafactor"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_2_decay = self._number("beta_2_decay", beta_2_decay)
        self.epsilon_1 = self._number("epsilon_1", epsilon_1, low_open=True)
        self.epsilon_2 = self._number("epsilon_2", epsilon_2)
        self.clip_threshold = self._number("clip_threshold", clip_threshold, low_open=True)
        self.relative_step = self._flag("relative_step", relative_step)
