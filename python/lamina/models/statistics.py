"""The doors of models to statistics: thin methods; the rooms behind them use public API alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check
from lamina._calls import answering_calls

if TYPE_CHECKING:
    from lamina._typing import Data
    from lamina.models.loss_function import LossFunction


class Statistics:
    """What ``Model`` has for statisticians."""

    @answering_calls
    def loss_function(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        dtype: str = "float64",
    ) -> LossFunction:
        """Return the loss over these rows as a function of one vector of weights.

        For second derivatives, the derivatives of each row, and optimizers of your own, such as
        those of SciPy.

        Parameters
        ----------
        x, y, sample_weight
            As for ``evaluate``, all in memory.
        dtype : {"float64", "float32"}, default "float64"
            In which it is computed; a model of a class of your own keeps its type.

        Returns
        -------
        LossFunction
            Over a copy of the model.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> x = np.linspace(-1, 1, 20)[:, None]
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> f = model.loss_function(x, 2 * x + 1)
        >>> theta = f.weights - np.linalg.solve(f.hessian(), f.gradient())  # a step of Newton's
        >>> f.unpacked(theta)["dense/kernel"].round(6)
        array([[2.]])
        """
        from lamina.models.loss_function import LossFunction

        return LossFunction(self, x, y, sample_weight, dtype)
