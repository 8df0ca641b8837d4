"""The error of a network's predictions, as one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina import _check
from lamina import _coding as coding
from lamina._calls import on_behalf

WORDS = {
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "error_rate": "share of wrong classes",
}


def kind_of(model: Any, error: Any) -> str | Callable[[Any, Any], float]:
    """Return the requested error, or the one that corresponds to the model's loss."""
    if callable(error):
        return error  # type: ignore[no-any-return]
    if error is not None:
        return str(_check.choice("complexity_path", "error", error, tuple(WORDS)))
    return "mse" if coding.kind_of(model.loss) == "regression" else "error_rate"


def words(model: Any, error: Any) -> str:
    """Return the name of an error in figures."""
    kind = kind_of(model, error)
    return WORDS[kind] if isinstance(kind, str) else str(getattr(kind, "__name__", "error"))


def error_of(model: Any, x: Any, y: Any, error: Any) -> float:
    """Return the error of a model's predictions over some rows."""
    kind = kind_of(model, error)
    with on_behalf("complexity_path", "predict"):
        predicted = model.predict(x, verbose=0)
    if not isinstance(kind, str):
        return float(kind(np.asarray(y), predicted))
    read = coding.Coding("complexity_path", model)
    targets, found = read.targets(y, len(predicted)), read.predictions(predicted)
    if kind == "error_rate":
        wrong = found.argmax(1) != targets if targets.ndim == 1 else (found > 0.5) != targets
        return float(np.mean(wrong))
    if targets.ndim == 1:  # one class per row, coded as 0 and 1
        targets = np.eye(found.shape[1])[targets]
    return float(np.mean(np.square(found - targets) if kind == "mse" else np.abs(found - targets)))
