"""Losses for predicted distributions: by mean and variance, and by quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from lamina._check import number
from lamina.losses.base import REDUCTION
from lamina.losses.functional import FunctionalLoss

PREDICTS = ("variance", "log_variance")


class GaussianNLL(FunctionalLoss):
    """``mean (log v + (y - m)^2 / v) / 2`` for a normal distribution with mean m and variance v.

    A model with k outputs predicts 2 k columns: the means, then the variances, for example
    ``Dense(2)`` with ``predicts="log_variance"``, or, with "variance", a `Concatenate` of
    ``Dense(1)`` and ``Dense(1, "softplus")``.  The same as ``torch.nn.GaussianNLLLoss``.

    Nix and Weigend 1994, "Estimating the mean and variance of the target probability distribution".

    Parameters
    ----------
    predicts : {"variance", "log_variance"}, default "variance"
        The content of the second half of the columns.
    full : bool, default False
        Whether the constant, ``log(2 pi) / 2``, is added.
    epsilon : float, default 1e-6
        Lower bound of the variance: smaller values are replaced by it and get no gradient.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "gaussian_nll"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.GaussianNLL()([[1.0], [0.0]], [[0.0, 1.0], [0.0, 1.0]])
    0.25
    """

    function = "gaussian_nll"
    settings: ClassVar[tuple[str, ...]] = ("predicts", "full", "epsilon")

    def __init__(
        self,
        predicts: str = "variance",
        full: bool = False,
        epsilon: float = 1e-6,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        if predicts not in PREDICTS:
            raise ValueError(f"GaussianNLL: predicts must be one of {PREDICTS}; got {predicts!r}")
        self.predicts = predicts
        self.full = bool(full)
        self.epsilon = number("GaussianNLL", "epsilon", epsilon, low=0.0, low_open=True)
        self._init(reduction, name, dtype)

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the prediction's shape with half as many columns."""
        if not prediction_shape or prediction_shape[-1] % 2:
            raise ValueError(
                f"{self.name}: predictions need a mean and a variance for each output, an even "
                f"number of columns; got a row of shape {tuple(prediction_shape)}"
            )
        return (*prediction_shape[:-1], prediction_shape[-1] // 2)


class Pinball(FunctionalLoss):
    """``mean max(q e, (q - 1) e)``, ``e = y - p``: the loss for one or several quantiles.

    With several quantiles their predictions lie along the last axis: ``Dense(3)`` for
    ``quantiles=(0.1, 0.5, 0.9)`` and targets with one column.  Like
    ``sklearn.metrics.mean_pinball_loss``, averaged over the quantiles.

    Koenker and Bassett 1978, "Regression quantiles".

    Parameters
    ----------
    quantiles : float or sequence of float, default 0.5
        Each in (0, 1).
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "pinball"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> round(losses.Pinball(0.9)([[1.0], [0.0]], [[0.0], [1.0]]), 6)
    0.5
    """

    function = "pinball"
    settings: ClassVar[tuple[str, ...]] = ("quantiles",)

    def __init__(
        self,
        quantiles: float | Sequence[float] = 0.5,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.quantiles = _checked(quantiles)
        self._init(reduction, name, dtype)

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape without the axis of the quantiles, if there are several."""
        if np.ndim(self.quantiles) == 0:
            return tuple(prediction_shape)
        count = len(self.quantiles)
        if not prediction_shape or prediction_shape[-1] != count:
            raise ValueError(
                f"{self.name}: predictions need a column for each of {count} quantiles; got a row "
                f"of shape {tuple(prediction_shape)}"
            )
        return tuple(prediction_shape[:-1])


def _checked(quantiles: Any) -> Any:
    limits: dict[str, Any] = {"low": 0.0, "high": 1.0, "low_open": True, "high_open": True}
    if np.ndim(quantiles) == 0:
        return number("Pinball", "quantiles", quantiles, **limits)
    values = [number("Pinball", "quantiles", q, **limits) for q in np.asarray(quantiles).tolist()]
    if not values:
        raise ValueError("Pinball: quantiles must be at least one number; got none")
    return values
