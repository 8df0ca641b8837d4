"""A multilayer perceptron for numbers, with scikit-learn's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina._check import Array
from lamina.sklearn._scikit import RegressorMixin, available_if, column_or_1d, xlogy
from lamina.sklearn.mlp_base import MLPBase, by_steps
from lamina.sklearn.mlp_rows import Rows, determination

if TYPE_CHECKING:
    from lamina._typing import Self

__all__ = ["MLPRegressor"]


class MLPRegressor(RegressorMixin, MLPBase):  # type: ignore[misc, unused-ignore]
    """."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **MLPBase._parameter_constraints,
        "loss": [object],
    }
    _numbers = True

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: Any = 0.0,
        batch_norm: bool = False,
        l1: float = 0.0,
        validation_data: Any = None,
        callbacks: Any = None,
        dtype: Any = None,
    ) -> None:
        self._keep(locals())

    @available_if(by_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, going on from where the network stands.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)
        y : array_like of shape (rows,) or (rows, outputs)
        sample_weight : array_like of shape (rows,), optional
            What each row counts.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, True)

    def _validate_targets(self, y: Array, incremental: bool, first: bool) -> Array:  # noqa: ARG002
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("Some value(s) of y are out of the valid range of the loss 'poisson'.")
        return y

    def _output_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _rows(self, X: Any, Y: Array, weight: Any = None) -> Rows:
        constant = None
        if self.loss == "poisson":  # what makes a deviance of the likelihood
            constant = (xlogy(Y, Y) - Y).sum(axis=1)
        return Rows(X, Y, weight, constant, weight)

    def _score_of(self, held: Rows) -> float:
        return determination(self.model_.predict(held.x), held)

    def predict(self, X: Any) -> Array:
        """Return the outputs for each row.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)

        Returns
        -------
        ndarray of shape (rows,) or (rows, outputs)
        """
        outputs = self._outputs(X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs
