"""What the classifier and the regressor share: parameters, fitting, the network's weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina._check import Array
from lamina.many import OutputScore
from lamina.models import Sequential
from lamina.sklearn import mlp_lbfgs, mlp_network, mlp_steps
from lamina.sklearn._data import plain_labels
from lamina.sklearn._scikit import (
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    issparse,
    safe_indexing,
    train_test_split,
    validate_data,
)
from lamina.sklearn.mlp_parameters import STOCHASTIC, MLPParameters
from lamina.sklearn.mlp_rows import Rows

if TYPE_CHECKING:
    from lamina._typing import Self


def by_steps(mlp: MLPBase) -> bool:
    """Return whether the solver goes step by step; what has ``partial_fit`` asks."""
    if mlp.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {mlp.solver} is not "
            f"stochastic."
        )
    return True


class MLPBase(MLPParameters):
    """A multilayer perceptron; a subclass says what targets are, and what outputs mean."""

    coefs_: list[Array]
    intercepts_: list[Array]
    n_features_in_: int
    n_outputs_: int
    n_layers_: int
    n_iter_: int
    t_: int
    out_activation_: str
    loss_: float
    loss_curve_: list[float]
    best_loss_: Any
    validation_scores_: Any
    best_validation_score_: Any
    _held: tuple[list[Array], list[Array]]
    _no_improvement_count: int
    _random_state: Any

    # --- what a subclass says

    def _validate_targets(self, y: Array, further: bool, held: bool = False) -> Array:
        """Return targets as an array, and learn what they are unless this is a further fit.

        Those that are ``held`` out need not have all classes.
        """
        raise NotImplementedError

    def _output_activation(self) -> str:
        raise NotImplementedError

    def _rows(self, X: Any, Y: Array, *weights: Any) -> Rows:
        """Return rows as the network takes them."""
        raise NotImplementedError

    def _scorer(self, held: Rows, dtype: str) -> OutputScore:
        """Return what scores the network's outputs of ``dtype`` for rows held out."""
        raise NotImplementedError

    def _has_all_targets(self, Y: Array) -> bool:  # noqa: ARG002
        """Return whether a fit to some of the rows would read their targets in the same way."""
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
            What each row counts.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            In place of the parameter of that name.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, False, validation_data)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, incremental: bool, validation_data: Any = None
    ) -> Self:
        held = self.validation_data if validation_data is None else validation_data
        if not (incremental and hasattr(self, "coefs_")):  # of which there may be very many
            self._check_settings(held)
        hidden = self._hidden_sizes()
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, Y, weight = self._validate(X, y, sample_weight, first, self.warm_start or incremental)
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
        return self

    def _check_settings(self, held: Any) -> None:
        self._validate_params()
        laws = _of_layers("activation", self.activation, len(self._hidden_sizes()))
        mlp_network.check(laws, self.loss)
        if self.solver == "lbfgs":
            mlp_lbfgs.check(self)
        if held is not None and not 2 <= len(held) <= 3:
            raise ValueError(
                f"validation_data must be (X, y) or (X, y, sample_weight); got {len(held)} values"
            )

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if np.any(np.array(sizes) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return [int(size) for size in sizes]

    def _validate(
        self, X: Any, y: Any, sample_weight: Any, first: bool, further: bool, held: bool = False
    ) -> tuple[Any, Array, Any]:
        dtype = (np.float64, np.float32) if self.dtype is None else np.dtype(self.dtype)
        X, y = validate_data(
            self, X, plain_labels(y), accept_sparse=["csr", "csc"], multi_output=True, dtype=dtype,
            y_numeric=self._numbers, reset=first,
        )  # fmt: skip
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
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
        done: Callable[[int, Any, float], object],
        n_jobs: int | None = None,
    ) -> None:
        """Fit many estimators of this kind, each to some of the rows, side by side.

        Each becomes what its ``fit`` to these rows makes of it, to the bit, but for the optimizer's
        state: ``partial_fit`` begins with a new one.  The fits run in C++, without the interpreter:
        ``lamina.model_selection`` searches by them.

        Parameters
        ----------
        estimators : sequence of estimators
            As they are before a fit; they stay so, and may be the same ones.
        X, y, sample_weight : object
            As ``fit`` takes them: all rows.
        rows : sequence of ndarray of int64
            What each is fitted to.
        done : callable
            Called as ``done(place, fitted, seconds)`` while others still run: which of them it is,
            a fitted copy, and how long the fit took.  A copy is fast to use within the call alone:
            the network is lent to it.  In the place of a copy it may be what preparing the fit has
            raised, which its own ``fit`` must raise too.  Those that it is not called for have to
            be fitted by themselves, such as those that call back into Python, or that diverge.
        n_jobs : int, optional
            Fits at a time, as in ``lamina.fit_many``.
        """
        from lamina.sklearn.mlp_together import fit_together

        fit_together(estimators, (X, y, sample_weight), rows, done, n_jobs)

    # --- the network

    def _begin(self, units: list[int], dtype: str) -> None:
        """Make a new network, with weights as scikit-learn draws them."""
        plan, drawn = self._drawn(units, dtype)
        self._make(plan)
        mlp_network.put_weights(self._trainer, drawn)
        self._show_weights()

    def _drawn(
        self, units: list[int], dtype: str
    ) -> tuple[mlp_network.Plan, list[tuple[Array, Array]]]:
        """Begin anew: returns what the network is made of, and its first kernels and biases."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        self.out_activation_ = self._output_activation()
        plan = self._plan(units, dtype)
        drawn = mlp_network.draw_weights(plan, self._random_state)
        if any(plan.dropout):
            plan.seed = int(self._random_state.randint(np.iinfo(np.int32).max))
        if self.solver in STOCHASTIC:
            self.loss_curve_ = []
            self._no_improvement_count = 0
            self.validation_scores_ = self.best_validation_score_ = self.best_loss_ = None
        return plan, drawn

    def _make(self, plan: mlp_network.Plan) -> None:
        self._trainer, self.model_ = mlp_network.build(plan)
        loss = mlp_network.usual_loss(self.loss, self.out_activation_)
        self.model_.compile(mlp_steps.optimizer_of(self), loss)

    def _plan(self, units: list[int], dtype: str) -> mlp_network.Plan:
        hidden = len(units) - 2
        return mlp_network.Plan(
            units,
            _of_layers("activation", self.activation, hidden),
            _of_layers("dropout", self.dropout, hidden),
            bool(self.batch_norm),
            self.out_activation_,
            dtype,
            penalized=bool(self.l1),
        )

    def _take_up(self, units: list[int], dtype: str) -> None:
        """Go on with the network at hand, and with weights that were put in its place."""
        if not hasattr(self, "model_"):  # a caller has set coefs_ and intercepts_
            self._make(self._plan(units, dtype))
        if (sizes := self._units()) != units:
            raise ValueError(
                f"A further fit goes on with the layers of the first, of {sizes} units; the "
                f"parameters and data ask for {units}. Use warm_start=False for new layers."
            )
        self._put_replaced()

    def _units(self) -> list[int]:
        return [coef.shape[0] for coef in self.coefs_] + [self.coefs_[-1].shape[1]]

    @cached_property
    def model_(self) -> Sequential:
        """The network, which is what all of lamina takes."""
        return self._made_late()["model_"]  # type: ignore[no-any-return]

    @cached_property
    def _trainer(self) -> mlp_network.Perceptron:
        return self._made_late()["_trainer"]  # type: ignore[no-any-return]

    def _made_late(self) -> dict[str, Any]:
        """Make the network of an estimator that was fitted together with others."""
        trained = self.__dict__.pop("_trained", None)
        if trained is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'model_'")
        self._make(self._plan(self._units(), self.coefs_[0].dtype.name))
        self._trainer.set_weights(trained())
        self._put_replaced()
        self._show_weights()
        return self.__dict__

    def _show_weights(self) -> None:
        """Let ``coefs_`` and ``intercepts_`` be the network's weights, which they stay."""
        layers = mlp_network.dense_layers(self._trainer)
        self.coefs_ = [layer.kernel.value for layer in layers]
        self.intercepts_ = [layer.bias.value for layer in layers]
        self._held = list(self.coefs_), list(self.intercepts_)

    def _put_replaced(self) -> None:
        """Give the network the arrays that a caller has put into ``coefs_`` or ``intercepts_``."""
        held = getattr(self, "_held", None)
        if held is not None and _same(self.coefs_, held[0]) and _same(self.intercepts_, held[1]):
            return
        mlp_network.put_weights(
            self._trainer, list(zip(self.coefs_, self.intercepts_, strict=True))
        )
        self._show_weights()

    @property
    def _optimizer(self) -> Any:
        """The optimizer of the last fit."""
        return self._trainer.optimizer

    # --- copies

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; the weights are those of the network."""
        if "_trained" in self.__dict__:
            self.model_  # noqa: B018 -- which makes it
        state = dict(super().__getstate__())
        if "model_" in state:
            self._put_replaced()
            for name in ("coefs_", "intercepts_", "_held"):
                state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore."""
        super().__setstate__(state)
        if "model_" in state:
            self._show_weights()

    # --- outputs

    def _outputs(self, X: Any) -> Array:
        """Return the network's outputs, of shape (rows, outputs)."""
        if "model_" not in self.__dict__ and "_trained" not in self.__dict__:
            check_is_fitted(self)
        self._put_replaced()
        model = self.model_
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
            except ValueError:  # NaN or infinity, which scikit-learn tells of
                pass
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        if not issparse(X):
            X = X.astype(model.dtype, copy=False)
        return np.asarray(model.predict(X))

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _same(arrays: Sequence[Any], held: Sequence[Any]) -> bool:
    return len(arrays) == len(held) and all(a is b for a, b in zip(arrays, held, strict=True))


def _of_layers(name: str, given: Any, count: int) -> list[Any]:
    """Return one value for each hidden layer."""
    if isinstance(given, str) or not hasattr(given, "__len__"):
        return [given] * count
    if len(given) != count:
        raise ValueError(
            f"{name} must be one value, or one for each of {count} hidden layers; got {given!r}"
        )
    return list(given)
