"""What the three estimators have in common: a new model for each fit, and what its fit is given."""

# mypy: disable-error-code="misc"
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._scikit import BaseEstimator, check_is_fitted, validate_data
from lamina.models import Model, NotCompiledError
from lamina.models.anew import anew

if TYPE_CHECKING:
    from typing_extensions import Self

    from lamina._check import Array


class Wrapper(BaseEstimator):
    """An estimator around a model; a subclass says how targets and predictions are coded."""

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        fit_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn should know: the weights of two fits begin differently.

        A fit of a transformer, too, needs targets.
        """
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        tags.target_tags.required = True
        return tags

    @property
    def epoch_(self) -> int:
        """How many epochs the fit had; 0 before it."""
        return len(self.history_.epoch) if hasattr(self, "history_") else 0

    def fit(self, X: Any, y: Any = None, **kwargs: Any) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : array_like of shape (n_samples,) or (n_samples, n_outputs)
            Must be given.
        **kwargs
            For the model's ``fit``, before those of ``fit_kwargs``.

        Returns
        -------
        self

        Raises
        ------
        NotCompiledError
            The model is not compiled with a loss.
        TypeError
            The model is none, nor a function that returns one.
        ValueError
            There are no targets, or they do not fit.
        """
        X, y = validate_data(self, X, y, multi_output=True)
        self._column = y.ndim == 1  # predictions then have no axis of columns either
        coded = self._coded(y)
        model = self._new_model(X, coded)
        if model.optimizer is None or not model.loss:
            raise NotCompiledError(
                f"{type(self).__name__}: the model must be compiled with a loss and an optimizer"
            )
        self.history_ = model.fit(X, coded, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X: Any) -> Array:
        """Return predictions in the form of the targets.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        """
        return self._decoded(self._outputs(X))

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "model_")
        return np.asarray(self.model_.predict(validate_data(self, X, reset=False), verbose=0))

    def _new_model(self, X: Any, y: Any) -> Model:
        if isinstance(self.model, Model):
            return self.model if self.warm_start else anew(self.model)
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if not callable(self.model):
            raise TypeError(
                f"{type(self).__name__}: model must be a model or a function that returns one; "
                f"got {self.model!r}"
            )
        made = self.model(X=X, y=y, **(self.model_kwargs or {}))
        if not isinstance(made, Model):
            raise TypeError(f"{type(self).__name__}: model must return a model; got {made!r}")
        return made

    def _coded(self, y: Any) -> Any:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _decoded(self, outputs: Array) -> Array:
        return outputs[:, 0] if self._column and outputs.shape[1:] == (1,) else outputs
