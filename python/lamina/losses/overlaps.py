"""Losses for overlaps, over a whole batch or along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina._check import number
from lamina.losses.base import REDUCTION
from lamina.losses.functional import FunctionalLoss


class Dice(FunctionalLoss):
    """One minus Dice's coefficient, ``2 sum(y p) / (sum(y) + sum(p))``, over a whole batch.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined if axes remain; see `Loss`.
    name : str, default "dice"
        Name in reports.
    axis : int or tuple of int, optional
        The axes to sum over, counted with the axis of rows; by default all.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.Dice()([[0, 1, 1]], [[0.2, 0.7, 0.4]]).__round__(6)
    0.333333
    """

    function = "dice"
    settings = ("axis",)

    def __init__(
        self,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        axis: Any = None,
        dtype: str | None = None,
    ) -> None:
        self.axis = axis
        self._init(reduction, name, dtype)


class Tversky(FunctionalLoss):
    """One minus Tversky's index: Dice's with weights for false negatives and false positives.

    Salehi et al. 2017, https://arxiv.org/abs/1706.05721.

    Parameters
    ----------
    alpha, beta : float, default 0.5
        Weights of false negatives and of false positives.
    reduction : str, default "sum_over_batch_size"
        How rows are combined if axes remain; see `Loss`.
    name : str, default "tversky"
        Name in reports.
    axis : int or tuple of int, optional
        The axes to sum over, counted with the axis of rows; by default all.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.Tversky()([[0, 1, 1]], [[0.2, 0.7, 0.4]]).__round__(6)
    0.333333
    """

    function = "tversky"
    settings = ("alpha", "beta", "axis")

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        axis: int | Sequence[int] | None = None,
        dtype: str | None = None,
    ) -> None:
        self.alpha, self.beta = number("Tversky", "alpha", alpha), number("Tversky", "beta", beta)
        self.axis = axis
        self._init(reduction, name, dtype)
