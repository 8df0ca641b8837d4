"""What the three estimators have in common: a new model for each fit, and what its fit is given."""

# mypy: disable-error-code="misc"
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._calls import checking_keywords, was_entered
from lamina._kept_fits import kept_on_error, trained_on_success
from lamina._label_values import plain_labels
from lamina._scikit import (
    BaseEstimator,
    check_is_fitted,
    column_or_1d,
    get_config,
    validate_data,
)
from lamina.layers import Layer
from lamina.models import Model, NotCompiledError
from lamina.models.fresh_copies import untrained_copy

if TYPE_CHECKING:
    from typing_extensions import Self

    from lamina._check import Array


class Wrapper(BaseEstimator):
    """An estimator around a model; a subclass says how targets and predictions are coded."""

    @checking_keywords
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
            Must be given.  A single column is taken as a row of targets, with scikit-learn's
            warning.
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
        earlier: Any = getattr(self, "model_", None) if self.warm_start else None
        with kept_on_error(self), trained_on_success(earlier):
            X, y = validate_data(self, X, plain_labels(y), multi_output=True)
            if y.ndim == 2 and y.shape[1] == 1:
                y = column_or_1d(y, warn=True)
            self._one = y.ndim == 1  # predictions then have no axis of columns either
            coded = self._coded(y)
            model = self._new_model(X, coded)
            if model.optimizer is None or not model.loss:
                raise NotCompiledError(
                    f"{type(self).__name__}: the model must be compiled with a loss and an "
                    f"optimizer"
                )
            settings = {**self._keywords("fit_kwargs"), **kwargs}
            self.history_ = model.fit(X, coded, **settings)
            self.model_ = model
        return self

    def set_fit_request(self, **requests: bool | str | None) -> Self:
        """Set which arguments of ``fit`` scikit-learn's tools pass on, if routing is enabled.

        Parameters
        ----------
        **requests
            By names of arguments of the model's ``fit``, such as ``sample_weight=True``.

        Returns
        -------
        self

        Raises
        ------
        RuntimeError
            If scikit-learn's metadata routing is not enabled.
        """
        if not get_config()["enable_metadata_routing"]:
            raise RuntimeError(
                "This method is only available when metadata routing is enabled. You can enable "
                "it using sklearn.set_config(enable_metadata_routing=True)."
            )
        request = self._get_metadata_request()
        for name, alias in requests.items():
            request.fit.add_request(param=name, alias=alias)
        self._metadata_request = request
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
            return self.model if self.warm_start else untrained_copy(self.model)
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if not callable(self.model) or isinstance(self.model, Layer):
            raise TypeError(
                f"{type(self).__name__}: model must be a model or a function that returns one; "
                f"got {self.model!r}"
            )
        return self._built(self.model, {"X": X, "y": y, **self._keywords("model_kwargs")})

    def _built(self, build: Callable[..., Any], given: dict[str, Any]) -> Model:
        name = getattr(build, "__name__", build)
        rule = f"{type(self).__name__}: model must take X, y and model_kwargs by name; {name}"
        signature = _signature(build)
        try:
            if signature is not None:
                signature.bind(**given)
        except TypeError as error:
            raise TypeError(f"{rule}{signature}: {error}") from error
        try:
            made = build(**given)
        except TypeError as error:
            if was_entered(error):
                raise
            raise TypeError(f"{rule}: {error}") from error
        if not isinstance(made, Model):
            raise TypeError(f"{type(self).__name__}: model must return a model; got {made!r}")
        return made

    def _keywords(self, name: str) -> dict[str, Any]:
        given = getattr(self, name)
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(f"{type(self).__name__}: {name} must be a dict or None; got {given!r}")
        return dict(given or {})

    def _coded(self, y: Any) -> Any:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _decoded(self, outputs: Array) -> Array:
        return outputs[:, 0] if self._one and outputs.shape[1:] == (1,) else outputs


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return a function's signature; None if it cannot be read, as of many written in C."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None
