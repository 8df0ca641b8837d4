"""Calibration's view of the fits of ``lamina.nnet``, which predict as in R."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import Array
from lamina.inference.intervals.fitted import checked_probabilities
from lamina.inference.intervals.of_estimators import FittedEstimator

# The types of outputs or probabilities in each class, as in R's predict methods.
TYPES = {"NNet": "raw", "AvNNet": "raw", "Multinom": "probs"}


class FittedR(FittedEstimator):
    """A fit with ``lev``, its classes, or None for a regression."""

    def __init__(self, estimator: Any, who: str, refit: Any = None) -> None:
        super().__init__(estimator, who, refit)
        self.kind = "values" if estimator.lev is None else "classes"

    def _of(self, estimator: Any, x: Any, options: dict[str, Any]) -> Array:
        found = np.asarray(estimator.predict(x, type=TYPES[type(estimator).__name__], **options))
        if self.kind == "values":
            return found
        second = found.reshape(len(found), -1)
        if second.shape[1] == 1:  # for two classes only the second one's
            found = np.concatenate([1.0 - second, second], axis=1)
        return checked_probabilities(self.who, found)

    def trained_share(self, x: Any, y: Any, predicted: Any) -> float:  # noqa: ARG002
        """Return 1 if every row has the target and the prediction of the same row in the fit.

        For averages over resamples this is unknown.
        """
        bag = getattr(self.estimator, "bag", None)  # for averages
        if bag:
            return 0.0
        fitted = self._of(self.estimator, None, {})
        if fitted.shape != predicted.shape or len(np.unique(fitted, axis=0)) < 2:
            return 0.0
        known, given = self._fitted_targets(bag is not None), self.targets(y, predicted)
        same = np.allclose(fitted, predicted, 1e-9, 0.0) and known.shape == given.shape
        return float(same and np.allclose(known, given, 1e-6, 1e-9))

    def _fitted_targets(self, averaged: bool) -> Array:
        """Return the targets of the fit, in the form of `targets`."""
        fit = self.estimator.model[0] if averaged else self.estimator
        found = np.asarray(fit.fitted_values + fit.residuals, np.float64)
        found = found.reshape(len(found), -1)
        if self.kind == "values":
            return found
        return (found[:, 0] > 0.5).astype(np.int64) if found.shape[1] == 1 else found.argmax(axis=1)

    def _classes(self) -> list[Any]:
        return list(np.asarray(self.estimator.lev).tolist())


def is_r_fit(estimator: Any) -> bool:
    """Return whether this is a fit of ``lamina.nnet``."""
    kind = type(estimator)
    return kind.__name__ in TYPES and kind.__module__.startswith("lamina.nnet")
