"""Code shared by the classifier and the regressor: parameters, fitting, the outputs for rows."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array, Shape
from lamina._kept_fits import kept_on_error, trained_on_success
from lamina._label_values import plain_labels
from lamina._scikit import BaseEstimator, check_is_fitted
from lamina.models import Model
from lamina.random import seeded
from lamina.sklearn import _models, _routed
from lamina.sklearn._data import (
    Rows,
    by_input,
    check_fit,
    check_given_rows,
    check_rows,
    counted,
    drawn_seed,
    reads_as_given,
    row_weights,
)
from lamina.sklearn._outputs import agree, listed, output_shapes, shape_read

if TYPE_CHECKING:
    from lamina._typing import Self


class NeuralNet(BaseEstimator):  # type: ignore[misc, unused-ignore]
    """An estimator around a lamina model; subclasses define targets and predictions.

    A subclass defines ``_know``, ``_check_known``, ``_targets``, ``_told`` and ``_default_loss``.
    """

    model: Any
    optimizer: Any
    loss: Any
    metrics: Any
    learning_rate: Any
    epochs: int
    batch_size: Any
    validation_split: float
    callbacks: Any
    verbose: Any
    random_state: Any
    warm_start: bool
    shuffle: bool
    _numbers = False  # whether targets are numbers

    # --- parameters

    def _keep(self, parameters: dict[str, Any]) -> None:
        """Store the parameters of the estimator's components, such as ``model__units``."""
        # The signature's own name for them is allowed too: inspection gives it as a keyword.
        _routed.check_routed(type(self).__name__, parameters, set(self._get_param_names()))
        for name, value in parameters.items():
            setattr(self, name, value)

    def _held(self) -> dict[str, Any]:
        """Return the parameters of the estimator's components that are set."""
        return {k: v for k, v in sorted(vars(self).items()) if _routed.is_routed(k)}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default True
            Whether to include the parameters with defaults of the function that builds the model.

        Returns
        -------
        dict
            The parameters by name; those of the function as ``model__units``.
        """
        own: dict[str, Any] = super().get_params(deep=False)
        if not _routed.takes_any(type(self)):  # a subclass with its own parameters
            return own
        if deep and not isinstance(self.model, Model):
            found = _routed.defaults(self.model, set(self._told_names()))
            own |= {f"model__{name}": value for name, value in found.items()}
        return {**own, **self._held()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including those of the function that builds the model (``model__units``).

        Raises
        ------
        ValueError
            For a parameter that neither the estimator nor the function has; nothing is then set.
        """
        own = {k: v for k, v in params.items() if not _routed.is_routed(k)}
        names = self._get_param_names()
        for name in own:
            if name not in names:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: "
                    f"{names}, and model__ with a parameter of the function that builds the model"
                )
        model = own.get("model", self.model)
        if not isinstance(model, Model):
            given = set(_routed.routed(params, "model"))
            _routed.check_model_parameters(type(self).__name__, model, given)
        for name, value in params.items():
            setattr(self, name, value)
        return self

    # --- defined by subclasses

    def _know(self, y: Array, classes: Any) -> Array:
        """Learn the kind of targets from those of a first fit; return them in their form."""
        raise NotImplementedError

    def _check_known(self, y: Array, classes: Any, whole: bool) -> Array:
        """Return the targets of a further fit in the form of the first."""
        raise NotImplementedError

    def _check_counted(self, y: Array) -> None:
        """Refuse targets of the rows with weights above 0 if nothing can be learned from them."""

    def _targets(self, y: Array) -> Any:
        """Return the targets to which the model is fitted."""
        raise NotImplementedError

    def _told_names(self) -> tuple[str, ...]:
        """Return the names of the facts about the data for a function that builds a model."""
        return (
            "X", "X_dtype_", "X_shape_", "feature_names_in_", "meta", "n_features_in_",
            "n_outputs_", "target_type_", "y", "y_dtype_", "y_ndim_",
        )  # fmt: skip

    def _default_loss(self, model: Any, shapes: Sequence[Shape], rows: Any) -> Any:
        """Return the loss of a model that has none; ``rows`` are some rows as it reads them."""
        raise NotImplementedError

    # --- fitting

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        further: bool,
        epochs: int,
        classes: Any = None,
        whole: bool = True,
        validation_data: Any = None,
    ) -> Self:
        """Start a new fit, or continue the last one.

        ``whole`` means a complete fit, not one to a part of the rows: it must have rows of several
        classes, and a further fit rows of all classes of the first.

        If a fit fails, the estimator keeps its earlier fit.
        """
        with kept_on_error(self), trained_on_success(self.model_ if further else None):
            X, y = check_fit(self, X, y, reset=not further, numbers=self._numbers)
            y = self._check_known(y, classes, whole) if further else self._know(y, classes)
            by_class = getattr(self, "class_weight", None)
            weights = row_weights(type(self).__name__, y, sample_weight, by_class)
            X, y, weights = counted(X, y, weights)
            if whole:
                self._check_counted(y)
            if further:
                self._check_row_shape(X)
            else:
                self._seed, self.n_iter_ = drawn_seed(self.random_state), 0
            with seeded(self._seed + self.n_iter_):
                if further:
                    self._take_rate()
                else:
                    self._begin(X, y)
                held_out = None if validation_data is None else self._held_out(validation_data)
                self._train(X.read_by(self.model_), self._targets(y), weights, epochs, held_out)
        return self

    def _begin(self, X: Rows, y: Array) -> None:
        """Make and compile the model of a first fit."""
        who, held = type(self).__name__, self._held()
        changed = {name: _routed.routed(held, name) for name in ("optimizer", "loss")}
        rate = changed["optimizer"].get("learning_rate")
        if rate is not None and self.learning_rate is not None:
            raise ValueError(
                f"{who}: takes learning_rate or optimizer__learning_rate, not both; got "
                f"{self.learning_rate!r} and {rate!r}"
            )
        model = _models.made(who, self.model, self._told(X, y), _routed.routed(held, "model"))
        X.read_by(model)  # raises for values that are not numbers, if the model reads numbers
        self._reads_as_given = X.given is not None and reads_as_given(model, X.given)
        shape = X.shape[1:]
        self._row_shape = shape if self._reads_as_given else shape_read(who, model, shape)
        shapes = output_shapes(model, shape)
        loss = self.loss
        if loss is None and not model.compile_settings():
            some = X.take(np.arange(min(X.shape[0], 16)))
            loss = self._default_loss(model, shapes, some.read_by(model))
        _models.compile_as(model, self.optimizer, loss, self.metrics, self.learning_rate, changed)
        self._rate = self.learning_rate
        self._shapes = shapes
        self.model_ = model
        self.history_: dict[str, list[float]] = {}

    def _told(self, X: Rows, y: Array) -> dict[str, Any]:
        """Return the values available to the function that builds the model."""
        known = {
            "X_dtype_": X.dtype,
            "X_shape_": X.shape,
            "y_dtype_": y.dtype,
            "y_ndim_": y.ndim,
        }
        names = (name for name in self._told_names() if name not in known)
        known |= {name: getattr(self, name) for name in names if hasattr(self, name)}
        return {**known, "meta": dict(known), "X": X.shown, "y": y}

    def _take_rate(self) -> None:
        """Apply a learning rate that was set since the last fit; callbacks may set their own."""
        if self.learning_rate is not None and self.learning_rate != self._rate:
            self.model_.optimizer.learning_rate = self.learning_rate
        self._rate = self.learning_rate

    def _train(self, X: Any, targets: Any, weights: Any, epochs: int, held_out: Any) -> None:
        # Their state belongs to one fit; the callbacks that were passed do not change.
        self.callbacks_ = copy.deepcopy(self.callbacks)
        before = self.model_.history
        first = self.n_iter_
        settings = {
            "batch_size": self.batch_size,
            "epochs": first + _check.integer(type(self).__name__, "epochs", epochs),
            "initial_epoch": first,
            "verbose": self.verbose,
            "callbacks": self.callbacks_,
            "validation_split": self.validation_split,
            "validation_data": held_out,
            "shuffle": self.shuffle,
            **_routed.routed(self._held(), "fit"),
        }
        try:
            self.model_.fit(X, targets, sample_weight=weights, **settings)
        finally:
            if self.model_.history is not before:
                self._note(self.model_.history.history)

    def _note(self, history: dict[str, list[float]]) -> None:
        """Append the epochs of a fit to those of earlier fits."""
        added = {name: [float(value) for value in values] for name, values in history.items()}
        self.history_ = {
            name: self.history_.get(name, []) + added.get(name, [])
            for name in {**self.history_, **added}
        }
        self.n_iter_ += max((len(values) for values in history.values()), default=0)

    def _held_out(self, data: Any) -> tuple[Any, ...]:
        """Return validation data as the model takes them: ``(X, y)`` or ``(X, y, weights)``."""
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            count = f" of {len(data)}" if isinstance(data, (tuple, list)) else ""
            raise TypeError(
                f"{type(self).__name__}: validation_data must be (X, y) or (X, y, sample_weight); "
                f"got {type(data).__name__}{count}"
            )
        X, y, *weights = data
        y = self._check_known(
            np.asarray(plain_labels(y, "number" if self._numbers else "label")), None, False
        )
        return (self._rows(X), self._targets(y), *weights)

    # --- predicting

    def _rows(self, X: Any) -> Any:
        """Return rows as the model reads them."""
        if self._reads_as_given:
            return self._check_row_shape(check_given_rows(self, X))
        return by_input(self.model_, self._check_row_shape(check_rows(self, X)))

    def _check_row_shape(self, X: Any) -> Any:
        if not agree(tuple(X.shape[1:]), self._row_shape):
            raise ValueError(
                f"X has rows of shape {tuple(X.shape[1:])}, but {type(self).__name__} is expecting "
                f"rows of shape {self._row_shape} as input."
            )
        return X

    def _outputs(self, X: Any) -> list[Array]:
        """Return the model's predictions, an array for each output."""
        check_is_fitted(self)
        return listed(self.model_.predict(self._rows(X), verbose=0))

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a fitted model."""
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        """Return the estimator's tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        return tags
