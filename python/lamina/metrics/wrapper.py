"""A user's own function of a row as a metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina.metrics.base import Metric
from lamina.metrics.direction import DIRECTIONS


class MeanMetricWrapper(Metric):
    """The weighted mean of ``fn(y_true, y_pred)`` over all rows.

    Parameters
    ----------
    fn : callable
        Takes two arrays of shape (rows, ...) and returns one value a row (or more, which are
        averaged).
    name : str, default ``fn.__name__``
        Key in the history.
    direction : {"up", "down"}, optional
        Whether larger or smaller values are better; by default the function's own attribute
        ``direction``, if it has one.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import metrics
    >>> def worst(y, p):
    ...     return np.abs(y - p).max(axis=-1)
    >>> metrics.MeanMetricWrapper(worst)([[0.0, 1.0]], [[2.0, 2.0]])
    2.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, direction: str | None = None
    ) -> None:
        if not callable(fn):
            raise TypeError(f"MeanMetricWrapper: fn must be callable; got {fn!r}")
        if direction not in (None, *DIRECTIONS):
            raise ValueError(
                f"MeanMetricWrapper: direction must be 'up', 'down' or None; got {direction!r}"
            )
        super().__init__(name or str(getattr(fn, "__name__", "mean_metric")))
        self.fn = fn
        self.direction = direction or getattr(fn, "direction", None) or type(self).direction
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all rows seen."""
        self._total = 0.0
        self._weight = 0.0

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add rows.

        Raises
        ------
        ValueError
            If the function does not return one value a row.
        """
        y_pred = np.asarray(y_pred)
        rows = y_pred.shape[0]
        values = np.asarray(self.fn(np.asarray(y_true), y_pred), dtype=np.float64)
        if values.shape[:1] != (rows,):
            raise ValueError(
                f"{self.name}: the function must return one value a row, shape ({rows},); "
                f"got {values.shape}"
            )
        weight = np.ones(rows) if sample_weight is None else np.asarray(sample_weight, np.float64)
        common = min(weight.ndim, values.ndim)
        if common == 0 or weight.shape[:common] != values.shape[:common]:
            raise ValueError(
                f"{self.name}: sample_weight must have shape ({rows},), or one weight for each "
                f"of the function's values; got {weight.shape}"
            )
        # Whichever has further axes is averaged over them.
        with np.errstate(all="ignore"):
            values = values.reshape(*values.shape[:common], -1).mean(axis=-1)
            weight = weight.reshape(*weight.shape[:common], -1).mean(axis=-1)
            self._total += float(np.sum(weight * values))
            self._weight += float(np.sum(weight))

    def result(self) -> float:
        """Return the weighted mean of all rows seen."""
        return self._total / self._weight if self._weight else 0.0
