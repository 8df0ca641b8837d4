"""Losses for label sequences, and for embeddings of labelled rows."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina._check import number
from lamina.losses.base import REDUCTION, check_free_target
from lamina.losses.functional import FunctionalLoss


class CTC(FunctionalLoss):
    """Minus the log-probability of a row's label sequence given its steps (Graves et al. 2006).

    Predictions are logits of shape (steps, classes), where class 0 is the blank; targets are labels
    from 1 on, padded with 0.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "ctc"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import losses
    >>> round(losses.CTC()([[1]], np.zeros((1, 2, 3), "float32")), 4)
    1.0986
    """

    function = "ctc"
    free_target = True  # labels, fewer than steps

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the labels as int32; there must be enough steps for them."""
        labels = check_free_target(self.name, y)
        if labels.ndim != 2 or len(prediction_shape) != 2:
            raise ValueError(
                f"{self.name}: y must have shape (rows, labels), for predictions (rows, steps, "
                f"classes); got {labels.shape} for rows of {tuple(prediction_shape)}"
            )
        steps, classes = prediction_shape
        whole = labels.astype("int32")
        bad = (whole != labels) | (whole < 0) | (whole >= classes)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(
                f"{self.name}: y must be integer labels in [0, {classes}); got "
                f"{labels[row, column]} in row {row}, column {column}"
            )
        counts = (whole != 0).sum(axis=1)
        within = np.arange(1, whole.shape[1]) < counts[:, None]
        repeats = ((whole[:, 1:] == whole[:, :-1]) & within).sum(axis=1)
        if (counts + repeats > steps).any():
            row = int(np.argmax(counts + repeats > steps))
            raise ValueError(
                f"{self.name}: row {row} of y has {counts[row]} labels, which need "
                f"{counts[row] + repeats[row]} steps with a blank between equal ones; the "
                f"predictions have {steps}"
            )
        return whole


class Circle(FunctionalLoss):
    """Circle loss of embeddings: close to others of their class, far from other classes.

    Each row is compared with all others of its batch, so the loss depends on how rows are split
    into batches.  Rows without another of their class are left out.  Predictions are embeddings of
    length 1, as returned by `UnitNormalization`; targets are integer labels.

    Sun et al. 2020, https://arxiv.org/abs/2002.10857.

    Parameters
    ----------
    gamma : float, default 80.0
        Scale factor.
    margin : float, default 0.4
        Relaxation margin: how far pairs must be beyond the optimum.
    remove_diagonal : bool, default True
        Whether a row is not compared with itself.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "circle"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.Circle()([0, 0, 1], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]).__round__(4)
    3.2008
    """

    function = "circle"
    settings: ClassVar[tuple[str, ...]] = ("gamma", "margin", "remove_diagonal")
    free_target = True

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.gamma, self.margin = (
            number("Circle", "gamma", gamma),
            number("Circle", "margin", margin),
        )
        self.remove_diagonal = bool(remove_diagonal)
        self._init(reduction, name, dtype)
