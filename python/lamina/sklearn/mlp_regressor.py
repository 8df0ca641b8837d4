"""A multilayer perceptron for numbers, with scikit-learn's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina._check import Array
from lamina._scikit import RegressorMixin, available_if, column_or_1d, xlogy
from lamina.many.stated import OutputScore
from lamina.sklearn import mlp_network
from lamina.sklearn.mlp_base import MLPBase, by_steps
from lamina.sklearn.mlp_rows import Rows, determination

if TYPE_CHECKING:
    from lamina._typing import Self

__all__ = ["MLPRegressor"]


class MLPRegressor(RegressorMixin, MLPBase):  # type: ignore[misc, unused-ignore]
    """A multilayer perceptron for numbers, with the parameters and results of scikit-learn's.

    Parameters
    ----------
    loss : str, Loss or callable, default "squared_error"
        "squared_error", half of it summed over the outputs; "poisson", half the deviance of counts,
        whose outputs are exponentials; or one of `lamina.losses`, such as "huber".
    hidden_layer_sizes : int or sequence of int, default (100,)
        The units of each hidden layer; none for a linear model.
    activation : str, callable or sequence of them, default "relu"
        The activation of all hidden layers, or of each: "identity", "logistic", "tanh", "relu", or
        any of `lamina.activations`, such as "gelu".
    solver : {"adam", "sgd", "lbfgs"}, default "adam"
        "lbfgs" uses all rows in each step, and its loss must be smooth: without `dropout`,
        `batch_norm` and `l1`.
    alpha : float, default 0.0001
        Strength of the L2 penalty: ``alpha / 2`` times the squared kernels, divided by the rows of
        a batch (by the sum of their weights), is added to the loss.
    batch_size : int or "auto", default "auto"
        The rows of a step; "auto" is ``min(200, rows)``.  "lbfgs" uses all rows.
    learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
        The schedule of "sgd".  "invscaling" divides `learning_rate_init` by ``t_ ** power_t`` after
        each epoch; "adaptive" divides the rate by 5 where "constant" would stop, and stops at 1e-6.
    learning_rate_init : float, default 0.001
    power_t : float, default 0.5
    max_iter : int, default 200
        The largest number of epochs, or of iterations of "lbfgs".
    shuffle : bool, default True
        Whether each epoch takes the rows in a new order.
    random_state : int, RandomState or None, default None
        Weights, held-out rows and orders are drawn in the same sequence as in scikit-learn.
    tol : float, default 1e-4
        See `n_iter_no_change`; for "lbfgs", the largest element of the gradient at which it stops.
    verbose : bool or int, default False
        Whether to print the loss after each epoch.
    warm_start : bool, default False
        Whether ``fit`` continues from the last fit's weights.
    momentum : float, default 0.9
        The momentum of "sgd", in [0, 1].
    nesterovs_momentum : bool, default True
    early_stopping : bool, default False
        Whether the score on held-out rows decides when to stop, instead of the loss; the weights
        with the best score are kept.
    validation_fraction : float, default 0.1
        The share of the rows that `early_stopping` holds out, unless `validation_data` is given.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
        Settings of "adam".
    n_iter_no_change : int or inf, default 10
        Training stops after more than this many consecutive epochs without an improvement by `tol`.
    max_fun : int, default 15000
        The largest number of evaluations of the loss by "lbfgs".
    dropout : float or sequence of float, default 0.0
        The share of units dropped after all hidden layers, or after each.
    batch_norm : bool, default False
        Whether each hidden layer is normalised over the batch before its activation.
    l1 : float, default 0.0
        Strength of an L1 penalty that leaves true zeros: ``l1`` times the absolute kernels, divided
        by `batch_size`.
    validation_data : tuple (X, y) or (X, y, sample_weight), optional
        Scored after each epoch; `early_stopping` then holds out no rows.
    callbacks : Callback or list of Callback, optional
        Callbacks of `lamina.callbacks`, for "sgd" and "adam"; each fit has its own copies,
        ``callbacks_``.  Their ``model`` is the training model, which has the layers of ``model_``;
        logs have "loss" and, with held-out rows, "val_loss" and "val_score".
    dtype : {"float32", "float64", "mixed_bfloat16"}, optional
        The precision of the network; by default that of `X`, and float64 for integers.  With
        "mixed_bfloat16" it is float32, with products in bfloat16 on CPUs that have them; so it is
        by default for `X` in float32 if ``lamina.config.set_dtype_policy`` has chosen this policy.

    Attributes
    ----------
    model_ : Sequential
        The network, a lamina model.  It is compiled with the estimator's loss, without `alpha`:
        `lamina.models.from_sklearn` returns a copy that has the penalty too.
    coefs_, intercepts_ : list of ndarray
        Kernels and biases of the dense layers: the weights of ``model_`` themselves.  If an entry
        of the list is replaced, the next call uses it.
    loss_, best_loss_ : float
        The loss of the last epoch and the smallest loss; the latter is None with `early_stopping`.
    loss_curve_ : list of float
        The loss of each epoch ("sgd" and "adam").
    validation_scores_, best_validation_score_ : list of float, float
        R² after each epoch, and the best; None if nothing is held out.
    t_ : int
        The number of training rows seen, over all epochs.
    n_iter_, n_layers_, n_outputs_ : int
    out_activation_ : str
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If `X` has column names.

    Raises
    ------
    ValueError, TypeError
        In ``fit``, with scikit-learn's messages.

    Notes
    -----
    With the same `random_state`, the initial weights are those of scikit-learn, and training takes
    the same steps over the same batches, so fits agree with scikit-learn's up to rounding.  The
    differences are:

    - "lbfgs" on several outputs lowers the loss whose gradient it follows; scikit-learn's search
      gets the mean over the outputs together with the gradient of the sum.
    - ``loss_curve_`` is exact if a probability is close to 0; scikit-learn clips it.
    - A step that would make the loss or a weight NaN or infinite is not taken.  The fit then ends
      with ValueError, and the estimator keeps its earlier fit; or, with `early_stopping`, with the
      best weights so far.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.sklearn import MLPRegressor
    >>> x = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> mlp = MLPRegressor(hidden_layer_sizes=10, activation="tanh", solver="lbfgs",
    ...                    random_state=0, max_iter=1000).fit(x, x[:, 0] ** 2)
    >>> bool(mlp.score(x, x[:, 0] ** 2) > 0.99)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **MLPBase._parameter_constraints,
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
        """Train for one epoch, continuing with the current network.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)
        y : array_like of shape (rows,) or (rows, outputs)
        sample_weight : array_like of shape (rows,), optional
            The weight of each row.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, True)

    def _validate_targets(self, y: Array, further: bool, held: bool = False) -> Array:  # noqa: ARG002
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("Some value(s) of y are out of the valid range of the loss 'poisson'.")
        return y

    def _check_loss(self) -> None:
        if mlp_network.is_for_classes(self.loss):
            raise ValueError(
                f"MLPRegressor: loss must be a loss for numbers; got {self.loss!r}, which is for "
                f"classes: see MLPClassifier"
            )

    def _output_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _rows(self, X: Any, Y: Array, weight: Any = None) -> Rows:
        constant = None
        if self.loss == "poisson":  # the term that turns the likelihood into a deviance
            constant = (xlogy(Y, Y) - Y).sum(axis=1)
        return Rows(X, Y, weight, constant, weight)

    def _scorer(self, held: Rows, dtype: str) -> OutputScore:
        return determination(held, dtype)

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
