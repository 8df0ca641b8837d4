"""Code shared by the classifier and the regressor: parameters, fitting, the network's weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina._kept_fits import kept_on_error, trained_on_success
from lamina._label_values import plain_labels
from lamina._scikit import (
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    issparse,
    safe_indexing,
    train_test_split,
    validate_data,
)
from lamina.many.stated import OutputScore
from lamina.sklearn import mlp_lbfgs, mlp_network, mlp_steps
from lamina.sklearn._data import plain_weights
from lamina.sklearn.mlp_holding import HoldsNetwork, of_layers
from lamina.sklearn.mlp_parameters import STOCHASTIC
from lamina.sklearn.mlp_rows import Rows

if TYPE_CHECKING:
    from lamina._typing import Self


def by_steps(mlp: MLPBase) -> bool:
    """Return whether the solver works step by step; ``partial_fit`` is available only then."""
    if mlp.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {mlp.solver} is not "
            f"stochastic."
        )
    return True


class MLPBase(HoldsNetwork):
    """A multilayer perceptron; subclasses define the targets and the meaning of outputs."""

    n_features_in_: int
    n_outputs_: int
    loss_: float

    # --- defined by subclasses

    def _validate_targets(self, y: Array, further: bool, held: bool = False) -> Array:
        """Return targets as an array, and learn their kind unless this is a further fit.

        Targets that are ``held`` out need not have all classes.
        """
        raise NotImplementedError

    def _rows(self, X: Any, Y: Array, *weights: Any) -> Rows:
        """Return rows in the form that the network takes."""
        raise NotImplementedError

    def _scorer(self, held: Rows, dtype: str) -> OutputScore:
        """Return the function that scores the network's outputs of ``dtype`` for rows held out."""
        raise NotImplementedError

    def _check_loss(self) -> None:
        """Refuse losses of targets of the other kind."""
        raise NotImplementedError

    def _form_of_targets(self) -> object:
        """Return what the arrays of targets depend on, besides the targets and a loss's name."""
        return None

    def _has_all_targets(self, Y: Array) -> bool:  # noqa: ARG002
        """Return whether a fit to some of the rows would interpret their targets alike."""
        return True

    # --- fit

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)
        y : array_like of shape (rows,) or (rows, outputs)
        sample_weight : array_like of shape (rows,), optional
            The weight of each row.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Replaces the parameter of that name.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, False, validation_data)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, incremental: bool, validation_data: Any = None
    ) -> Self:
        """Start a new fit, or continue the last one; if it fails, the earlier fit stays."""
        continued = hasattr(self, "coefs_") and (self.warm_start or incremental)
        trainer = getattr(self, "_trainer", None) if continued else None
        with kept_on_error(self), trained_on_success(trainer):
            self._fit_anew(X, y, sample_weight, incremental, validation_data)
        return self

    def _fit_anew(
        self, X: Any, y: Any, sample_weight: Any, incremental: bool, validation_data: Any
    ) -> None:
        held = self.validation_data if validation_data is None else validation_data
        if not (incremental and hasattr(self, "coefs_")):  # there may be very many partial fits
            self._check_settings(held)
        hidden = self._hidden_sizes()
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, Y, weight = self._validate(X, y, sample_weight, first, self.warm_start or incremental)
        if X.dtype == np.float32:
            self._check_products()
        self.n_outputs_ = Y.shape[1]
        self._random_state = check_random_state(self.random_state)
        if first:
            self._begin([X.shape[1], *hidden, Y.shape[1]], X.dtype.name)
        else:
            self._take_up([X.shape[1], *hidden, Y.shape[1]], X.dtype.name)
        if self.solver == "lbfgs":
            mlp_lbfgs.train(self, self._rows(X, Y, weight))
        else:
            rows, held_out = self._parts(X, Y, weight, incremental, held)
            mlp_steps.train(self, rows, held_out, incremental)
        self._show_weights()
        if not all(np.isfinite(w).all() for w in (*self.coefs_, *self.intercepts_)):
            raise ValueError(mlp_network.NOT_FINITE)

    def _check_settings(self, held: Any) -> None:
        self._validate_params()
        _check.integer(type(self).__name__, "max_iter", self.max_iter)  # not a bool
        if self.dtype is not None:
            self._check_products()
        laws = of_layers("activation", self.activation, len(self._hidden_sizes()))
        mlp_network.check(laws, self.loss)
        self._check_loss()
        if self.solver == "lbfgs":
            mlp_lbfgs.check(self, held)
        if held is not None and not 2 <= len(held) <= 3:
            raise ValueError(
                f"validation_data must be (X, y) or (X, y, sample_weight); got {len(held)} values"
            )

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if not all(isinstance(size, Integral) for size in sizes):
            raise TypeError(
                f"hidden_layer_sizes must be an integer, or one for each hidden layer; got {sizes}."
            )
        if np.any(np.array(sizes) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return [int(size) for size in sizes]

    def _validate(
        self, X: Any, y: Any, sample_weight: Any, first: bool, further: bool, held: bool = False
    ) -> tuple[Any, Array, Any]:
        dtype: Any = (np.float64, np.float32)
        if self.dtype is not None:
            dtype = np.dtype(np.float32 if self._is_mixed() else self.dtype)
        y = plain_labels(y, "number" if self._numbers else "label")
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=dtype,
            y_numeric=self._numbers, reset=first,
        )  # fmt: skip
        if sample_weight is not None:
            sample_weight = check_sample_weight(
                plain_weights(type(self).__name__, sample_weight), X
            )
        Y = self._validate_targets(y, further, held)
        return X, Y.reshape(len(Y), -1), sample_weight

    _numbers: ClassVar[bool] = False  # whether targets are numbers

    def _parts(
        self, X: Any, Y: Array, weight: Any, incremental: bool, given: Any
    ) -> tuple[Rows, Rows | None]:
        """Return the rows to train on, and those that are held out for scores."""
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if given is not None and not incremental:
            return self._rows(X, Y, weight), self._held_rows(given)
        if not self.early_stopping:
            return self._rows(X, Y, weight), None
        arrays = [X, Y] if weight is None else [X, Y, weight]
        trained, held = self._split(Y)
        return (
            self._rows(*(safe_indexing(each, trained) for each in arrays)),
            self._rows(*(safe_indexing(each, held) for each in arrays)),
        )

    def _split(self, Y: Array) -> tuple[Array, Array]:
        """Return which rows `early_stopping` trains on, and which it holds out."""
        trained, held = train_test_split(
            np.arange(len(Y)),
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=Y if self._stratifies() else None,
        )
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        return trained, held

    def _stratifies(self) -> bool:
        return False

    def _held_rows(self, given: Any) -> Rows:
        X, y, weight = (*given, None) if len(given) == 2 else given
        return self._rows(*self._validate(X, y, weight, False, True, held=True))

    def fit_together(
        self,
        estimators: Sequence[MLPBase],
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        rows: Sequence[Array],
        held_out: Sequence[tuple[Array, Any]],
        done: Callable[[int, Any, float], object],
        n_jobs: int | None = None,
    ) -> None:
        """Fit many estimators of this kind in parallel, each to some of the rows.

        Each result has the bits of the estimator's own ``fit`` to these rows, except for the
        optimizer's state: ``partial_fit`` starts with a new one.  The fits run in C++, without the
        interpreter; the searches of ``lamina.model_selection`` use them.

        Parameters
        ----------
        estimators : sequence of estimators
            Estimators before a fit; they do not change, and the same one may occur repeatedly.
        X, y, sample_weight : object
            All rows, in the form that ``fit`` takes.
        rows : sequence of ndarray of int64
            The rows to which each is fitted.
        held_out : sequence of tuple (ndarray of int64, object)
            The rows that ``done`` will let each predict: row numbers, and these rows taken from
            ``X``.  For this same object a fitted copy already knows its predictions.
        done : callable
            Called as ``done(place, fitted, seconds)`` while others still run: the place of the
            estimator in the list, a fitted copy, and the time of the fit.  The copy is fast to use
            only within this call, for which the network is lent to it.  Instead of a copy it may be
            the exception that preparing the fit raised, which the estimator's own ``fit`` raises
            too.  Estimators for which it is not called have to be fitted separately, such as those
            that call back into Python or diverge.
        n_jobs : int, optional
            The number of simultaneous fits, as in ``lamina.fit_many``.
        """
        from lamina.sklearn.mlp_together import fit_together

        fit_together(estimators, (X, y, sample_weight), rows, held_out, done, n_jobs)

    # --- outputs

    def _outputs(self, X: Any) -> Array:
        """Return the network's outputs, of shape (rows, outputs)."""
        if (known := self._known_outputs(X)) is not None:
            return known
        if "model_" not in self.__dict__ and "_trained" not in self.__dict__:
            check_is_fitted(self)
        model = self.model_
        if (trained := self.__dict__.get("_trained")) is not None:
            trained.follow()
        self._put_replaced()
        plain = (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype == model.dtype
            and X.shape[1] == self.n_features_in_
            and len(X) > 0
            and "feature_names_in_" not in self.__dict__
        )
        if plain:
            try:
                return np.asarray(model.predict(X))
            except ValueError:  # NaN or infinity, which scikit-learn reports
                pass
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        if not issparse(X):
            X = X.astype(model.dtype, copy=False)
        return np.asarray(model.predict(X))

    def __sklearn_tags__(self) -> Any:
        """Return the estimator's tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
