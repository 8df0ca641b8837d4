"""The error of a network's predictions, as one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check

Array = NDArray[Any]

WORDS = {
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "error_rate": "share of wrong classes",
}


def kind_of(model: Any, error: Any) -> str | Callable[[Any, Any], float]:
    """Return the error asked for, or the one that goes with the model's loss."""
    if callable(error):
        return error  # type: ignore[no-any-return]
    if error is not None:
        return str(_check.choice("complexity_path", "error", error, tuple(WORDS)))
    return "error_rate" if "Crossentropy" in type(model.loss).__name__ else "mse"


def words(model: Any, error: Any) -> str:
    """Return how an error is called in a figure."""
    kind = kind_of(model, error)
    return WORDS[kind] if isinstance(kind, str) else str(getattr(kind, "__name__", "error"))


def error_of(model: Any, x: Any, y: Any, error: Any) -> float:
    """Return the error of a model's predictions over some rows."""
    kind = kind_of(model, error)
    predicted = np.asarray(model.predict(x, verbose=0))
    targets = np.asarray(y)
    if not isinstance(kind, str):
        return float(kind(targets, predicted))
    if kind == "error_rate":
        return _error_rate(model, targets, predicted)
    difference = predicted.astype(np.float64) - targets.reshape(predicted.shape)
    return float(np.mean(np.square(difference) if kind == "mse" else np.abs(difference)))


def _error_rate(model: Any, targets: Array, predicted: Array) -> float:
    if type(model.loss).__name__.startswith("Binary"):
        threshold = 0.0 if getattr(model.loss, "from_logits", False) else 0.5
        wrong = (predicted > threshold) != (targets.reshape(predicted.shape) > 0.5)
        return float(np.mean(wrong))
    if targets.shape == predicted.shape:
        targets = targets.argmax(axis=-1)
    chosen = predicted.argmax(axis=-1)
    return float(np.mean(chosen != targets.reshape(chosen.shape)))
