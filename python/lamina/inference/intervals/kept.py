"""The contents of a calibration, and the results of predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lamina._check import Array
from lamina._columns import Columns


class NotCalibratedError(ValueError):
    """Intervals or sets were requested from a model not calibrated, or changed since."""


class Interval(NamedTuple):
    """Predictions with their intervals, of which `lower` and `upper` are float64.

    If a model returns several outputs, each is a list, tuple or dict of arrays, like the outputs.
    """

    prediction: Any
    lower: Any
    upper: Any

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` of the three; pandas must be installed.

        Its columns are ``prediction``, ``lower`` and ``upper``; with several numbers per row,
        ``prediction_1``, ``lower_1``, ``upper_1``, ``prediction_2``, ...
        """
        parts = {name: _by_row(part) for name, part in self._asdict().items()}
        count = len(parts["lower"].T)
        return Columns(
            {
                name if count == 1 else f"{name}_{k + 1}": values[:, k]
                for k in range(count)
                for name, values in parts.items()
            }
        ).to_pandas()


def _by_row(part: Any) -> Array:
    """Return all numbers of each row side by side, from one or several arrays."""
    several = list(part.values()) if isinstance(part, dict) else part
    arrays = several if isinstance(several, (list, tuple)) else [several]
    return np.concatenate([np.reshape(each, (len(each), -1)) for each in arrays], axis=1)


class PredictionSets(NamedTuple):
    """Probabilities of shape (rows, classes), and which classes are in each row's set (bool)."""

    probabilities: Array
    sets: Array


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibration: scores and, for some methods, the weights of refitted copies.

    Attributes
    ----------
    method : str
    rows : int
        The number of rows with scores.
    shape : tuple of int
        The shape of a row of the predictions; for several arrays, the count of numbers in a row of
        all.
    mark : object
        An object that shows whether the model has changed since: for a model, the digest of its
        weights.
    arrays : dict of str to ndarray
        ``scores`` first.
    settings : dict
        Plain values that the method needs.
    copies : list
        The weights of each refitted copy, or the copy itself for an estimator of another library.
    """

    method: str
    rows: int
    shape: tuple[int, ...]
    mark: Any
    arrays: dict[str, Array]
    settings: dict[str, Any] = field(default_factory=dict)
    copies: list[Any] = field(default_factory=list)

    def check(self) -> None:
        """Raise ValueError for invalid contents, such as arrays from a damaged file."""
        scores = self.scores
        if scores.dtype != np.float64 or len(scores) != self.rows or not np.isfinite(scores).all():
            raise ValueError(f"calibration: scores must be {self.rows} rows of finite float64")
        fold_of, lacking = self.arrays.get("fold_of"), self.arrays.get("lacking")
        count = len(self.copies)
        if fold_of is not None and not (
            fold_of.shape == (self.rows,)
            and fold_of.dtype == np.int64
            and ((fold_of >= 0) & (fold_of < count)).all()
        ):
            raise ValueError(f"calibration: fold_of must hold one of {count} copies for each row")
        if lacking is not None and not (
            lacking.shape == (self.rows, count)
            and lacking.dtype == np.bool_
            and lacking.any(axis=1).all()
        ):
            raise ValueError(
                f"calibration: lacking must say for each row which of {count} copies lack it"
            )

    @property
    def scores(self) -> Array:
        """The scores of the rows, of shape (rows, outputs), or (rows,) for classes."""
        return self.arrays["scores"]

    def __deepcopy__(self, memo: dict[int, Any]) -> Calibration:
        """Return the object itself: a calibration is never changed, only replaced."""
        return self

    def __repr__(self) -> str:
        """Return the method, rows and copies as text."""
        copies = f", {len(self.copies)} copies" if self.copies else ""
        return f"<Calibration by {self.method!r}, {self.rows} rows{copies}>"


def digest(arrays: Iterable[Array]) -> str:
    """Return a digest of the bits of arrays."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(np.ascontiguousarray(array).view(np.uint8).data)
    return found.hexdigest()
