"""A regressor around any model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina._scikit import RegressorMixin, column_or_1d, r2_score
from lamina.models import Model
from lamina.sklearn._base import NeuralNet

if TYPE_CHECKING:
    from lamina._typing import CallbacksLike, LossesLike, MetricsLike, OptimizerLike, Self

__all__ = ["NeuralNetRegressor"]


class NeuralNetRegressor(RegressorMixin, NeuralNet):  # type: ignore[misc, unused-ignore]
    """A scikit-learn regressor around any model.

    Parameters
    ----------
    model : Model or callable
        A model, compiled or not: each fit trains a copy with new weights, in which layers that do
        not train keep their values (frozen layers their weights, normalisations their statistics).
        Or a function ``build(**parameters)`` that returns a model.  It gets the following values if
        it has parameters of these names: ``n_features_in_``, ``n_outputs_`` (1, or the columns of
        `y`), ``feature_names_in_``, ``X_shape_``, ``X_dtype_``, ``y_dtype_``, ``y_ndim_``,
        ``target_type_``; ``meta``, a dict of these; and ``X`` and ``y``, the rows of the fit, to
        which layers can be adapted.
    optimizer : str, Optimizer or class, optional
        By default the optimizer with which the model was compiled, or "adam".
    loss : str, Loss, class or callable, optional
        By default the loss with which the model was compiled, or "mse".
    metrics : list, optional
        Reported in ``history_`` along with the loss.
    learning_rate : float, optional
        By default the optimizer's.
    epochs : int, default 10
        Passes over the rows in a fit.
    batch_size : int or "all", optional
        Rows in a step, 32 by default; "all" takes all rows at once.
    validation_split : float, default 0.0
        Share of the rows that are held out of a fit, for ``val_loss`` and callbacks.
    callbacks : Callback or list of Callback, optional
        Such as ``EarlyStopping``; each fit has copies of them, ``callbacks_``.
    verbose : {0, 1, 2, "auto"}, default 0
    random_state : int, RandomState or None, default None
        Fixes weights, shuffles, splits and dropout.  With an int every fit gives the same bits;
        None draws a seed from NumPy's global generator, as elsewhere in scikit-learn.
    warm_start : bool, default False
        Whether ``fit`` continues from the last fit instead of starting again.
    shuffle : bool, default True
        Whether each epoch takes the rows in a new order.
    **model__parameters
        Parameters of the estimator's components: ``model__units=8`` is an argument of the function
        that builds the model, ``optimizer__momentum=0.9`` and ``loss__delta=2.0`` change settings
        of the optimizer and the loss, and ``fit__time_ordered=True`` is an argument of
        ``Model.fit``.  Searches can set them.

    Attributes
    ----------
    model_ : Model
        The model of the last fit, with all methods of models: ``inference(X, y)``, ``calibrate``
        and ``predict(X, interval=0.9)``, ``save``.
    history_ : dict of str to list of float
        The loss and metrics of each epoch since the fit that made the model.
    n_iter_ : int
        The number of epochs since that fit.
    callbacks_ : list of Callback
    n_features_in_ : int
        The number of columns, or the length of the first axis of a row of images or series.
    feature_names_in_ : ndarray of str
        If `X` was a table.
    n_outputs_ : int

    See Also
    --------
    lamina.sklearn.NeuralNetClassifier : The same for labels.

    Notes
    -----
    Sample weights are scaled to a mean of 1, and rows of weight 0 are left out: a row of weight 2
    counts like two copies of the row.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.layers import Dense
    >>> from lamina.sklearn import NeuralNetRegressor
    >>> def build(n_features_in_, n_outputs_, units=8):
    ...     return lamina.Sequential([lamina.Input((n_features_in_,)), Dense(units, "relu"),
    ...                               Dense(n_outputs_)])
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = x @ [1.0, -2.0, 0.5]
    >>> net = NeuralNetRegressor(build, learning_rate=0.02, epochs=30, model__units=16,
    ...                          random_state=0).fit(x, y)
    >>> net.predict(x).shape, net.n_iter_, net.score(x, y) > 0.98
    ((200,), 30, True)
    """

    _numbers = True

    def __init__(
        self,
        model: Model | Callable[..., Model],
        *,
        optimizer: OptimizerLike | None = None,
        loss: LossesLike | None = None,
        metrics: MetricsLike = None,
        learning_rate: float | None = None,
        epochs: int = 10,
        batch_size: int | str | None = None,
        validation_split: float = 0.0,
        callbacks: CallbacksLike = None,
        verbose: int | str = 0,
        random_state: Any = None,
        warm_start: bool = False,
        shuffle: bool = True,
        **model__parameters: Any,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state
        self.warm_start = warm_start
        self.shuffle = shuffle
        self._keep(model__parameters)

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> Self:
        """Train, from new weights unless ``warm_start`` is set.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)
            Numbers: images and series have more axes; tables of pandas and polars may have columns
            of bools and of nullable types.  Sparse rows are made dense in parts.  A model of named
            columns (``lamina.tables.TableModel``) reads tables as they are; a model with string
            inputs reads texts, a list of str.
        y : array_like of shape (rows,), (rows, outputs) or (rows, ...)
            Images and series may be targets too.
        sample_weight : array_like of shape (rows,), optional
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Used instead of a split.

        Returns
        -------
        NeuralNetRegressor
            The estimator itself.

        Raises
        ------
        ValueError, TypeError
            For data, parameters or labels that do not fit.
        TrainingDiverged
            If the loss becomes NaN or infinite.  As after any error, the estimator keeps its
            earlier fit.
        """
        warm = _check.boolean(type(self).__name__, "warm_start", self.warm_start)
        further = warm and hasattr(self, "model_")
        return self._fit(
            X, y, sample_weight, further=further, epochs=self.epochs,
            validation_data=validation_data,
        )  # fmt: skip

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, continuing the last fit or partial fit.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As for ``fit``; columns and outputs must be those of the first call.

        Returns
        -------
        NeuralNetRegressor
            The estimator itself.
        """
        return self._fit(
            X, y, sample_weight, further=hasattr(self, "model_"), epochs=1, whole=False
        )

    def predict(self, X: Any) -> Array:
        """Return predictions.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)

        Returns
        -------
        ndarray of shape (rows,), (rows, outputs) or (rows, ...), float64
        """
        found = [np.asarray(each, np.float64) for each in self._outputs(X)]
        whole = found[0] if len(found) == 1 else np.concatenate(found, axis=1)
        return whole.reshape(len(whole), *self._target_shape)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the share of the variance that the predictions explain.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As for ``fit``.

        Returns
        -------
        float
            The mean over several outputs; for images and series as targets, the mean over all their
            values, weighted by their variances.
        """
        if len(self._target_shape) <= 1:
            return float(super().score(X, y, sample_weight))
        given, found = (each.reshape(len(each), -1) for each in (np.asarray(y), self.predict(X)))
        return float(
            r2_score(given, found, sample_weight=sample_weight, multioutput="variance_weighted")
        )

    # --- targets

    def _know(self, y: Array, classes: Any) -> Array:  # noqa: ARG002
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._target_shape = y.shape[1:]
        self.n_outputs_ = int(y.shape[-1]) if y.ndim > 1 else 1
        self.target_type_ = "continuous" if y.ndim == 1 else "continuous-multioutput"
        return y

    def _check_known(self, y: Array, classes: Any, whole: bool) -> Array:  # noqa: ARG002
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if y.shape[1:] != self._target_shape:
            sizes = ", ".join(map(str, ("rows", *self._target_shape)))
            raise ValueError(f"y must have shape ({sizes}) as before; got {y.shape}")
        return y

    def _targets(self, y: Array) -> Any:
        if len(self._shapes) == 1:
            return y
        if y.ndim != 2:
            raise ValueError(
                f"{type(self).__name__}: a model of {len(self._shapes)} outputs needs y of shape "
                f"(rows, columns); got {y.shape}"
            )
        widths = [shape[-1] if shape else 1 for shape in self._shapes]
        if sum(widths) != y.shape[1]:
            raise ValueError(
                f"{type(self).__name__}: the model's outputs have {widths} units; y has "
                f"{y.shape[1]} columns"
            )
        return np.split(y, np.cumsum(widths)[:-1], axis=1)

    def _default_loss(self, model: Any, shapes: Any, rows: Any) -> Any:  # noqa: ARG002
        return "mse"
