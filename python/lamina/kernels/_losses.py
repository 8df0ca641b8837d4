"""Losses, one number per row."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._operation import Given, backward, forward

Array = NDArray[Any]


def loss_forward(
    kind: str,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    delta: float = 1.0,
) -> Array:
    r"""Compute the loss of every row, over the last axis.

    The definitions are those of `lamina.losses`.  With logits the sigmoid or the softmax is part of
    the loss, which is exact at any finite logit.  Probabilities are clipped to [1e-7, 1 - 1e-7], as
    in Keras, and the categorical losses divide a row by its sum first.  Label smoothing
    :math:`s` replaces :math:`y` by :math:`y (1 - s) + s/2` (binary) or :math:`y (1 - s) + s/C`
    (categorical).

    Parameters
    ----------
    kind : str
        A name in `lamina.losses`, whose classes define the losses: ``"huber"`` is that of
        `lamina.losses.Huber`.
    y_true : array_like of the shape of `y_pred`, or (...,) of integers for the sparse loss
        Targets.
    y_pred : array_like of shape (..., columns)
        Predictions: values, probabilities, or logits.
    from_logits : bool, default False
        For the crossentropies: `y_pred` holds logits.
    label_smoothing : float, default 0
        In [0, 1]; for ``binary_crossentropy`` and ``categorical_crossentropy``.
    delta : float, default 1
        For ``huber``.

    Returns
    -------
    ndarray of shape (...,)

    Raises
    ------
    ValueError
        If shapes do not fit, a label is outside [0, columns), or an argument does not apply to
        `kind`.
    TypeError
        If dtypes differ, arrays are not real numbers, or labels are not integers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.loss_forward(
    ...     "sparse_categorical_crossentropy", [0], np.array([[1e4, -1e4]]), from_logits=True
    ... )
    array([0.])
    """
    who = "loss_forward"
    law = (kind, from_logits, label_smoothing, delta)
    arrays, settings = _loss(who, y_true, y_pred, *law)
    return forward(who, "loss", arrays, **settings)[0]


def loss_backward(
    kind: str,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    dloss: ArrayLike | None = None,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    delta: float = 1.0,
) -> Array:
    r"""Gradient of the loss at `y_pred`, each row times its `dloss`.

    From logits and with targets that sum to one, this is :math:`\sigma(z) - y` (over the number
    of columns) and :math:`\mathrm{softmax}(z) - y`.

    Parameters
    ----------
    kind, y_true, y_pred, from_logits, label_smoothing, delta
        As in `loss_forward`.
    dloss : array_like of shape (...,), optional
        Gradient at each row's loss; 1 if not given.

    Returns
    -------
    ndarray of the shape of `y_pred`

    Raises
    ------
    ValueError, TypeError
        As in `loss_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.loss_backward("mean_squared_error", np.array([[1.0, 2.0]]), np.array([[2.0, 2.0]]))
    array([[1., 0.]])
    """
    who = "loss_backward"
    law = (kind, from_logits, label_smoothing, delta)
    arrays, settings = _loss(who, y_true, y_pred, *law)
    arrays.append(("gradient?", "dloss", dloss, "(...,)"))
    return backward(who, "loss", arrays, ["y_pred"], **settings)[0]


def _loss(
    who: str, y_true: ArrayLike, y_pred: ArrayLike, kind: str, from_logits: bool, *numbers: float
) -> tuple[Given, dict[str, Any]]:
    parameter, labels = _core.kernels.loss_law(who, kind, from_logits, *numbers)
    truth: tuple[Any, ...] = ("target", "y_true", y_true, "of y_pred")
    if labels:
        truth = ("target", "y_true", y_true, "(...,)", ("columns", "classes"))
    settings = {"kind": kind, "from_logits": from_logits, "parameter": parameter}
    return [("prediction", "y_pred", y_pred, "(..., columns)"), truth], settings
