"""Losses for continuous outcomes."""

from __future__ import annotations

from typing import Any

from lamina._check import number
from lamina.losses.base import REDUCTION, Loss


class MeanSquaredError(Loss):
    """``mean_c (y_c - p_c)^2`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "mean_squared_error"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Notes
    -----
    The loss of a row has the dtype of the predictions: beyond its range (in float32 from errors of
    about 2e19 on) it is infinite, and `fit` stops with `lamina.TrainingDiverged`.  The metric of
    this name sums in float64.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.MeanSquaredError()([[0.0], [1.0]], [[1.0], [3.0]])
    2.5
    """

    kind = "mean_squared_error"

    def __init__(
        self,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._init(reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each position."""
        from lamina.losses import functions

        return functions.mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Loss):
    """``mean_c |y_c - p_c|`` over the last axis; its gradient at 0 is 0.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "mean_absolute_error"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.MeanAbsoluteError()([[0.0], [1.0]], [[1.0], [3.0]])
    1.5
    """

    kind = "mean_absolute_error"

    def __init__(
        self,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._init(reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each position."""
        from lamina.losses import functions

        return functions.mean_absolute_error(y_true, y_pred)


class Huber(Loss):
    """``mean_c h(y_c - p_c)``: h(e) = e^2/2 for |e| <= delta, else delta |e| - delta^2/2.

    Huber 1964: quadratic near 0, linear in the tails.

    Parameters
    ----------
    delta : float, default 1.0
        The transition point, above 0.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "huber"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.Huber()([[0.0], [1.0]], [[1.0], [4.0]])
    1.5
    """

    kind = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.delta = number("Huber", "delta", delta, low=0.0, low_open=True)
        self._init(reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each position."""
        from lamina.losses import functions

        return functions.huber(y_true, y_pred, self.delta)

    @property
    def parameter(self) -> float:
        """Delta."""
        return self.delta
