"""Metrics: states to which batches are added."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _core


def metric_state(kind: str, columns: int = 1) -> NDArray[np.float64]:
    """Return a zeroed state for `metric_update`.

    Parameters
    ----------
    kind : str
        A name as in `metric_update`.
    columns : int, default 1
        Columns of the predictions; ``r2`` keeps four numbers per column, the others two in total.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ValueError
        If `kind` is unknown, or `columns` is negative.
    TypeError
        If `columns` is not an integer.

    Examples
    --------
    >>> from lamina import kernels
    >>> kernels.metric_state("r2", columns=2).shape
    (8,)
    """
    return _core.kernels.metric_state(kind, columns)


def metric_update(
    kind: str,
    state: NDArray[np.float64],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    threshold: float = 0.5,
) -> None:
    r"""Add a batch to a metric's state, in place.

    Two numbers are kept, :math:`\sum w v` and :math:`\sum w`, where :math:`v` is a row's value of
    the metric, the mean over its columns.

    ``r2`` keeps, for each column, :math:`\sum w`, the mean of :math:`y`,
    :math:`\sum w (y - \bar y)^2` and :math:`\sum w (y - p)^2`, merged as in Chan et al. (1983).

    Parameters
    ----------
    kind : str
        A ``kind`` of the classes in `lamina.metrics`, which define the metrics.
    state : ndarray of float64
        From `metric_state`; updated.
    y_true : array_like of the shape of `y_pred`, or (...,) of integers for the sparse accuracy
        Targets.
    y_pred : array_like of shape (..., columns)
        Predictions.
    sample_weight : array_like of shape (...,), optional
        Weight :math:`w` of each row; 1 if not given.
    threshold : float, default 0.5
        :math:`t` of ``binary_accuracy``.

    Raises
    ------
    ValueError
        If shapes do not fit, `kind` is unknown, or a label is outside [0, columns).
    TypeError
        If dtypes differ, arrays are not real numbers, or labels are not integers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> state = kernels.metric_state("binary_accuracy")
    >>> kernels.metric_update("binary_accuracy", state, [[1], [0]], np.array([[0.9], [0.8]]))
    >>> state
    array([1., 2.])
    """
    _core.kernels.metric_update(kind, state, y_true, y_pred, sample_weight, threshold)
