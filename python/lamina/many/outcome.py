"""What became of one fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

OK, DIVERGED, INTERRUPTED, FAILED = "ok", "diverged", "interrupted", "failed"


@dataclass
class Record:
    """What ``History`` holds, as plain values.

    Attributes
    ----------
    history, epoch, recorded_at
        As in ``History``.
    validation_rows : ndarray of int64 or None
        Rows of the data of the fit that ``validation_split`` held out.
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    epoch: list[int] = field(default_factory=list)
    recorded_at: dict[str, list[int]] = field(default_factory=dict)
    validation_rows: Array | None = None

    def at(self, key: str, epoch: int | None) -> float:
        """Return a quantity after an epoch, by default the last that has it; NaN without it."""
        values, epochs = self.history.get(key, []), self.recorded_at.get(key, [])
        if epoch is not None:
            found = [v for v, at in zip(values, epochs, strict=True) if at == epoch]
            return float(found[0]) if found else np.nan
        return float(values[-1]) if values else np.nan


@dataclass
class Outcome:
    """One fit's results; what was not to be kept is None.

    Attributes
    ----------
    index : int
        The fit's place among all.
    status, message : str
    epochs : int
        Epochs done.
    loss, val_loss : float
        Of the epoch whose weights were kept.
    scores : dict of str to float
        Of the rows held out, by the columns of the table.
    seconds : float
    weights : list of ndarray or None
    record : Record or None
    held_out : ndarray, list or dict, or None
        What the model says of the rows held out.
    predictions : ndarray, list or dict, or None
        What it says of ``predict``.
    error : Exception or None
        What a failed fit raised.
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

    def fail(self, error: Exception) -> None:
        """Note what the fit raised."""
        self.status, self.error = FAILED, error
        self.message = f"{type(error).__name__}: {error}"
