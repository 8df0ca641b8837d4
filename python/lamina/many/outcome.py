"""The outcome of one fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

OK, DIVERGED, INTERRUPTED, FAILED = "ok", "diverged", "interrupted", "failed"


@dataclass
class Record:
    """The contents of ``History`` as plain values.

    Attributes
    ----------
    history, epoch, recorded_at
        As in ``History``.
    validation_rows : ndarray of int64 or None
        The rows of the fit's data that ``validation_split`` held out.
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    epoch: list[int] = field(default_factory=list)
    recorded_at: dict[str, list[int]] = field(default_factory=dict)
    validation_rows: Array | None = None

    def at(self, key: str, epoch: int | None) -> float:
        """Return a quantity after an epoch, by default the last that has it; NaN if none has."""
        values, epochs = self.history.get(key, []), self.recorded_at.get(key, [])
        if epoch is not None:
            found = [v for v, at in zip(values, epochs, strict=True) if at == epoch]
            return float(found[0]) if found else np.nan
        return float(values[-1]) if values else np.nan


@dataclass
class Outcome:
    """The results of one fit; parts that were not kept are None.

    Attributes
    ----------
    index : int
        The index of the fit.
    status, message : str
    epochs : int
        The number of epochs run.
    loss, val_loss : float
        The losses of the epoch whose weights were kept.
    scores : dict of str to float
        The scores on the rows held out, by the columns of the table.
    seconds : float
    weights : list of ndarray or None
    record : Record or None
    held_out : ndarray, list or dict, or None
        The model's predictions for the rows held out.
    predictions : ndarray, list or dict, or None
        The model's predictions for ``predict``.
    error : Exception or None
        The exception of a failed fit, or of a score that cannot be computed.
    """

    index: int
    status: str = OK
    message: str = ""
    epochs: int = 0
    loss: float = np.nan
    val_loss: float = np.nan
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    weights: list[Array] | None = None
    record: Record | None = None
    held_out: Any = None
    predictions: Any = None
    error: Exception | None = None

    def score(self, scores: dict[str, float], failure: Exception | None) -> None:
        """Record the scores, and the exception that one of them raised."""
        self.scores = scores
        if failure is not None:
            self.error, self.message = failure, str(failure)

    def fail(self, error: Exception) -> None:
        """Record the exception that the fit raised."""
        self.status, self.error = FAILED, error
        self.message = f"{type(error).__name__}: {error}"
