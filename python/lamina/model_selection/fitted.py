"""A fitted model as a scikit-learn estimator, for scorers and for predictions of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._coding import Coding
from lamina.model_selection.scikit import BaseEstimator, ClassifierMixin, RegressorMixin
from lamina.models import Model

Array = NDArray[Any]


class _Fitted(BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Code shared by both kinds.

    Parameters
    ----------
    model : Model, or function of no argument
        A fitted model with one output; a function makes it when it is first needed.
    coding : Coding, optional
        The interpretation of targets and predictions, if it is known.
    """

    def __init__(self, model: Any, coding: Coding | None = None) -> None:
        self.model, self.coding = model, coding
        self._known: tuple[Any, Any] | None = None

    def knows(self, x: Any, predicted: Any) -> None:
        """Keep the predictions for these rows, so that scores need not predict again."""
        self._known = (x, predicted)

    def _outputs(self, x: Any) -> Array:
        if self._known is not None and self._known[0] is x:
            predicted = self._known[1]
        else:
            predicted = self._made().predict(x, verbose=0)
        return self._read().predictions(predicted)

    def _made(self) -> Any:
        if not isinstance(self.model, Model):
            self.model = self.model()
        return self.model

    def _read(self) -> Coding:
        if self.coding is None:
            self.coding = Coding("model_selection", self._made())
        return self.coding

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Return the kind of estimator and the model."""
        return f"<{type(self).__name__} of {self._made()!r}>"

    def __sklearn_is_fitted__(self) -> bool:
        """Return True."""
        return True


class FittedRegressor(RegressorMixin, _Fitted):  # type: ignore[misc, unused-ignore]
    """A fitted model of numbers: ``predict``, and R2 as ``score``."""

    def predict(self, X: Any) -> Array:
        """Return numbers of shape (rows,), or (rows, outputs)."""
        found = self._outputs(X)
        return found[:, 0] if found.shape[1] == 1 else found


class FittedClassifier(ClassifierMixin, _Fitted):  # type: ignore[misc, unused-ignore]
    """A fitted model of classes or labels: ``predict``, ``predict_proba``, accuracy as ``score``.

    Attributes
    ----------
    classes_ : ndarray of int64
        0, 1, ..., as in the model's targets.
    """

    @property
    def classes_(self) -> Array:
        """The classes."""
        return np.arange(self._read().outputs)

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities of shape (rows, classes)."""
        return self._outputs(X)

    def predict(self, X: Any) -> Array:
        """Return classes of shape (rows,), or labels of shape (rows, labels)."""
        chances = self._outputs(X)
        if self._read().kind == "labels":
            return (chances > 0.5).astype(np.int64)
        return np.asarray(chances.argmax(axis=1))


def estimator_of(model: Any, kind: str, coding: Coding | None = None) -> _Fitted:
    """Return a model, or the function that makes it, as an estimator of its kind."""
    made = FittedRegressor if kind == "regression" else FittedClassifier
    return made(model, coding)
