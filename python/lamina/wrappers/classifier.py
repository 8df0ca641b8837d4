"""A classifier around a model of probabilities, one for each class."""

# mypy: disable-error-code="misc"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._label_values import check_labels
from lamina._scikit import ClassifierMixin, type_of_target
from lamina.wrappers.base import Wrapper

if TYPE_CHECKING:
    from lamina._check import Array


class SKLearnClassifier(ClassifierMixin, Wrapper):
    """A classifier whose model sees one column for each class, also of two.

    The model's loss is one of one-hot rows, such as ``"categorical_crossentropy"``.

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
    classes_ : ndarray
        The labels, in the order of the model's columns.

    Examples
    --------
    >>> import lamina
    >>> from lamina.wrappers import SKLearnClassifier
    >>> def network(X, y, units=8):
    ...     model = lamina.Sequential([lamina.Input(X.shape[1:]),
    ...         lamina.layers.Dense(units, activation="relu"),
    ...         lamina.layers.Dense(y.shape[1], activation="softmax")], seed=1)
    ...     model.compile("sgd", "categorical_crossentropy")
    ...     return model
    >>> x, y = [[0.0], [1.0], [2.0], [3.0]] * 5, ["low", "low", "high", "high"] * 5
    >>> quiet = {"epochs": 50, "verbose": 0}
    >>> estimator = SKLearnClassifier(network, model_kwargs={"units": 4}, fit_kwargs=quiet)
    >>> estimator.fit(x, y).predict([[0.0], [3.0]]).tolist()
    ['low', 'high']
    """

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn should know: few epochs may be too few for a good score."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def decision_function(self, X: Any) -> Array:
        """Return the model's outputs, a column for each class; of two classes their difference.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes, as scikit-learn has it, scores above 0 are for the second.
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def _coded(self, y: Any) -> Any:
        check_labels(y)
        kind = type_of_target(y)
        if kind == "unknown":
            found = sorted({type(label).__name__ for label in y.ravel().tolist()})
            raise ValueError(
                f"{type(self).__name__}: Unknown label type: y holds {' and '.join(found)} as "
                f"objects; give labels of a type of NumPy's, such as y.astype(int), or strings"
            )
        if kind not in ("binary", "multiclass"):
            raise ValueError(
                f"{type(self).__name__}: y must be labels of two or more classes, one a row; "
                f"got {kind} targets"
            )
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError(
                f"{type(self).__name__}: y must have two or more classes; got one class, "
                f"{self.classes_.tolist()[0]!r}"
            )
        return np.eye(len(self.classes_), dtype="float32")[codes]

    def _decoded(self, outputs: Array) -> Array:
        labels: Array = self.classes_[np.argmax(outputs, axis=1)]
        return labels
