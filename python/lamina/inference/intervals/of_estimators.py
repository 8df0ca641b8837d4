"""Calibration's view of objects with ``fit`` and ``predict``, such as scikit-learn's."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina._check import Array
from lamina.inference.intervals.fitted import (
    Fitted,
    Refits,
    Rows,
    checked_probabilities,
)
from lamina.inference.intervals.forms import by_output

_KEPT = 8  # rows whose predictions show whether an estimator has been fitted again


class Seen(NamedTuple):
    """Some rows and their predictions."""

    x: Any
    predicted: Array


class FittedEstimator(Fitted):
    """An estimator: a classifier if it has ``predict_proba`` and ``classes_``."""

    def __init__(self, estimator: Any, who: str, refit: Any = None) -> None:
        self.estimator, self.who, self.refit = estimator, who, refit
        has = hasattr(estimator, "classes_") and hasattr(estimator, "predict_proba")
        self.kind = "classes" if has else "values"

    def check_fit(self, fit: dict[str, Any]) -> None:
        """Leave the checks to the estimator's own ``fit``."""

    def raw(self, x: Any, **options: Any) -> Array:
        """Return the result of ``predict``, or of ``predict_proba`` for classes."""
        return self._of(self.estimator, x, options)

    def _of(self, estimator: Any, x: Any, options: dict[str, Any]) -> Array:
        if self.kind == "values":
            return np.asarray(estimator.predict(x, **options))
        found = np.asarray(estimator.predict_proba(x, **options))
        if found.ndim != 2:
            raise ValueError(
                f"{self.who}: sets need one label per row, and probabilities of shape (rows, "
                f"classes); got shape {found.shape}"
            )
        return checked_probabilities(self.who, found)

    def labels(self, y: Any, classes: int, rows: int) -> Array:  # noqa: ARG002
        """Return the positions of labels among the estimator's classes."""
        given = np.asarray(y)
        if given.shape not in ((rows,), (rows, 1)):
            raise ValueError(
                f"{self.who}: y must hold a label for each of {rows} rows; got shape {given.shape}"
            )
        place = {label: i for i, label in enumerate(self._classes())}
        unseen = [label for label in given.ravel().tolist() if label not in place]
        if unseen:
            raise ValueError(
                f"{self.who}: y must hold the classes that were fitted, {list(place)!r:.200}; got "
                f"{unseen[0]!r}"
            )
        return np.array([place[label] for label in given.ravel().tolist()], np.int64)

    def refits(
        self,
        x: Any,
        y: Array,
        folds: Sequence[Rows],
        fit: dict[str, Any],
        quantile: float | None = None,
    ) -> Refits:
        """Fit clones, one after the other."""
        if quantile is not None:
            raise TypeError(
                f"{self.who}: method 'cqr' needs a lamina model, whose loss it can replace; got "
                f"{type(self.estimator).__name__}"
            )
        made = Refits([], [])
        for trained, held in folds:
            target = y[trained, 0] if y.shape[1] == 1 else self.form.whole(y[trained])
            copied = self._fitted_to(taken(x, trained), target, fit)
            made.copies.append(copied)
            made.held_out.append(by_output(self._of(copied, taken(x, held), {})))
        return made

    def _fitted_to(self, x: Any, y: Array, fit: dict[str, Any]) -> Any:
        if self.refit is not None:
            return self.refit(x, y, **fit)
        if not hasattr(self.estimator, "fit"):
            raise TypeError(
                f"{self.who}: fits copies of the model, but {type(self.estimator).__name__} has no "
                f"fit; give PredictionIntervals refit=, a function of (x, y) that returns a fitted "
                f"model"
            )
        clone = _clone(self.estimator)
        clone.fit(x, y, **fit)
        return clone

    def _classes(self) -> list[Any]:
        return list(np.asarray(self.estimator.classes_).tolist())

    def predictions_of(self, copies: Sequence[Any], x: Any, **options: Any) -> Array:
        """Return the copies' predictions."""
        return np.stack([by_output(self._of(each, x, options)) for each in copies])

    def mark(self, x: Any) -> Any:
        """Return a few rows and their predictions."""
        some = taken(x, np.arange(min(_KEPT, _rows(x))))
        return Seen(some, self.raw(some))

    def changed_since(self, mark: Any) -> bool:
        """Return whether the predictions for those rows differ."""
        now = self.raw(mark.x)
        return now.shape != mark.predicted.shape or not np.allclose(now, mark.predicted, 1e-6, 0.0)


def taken(x: Any, rows: Array) -> Any:
    """Return some rows of an array, a table, a dict of columns or a sparse matrix."""
    if isinstance(x, Mapping):
        return {name: taken(column, rows) for name, column in x.items()}
    if hasattr(x, "iloc"):
        return x.iloc[rows]
    if hasattr(x, "shape") or hasattr(x, "gather_every"):
        return x[rows]
    return [x[i] for i in rows]


def _rows(x: Any) -> int:
    if isinstance(x, Mapping):
        return _rows(next(iter(x.values())))
    return int(x.shape[0]) if hasattr(x, "shape") else len(x)


def _clone(estimator: Any) -> Any:
    if hasattr(estimator, "get_params"):
        from sklearn.base import clone  # type: ignore[import-not-found, import-untyped, unused-ignore]

        return clone(estimator)
    return copy.deepcopy(estimator)
