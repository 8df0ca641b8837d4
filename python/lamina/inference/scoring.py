"""Scores of a model on a table: by name, by its own score, or by its loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._arrays import as_numbers
from lamina._calls import on_behalf
from lamina._predicting import Predicting, is_network, is_of_nnet

Array = NDArray[Any]
Score = Callable[[Any], float]


def scorer_of(who: str, model: Any, scoring: Any, y: Any, sample_weight: Any) -> Score:
    """Return a function that scores the model on a table; larger is better."""
    if callable(scoring):
        return lambda x: float(scoring(model, x, y))
    if scoring is None and is_network(model):
        return lambda x: -_loss(who, model, x, y, sample_weight)
    given = {} if sample_weight is None else {"sample_weight": sample_weight}
    if scoring is None and hasattr(model, "score"):
        return lambda x: float(model.score(x, y, **given))
    if scoring is None:
        labels = getattr(model, "lev", None) is not None
        scoring = "accuracy" if labels or np.asarray(y).dtype.kind in "OUSb" else "r2"
    if isinstance(scoring, str) and scoring in SCORES:
        return _by_name(who, model, scoring, y, sample_weight)
    if not (isinstance(scoring, str) and hasattr(model, "get_params")):
        known = ", ".join(map(repr, SCORES))
        raise ValueError(
            f"{who}: scoring must be one of {known}, or a function of model, x and y; got "
            f"{scoring!r}"
        )
    try:
        from sklearn.metrics import get_scorer  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise ImportError(f"{who}: scoring={scoring!r} needs scikit-learn") from error
    scorer = get_scorer(scoring)
    return lambda x: float(scorer(model, x, y, **given))


def weights_of(who: str, given: Any, rows: int) -> Any:
    """Return a weight for each row; None for no weights."""
    if given is None:
        return None
    weights = as_numbers(who, "sample_weight", given).astype(np.float64)
    if weights.shape != (rows,):
        raise ValueError(
            f"{who}: sample_weight must have shape ({rows},), one weight per row; got "
            f"{weights.shape}"
        )
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong.size:
        raise ValueError(
            f"{who}: sample_weight must be finite and >= 0; got {weights[wrong[0]]} at row "
            f"{wrong[0]}"
        )
    if not weights.any():
        raise ValueError(f"{who}: sample_weight must not be 0 in all rows")
    return weights


def _loss(who: str, model: Any, x: Any, y: Any, sample_weight: Any) -> float:
    with on_behalf(who, "evaluate"):
        found = model.evaluate(x, y, sample_weight=sample_weight, verbose=0)
    return float(np.ravel(np.asarray(found))[0])


def _by_name(who: str, model: Any, name: str, y: Any, sample_weight: Any) -> Score:
    targets = np.asarray(y)
    method = "predict_proba" if name == "neg_log_loss" else "predict"
    plain = is_network(model) or is_of_nnet(model) or not hasattr(model, method)
    predicting = Predicting(who, model, "auto" if plain else method)
    weights = weights_of(who, sample_weight, len(targets))

    def score(x: Any) -> float:
        if not plain and name == "accuracy":  # labels of any kind
            right = np.asarray(model.predict(x)) == targets
            return float(np.average(right.reshape(len(targets), -1).all(axis=1), weights=weights))
        return float(SCORES[name](targets, predicting(x), weights, _classes(model)))

    return score


def _classes(model: Any) -> Any:
    known = getattr(model, "classes_", None)
    return getattr(model, "lev", None) if known is None else known


def _numbers(y: Array, made: Array) -> Array:
    return np.asarray(y, np.float64).reshape(made.shape)


def _r2(y: Array, made: Array, weights: Any, _classes: Any) -> float:
    truth = _numbers(y, made)
    centre = np.average(truth, axis=0, weights=weights)
    left = np.average((truth - made) ** 2, axis=0, weights=weights)
    return float(np.mean(1.0 - left / np.average((truth - centre) ** 2, axis=0, weights=weights)))


def _mse(y: Array, made: Array, weights: Any, _classes: Any) -> float:
    return -float(np.mean(np.average((_numbers(y, made) - made) ** 2, axis=0, weights=weights)))


def _mae(y: Array, made: Array, weights: Any, _classes: Any) -> float:
    return -float(np.mean(np.average(np.abs(_numbers(y, made) - made), axis=0, weights=weights)))


def _codes(y: Array, made: Array, classes: Any) -> Array:
    """Return labels as column numbers of the outputs."""
    if y.ndim == 2 and y.shape[1] == made.shape[1] > 1:
        coded: Array = y.argmax(axis=1)
        return coded
    labels = np.ravel(y)
    if classes is None:
        classes = range(made.shape[1])
        labels = labels.astype(np.int64)
    known = {str(label): place for place, label in enumerate(classes)}
    strange = [label for label in labels.tolist() if str(label) not in known]
    if strange:
        raise ValueError(
            f"permutation_importance: y must hold the classes of the model, "
            f"{', '.join(map(str, known))}; got {strange[0]!r}"
        )
    return np.array([known[str(label)] for label in labels.tolist()])


def _chances(made: Array) -> Array:
    return np.column_stack([1.0 - made[:, 0], made[:, 0]]) if made.shape[1] == 1 else made


def _accuracy(y: Array, made: Array, weights: Any, classes: Any) -> float:
    chances = _chances(made)
    right = chances.argmax(axis=1) == _codes(y, chances, classes)
    return float(np.average(right, weights=weights))


def _log_loss(y: Array, made: Array, weights: Any, classes: Any) -> float:
    chances = _chances(made)
    chance = chances[np.arange(len(chances)), _codes(y, chances, classes)]
    logs = np.log(np.maximum(chance / chances.sum(axis=1), np.finfo(float).eps))
    return float(np.average(logs, weights=weights))


SCORES: dict[str, Callable[[Array, Array, Any, Any], float]] = {
    "r2": _r2,
    "neg_mean_squared_error": _mse,
    "neg_mean_absolute_error": _mae,
    "accuracy": _accuracy,
    "neg_log_loss": _log_loss,
}
