"""What a calibration keeps, and what predictions come with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lamina._check import Array
from lamina._columns import Columns


class NotCalibratedError(ValueError):
    """Intervals or sets were asked of a model that is not calibrated, or has changed since."""


class Interval(NamedTuple):
    """Predictions with their intervals, of which `lower` and `upper` are float64.

    Of a model that returns several outputs each is a list, tuple or dict of arrays, as these are.
    """

    prediction: Any
    lower: Any
    upper: Any

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` of the three; pandas must be installed.

        Its columns are ``prediction``, ``lower`` and ``upper``; of several numbers a row
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
    """Return all numbers of a row beside each other, of one array or several."""
    several = list(part.values()) if isinstance(part, dict) else part
    arrays = several if isinstance(several, (list, tuple)) else [several]
    return np.concatenate([np.reshape(each, (len(each), -1)) for each in arrays], axis=1)


class PredictionSets(NamedTuple):
    """Probabilities of shape (rows, classes), and which classes are in each row's set (bool)."""

    probabilities: Array
    sets: Array


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a calibration keeps: scores, and for some methods the weights of refitted copies.

    Attributes
    ----------
    method : str
    rows : int
        How many rows have scores.
    shape : tuple of int
        Of a row of the predictions; of several arrays how many numbers a row of all has.
    mark : object
        What tells that the model has changed since: of a model the digest of its weights.
    arrays : dict of str to ndarray
        ``scores`` first.
    settings : dict
        Plain values that the method needs.
    copies : list
        Of each refitted copy its weights, or the copy itself of an estimator of another library.
    """

    method: str
    rows: int
    shape: tuple[int, ...]
    mark: Any
    arrays: dict[str, Array]
    settings: dict[str, Any] = field(default_factory=dict)
    copies: list[Any] = field(default_factory=list)

    def check(self) -> None:
        """Refuse what no calibration keeps, such as the arrays of a strange file, by ValueError."""
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
            raise ValueError(f"calibration: fold_of must hold a copy of {count} for each row")
        if lacking is not None and not (
            lacking.shape == (self.rows, count)
            and lacking.dtype == np.bool_
            and lacking.any(axis=1).all()
        ):
            raise ValueError(f"calibration: lacking must say of each row which of {count} lack it")

    @property
    def scores(self) -> Array:
        """The scores of the rows, of shape (rows, outputs), or (rows,) for classes."""
        return self.arrays["scores"]

    def __deepcopy__(self, memo: dict[int, Any]) -> Calibration:
        """Return itself: a calibration is never changed, a new one takes its place."""
        return self

    def __repr__(self) -> str:
        """Return method, rows and copies."""
        copies = f", {len(self.copies)} copies" if self.copies else ""
        return f"<Calibration by {self.method!r}, {self.rows} rows{copies}>"


def digest(arrays: Iterable[Array]) -> str:
    """Return a digest of the bits of arrays."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(np.ascontiguousarray(array).view(np.uint8).data)
    return found.hexdigest()
