"""A transformer around a model: what it puts out are the features of a next step."""

# mypy: disable-error-code="misc"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._scikit import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from lamina.wrappers.base import Wrapper

if TYPE_CHECKING:
    from lamina._check import Array


class SKLearnTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Wrapper):
    """A step of a pipeline that hands on what a model puts out.

    In tables, which ``set_output(transform="pandas")`` asks for, the columns are
    ``sklearntransformer0``, ``sklearntransformer1``, ...

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
    >>> from lamina.wrappers import SKLearnTransformer
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)], seed=1)
    >>> model.compile("sgd", "mse")
    >>> x, y = [[0.0, 1.0, 2.0]] * 8, [[0.0, 1.0]] * 8
    >>> SKLearnTransformer(model, fit_kwargs={"verbose": 0}).fit_transform(x, y).shape
    (8, 2)
    """

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn should know: float64 comes out as the model's float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        """The number of columns that ``get_feature_names_out`` names."""
        return int(self.model_.output_shape[-1])

    def transform(self, X: Any) -> Array:
        """Return the model's outputs.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        """
        return self._outputs(X)
