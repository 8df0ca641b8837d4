"""Means and sums of any values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from lamina._check import Array, cast, numeric
from lamina.metrics.base import Metric


def by_row(
    who: str, values: Any, sample_weight: Any, reduce: Callable[..., Any]
) -> tuple[Array, Array]:
    """Return weighted values and weights, one of each per row, in float64.

    ``reduce``, a mean or a sum, is applied over further axes; a single number has weight 1.
    """
    values = cast(numeric(who, "values", values), np.float64)
    if values.ndim == 0:
        values = values[np.newaxis]
    weight = np.ones(len(values))
    if sample_weight is not None:
        weight = cast(numeric(who, "sample_weight", sample_weight), np.float64)
        if weight.ndim == 0:
            weight = np.full(len(values), weight)
    common = min(weight.ndim, values.ndim)
    if weight.shape[:common] != values.shape[:common]:
        raise ValueError(
            f"{who}: sample_weight must have shape ({len(values)},), or one weight for each of the "
            f"function's values; got {weight.shape}"
        )
    values = reduce(values.reshape(*values.shape[:common], -1), axis=-1)
    weight = reduce(weight.reshape(*weight.shape[:common], -1), axis=-1)
    rows = len(values), -1
    return reduce((values * weight).reshape(rows), axis=1), reduce(weight.reshape(rows), axis=1)


def recorded_mean(values: Any, sample_weight: Any = None) -> Any:
    """Return the mean of one update, while a graph is recorded, as a tensor."""
    from lamina import ops

    if sample_weight is None:
        return ops.mean(values)
    return ops.sum(values * sample_weight) / ops.sum(sample_weight)


class Sum(Metric):
    """The (weighted) sum of the given values.

    Parameters
    ----------
    name : str, default "sum"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> total = metrics.Sum()
    >>> total.update_state([1.0, 3.0])
    >>> total.result()
    4.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_variable(name="total")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:  # type: ignore[override]
        """Add all values, each multiplied by its weight or that of its row."""
        with np.errstate(all="ignore"):
            weighted, _ = by_row(self.name, values, sample_weight, np.sum)
            self.total.array[...] += np.sum(weighted)

    def result(self) -> float:
        """Return the sum."""
        return float(self.total)


class Mean(Metric):
    """The (weighted) mean of the given values.

    Parameters
    ----------
    name : str, default "mean"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> mean = metrics.Mean()
    >>> mean.update_state([1.0, 3.0], [3.0, 1.0])
    >>> mean.result()
    1.5
    """

    _plumbing: ClassVar[str] = "hold"

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total, self.count = self.add_variable(name="total"), self.add_variable(name="count")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:  # type: ignore[override]
        """Add values with their weights: a single number counts once."""
        plain: Any = values
        quick = sample_weight is None and type(plain) is np.ndarray and plain.dtype.kind == "f"
        if quick and plain.size == 1:
            self.total.array[()] += plain.item()  # the usual case in steps, kept fast
            self.count.array[()] += 1.0
            return
        with np.errstate(all="ignore"):
            if quick and plain.ndim == 1:  # the results of a function for each batch
                self.total.array[()] += plain.sum(dtype=np.float64)
                self.count.array[()] += len(plain)
                return
            weighted, weight = by_row(self.name, values, sample_weight, np.mean)
            self.total.array[...] += np.sum(weighted)
            self.count.array[...] += np.sum(weight)

    def result(self) -> float:
        """Return the mean; 0 if there are no values."""
        count = float(self.count)
        return float(self.total) / count if count else 0.0

    def hold(self, mean: float) -> None:
        """Take over a mean of the values seen since the last reset."""
        self.total.array[...], self.count.array[...] = mean, 1.0
