"""The choice of training rows and rows held out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import is_array
from lamina._calls import checking_keywords
from lamina._folds import warn_of_overlap
from lamina.model_selection.scikit import check_cv, check_random_state

Array = NDArray[Any]
Splits = list[tuple[Array, Array]]


class Bootstrap:
    """A splitter of scikit-learn's protocol: rows drawn with replacement, the others held out.

    Each resample has as many rows as there are; about 37 % of the rows, (1 - 1/n)^n, are not in it.
    A resample with all rows in it is drawn again.

    Parameters
    ----------
    n_resamples : int, default 100
    random_state : int, RandomState or None, default 0
        The seed of the draws.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.model_selection import Bootstrap
    >>> for train, test in Bootstrap(2, random_state=1).split(np.zeros((6, 1))):
    ...     print(train, test)
    [5 3 4 0 1 3] [2]
    [5 0 0 1 4 5] [2 3]
    """

    @checking_keywords
    def __init__(self, n_resamples: int = 100, random_state: Any = 0) -> None:
        self.n_resamples = _check.integer("Bootstrap", "n_resamples", n_resamples)
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002
        """Return the number of resamples."""
        return self.n_resamples

    def split(
        self,
        X: Any,
        y: Any = None,  # noqa: ARG002
        groups: Any = None,  # noqa: ARG002
    ) -> Iterator[tuple[Array, Array]]:
        """Yield (rows drawn, rows left out).

        Parameters
        ----------
        X : array_like of shape (rows, ...)
        y, groups : ignored
        """
        rows = int(np.shape(X)[0])
        if rows < 2:
            raise ValueError(f"Bootstrap: needs at least two rows; got {rows}")
        generator = check_random_state(self.random_state)
        for _ in range(self.n_resamples):
            left = np.empty(0, dtype=np.int64)
            while not left.size:
                drawn = generator.randint(0, rows, rows)
                left = np.setdiff1d(np.arange(rows), drawn)
            yield drawn, left

    def __repr__(self) -> str:
        """Return the settings."""
        return f"Bootstrap(n_resamples={self.n_resamples}, random_state={self.random_state})"


def splits_of(who: str, cv: Any, x: Any, y: Any, rows: int, labels: Any, groups: Any) -> Splits:
    """Return pairs of (training rows, rows held out), as scikit-learn's ``check_cv`` reads ``cv``.

    Parameters
    ----------
    who : str
        The caller, for messages.
    cv : int, splitter, iterable of pairs, or None
        None stands for five folds.
    x, y : object
        Passed to a splitter if each is one array; otherwise only the number of rows.
    rows : int
    labels : ndarray or None
        Classes whose shares are kept by a number of folds, and which a splitter gets for ``y``.
    groups : array_like or None

    Warns
    -----
    UserWarning
        Of rows that are trained on and held out in the same pair.
    """
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        cv = _check.integer(who, "cv", cv, 2)
    if isinstance(cv, (str, bytes, bool, float)):
        raise TypeError(
            f"{who}: cv must be a number of folds, a splitter of scikit-learn or pairs of row "
            f"numbers; got {cv!r}"
        )
    array = x if hasattr(x, "shape") else np.zeros((rows, 1))
    targets = labels if labels is not None or not is_array(y) else y
    try:
        splitter = check_cv(5 if cv is None else cv, labels, classifier=labels is not None)
        found = [
            (_numbers(who, train, rows), _numbers(who, test, rows))
            for train, test in splitter.split(array, targets, groups)
        ]
    except TypeError as error:
        if str(error).startswith(f"{who}: "):
            raise
        raise TypeError(
            f"{who}: cv must be a number of folds, a splitter of scikit-learn or pairs of row "
            f"numbers; got {cv!r:.80}, which raises: {error}"
        ) from error
    except ValueError as error:
        raise ValueError(f"{who}: {error}{_advice(str(error), rows)}") from error
    if not found:
        raise ValueError(f"{who}: cv must give at least one pair of rows; it gave none")
    for place, pair in enumerate(found):
        for name, part in zip(("train on", "hold out"), pair, strict=True):
            if not part.size or part.min() < 0 or part.max() >= rows:
                raise ValueError(
                    f"{who}: cv must give rows from 0 to {rows - 1}; split {place} has "
                    f"{part.size or 'none'} to {name}"
                )
        warn_of_overlap(who, f"split {place} of cv", *pair)
    return found


def _advice(said: str, rows: int) -> str:
    """Return what to do about an error of a splitter."""
    if "'groups'" in said:
        return f" Give groups=, the group of each of the {rows} rows"
    if "n_splits" in said:
        return f" Give fewer folds, such as cv=2, or more rows: there are {rows}"
    return ""


def _numbers(who: str, given: Any, rows: int) -> Array:
    array = np.asarray(given)
    if array.dtype == bool and array.shape == (rows,):
        array = np.flatnonzero(array)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{who}: cv must give row numbers, integers; got {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.int64)
