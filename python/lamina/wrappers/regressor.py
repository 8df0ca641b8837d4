"""A regressor around a model of one number or several."""

# mypy: disable-error-code="misc"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._scikit import RegressorMixin
from lamina.wrappers.base import Wrapper

if TYPE_CHECKING:
    from lamina._check import Array


class SKLearnRegressor(RegressorMixin, Wrapper):
    """A regressor; the model sees targets with an axis of columns.

    Parameters
    ----------
    model : Model or callable
        A compiled model, of which each fit trains a copy, or a function that returns one; it is
        called with ``X`` and ``y`` by name, as the model will see them, and ``model_kwargs``.
    warm_start : bool, default False
        Train the given model itself, or go on with the one that the function made for the first
        fit, instead of a new one.
    model_kwargs : dict, optional
        Further arguments of the function.
    fit_kwargs : dict, optional
        Arguments of the model's ``fit``, such as ``{"epochs": 20, "verbose": 0}``.

    Attributes
    ----------
    model_ : Model
        What was fitted.
    history_ : History
        Of the fit.

    Examples
    --------
    >>> import lamina
    >>> from lamina.wrappers import SKLearnRegressor
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)], seed=1)
    >>> model.compile("sgd", "mse")
    >>> x, y = [[0.0], [1.0], [2.0], [3.0]] * 5, [0.0, 1.0, 2.0, 3.0] * 5
    >>> estimator = SKLearnRegressor(model, fit_kwargs={"epochs": 50, "verbose": 0})
    >>> bool(estimator.fit(x, y).score(x, y) > 0.9)
    True
    """

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn should know: few epochs may be too few for a good score."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.target_tags.multi_output = True
        return tags

    def _decoded(self, outputs: Array) -> Array:
        return super()._decoded(outputs).astype(np.float64)
