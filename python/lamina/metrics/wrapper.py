"""A user's function of a row as a metric."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina._names import snake_case
from lamina.metrics.direction import DIRECTIONS
from lamina.metrics.mean import Mean
from lamina.metrics.traced import Traced


class MeanMetricWrapper(Mean):
    """The weighted mean of ``fn(y_true, y_pred)`` over all rows.

    Parameters
    ----------
    fn : callable
        Takes two arrays of shape (rows, ...) and returns one value per row (or more, which are
        averaged), or a single number, which applies to each of the rows.  It may be written with
        NumPy, or with ``lamina.ops``: it is then recorded once for each shape of a batch, and not
        called again.
    name : str, default ``fn.__name__`` in snake case
        Key in the history: "lambda" for a lambda, and the class name for an object.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    direction : {"up", "down"}, optional
        Whether larger or smaller values are better; by default the ``direction`` attribute of the
        function, if it has one.
    **kwargs
        Arguments of the function.

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
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: str | None = None,
        direction: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"MeanMetricWrapper: fn must be callable; got {fn!r}")
        if direction not in (None, *DIRECTIONS):
            raise ValueError(
                f"MeanMetricWrapper: direction must be 'up', 'down' or None; got {direction!r}"
            )
        self._called = _name_of(fn)
        super().__init__(name, dtype)
        self.fn = fn
        self._arguments = kwargs
        self._traced = Traced(fn, kwargs)
        self.direction = direction or getattr(fn, "direction", None) or type(self).direction

    def default_name(self) -> str:  # type: ignore[override]
        """Return the function's name."""
        return self._called

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the function itself."""
        return {**super().get_config(), **self._arguments}

    def update_state(  # type: ignore[override]
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add rows.

        Raises
        ------
        ValueError, TypeError
            If the function returns neither one value per row nor a single number.
        """
        y_pred = np.asarray(y_pred)
        rows = y_pred.shape[0]
        made = self._traced(np.asarray(y_true), y_pred)
        if made is None:
            raise TypeError(f"{self.name}: the function must return numbers; got None")
        values = np.asarray(made, dtype=np.float64)
        if values.ndim == 0:
            values = np.full(rows, values)
        if values.shape[:1] != (rows,):
            raise ValueError(
                f"{self.name}: the function must return one value per row, shape ({rows},), or a "
                f"single number; got {values.shape}"
            )
        super().update_state(values, sample_weight)


def _name_of(fn: Callable[..., Any]) -> str:
    """Return the name of a function or of an object's class in snake case; "lambda" for lambdas."""
    inner = getattr(fn, "func", fn)  # for partial functions
    return snake_case(re.sub(r"\W+", "", getattr(inner, "__name__", type(inner).__name__)))
