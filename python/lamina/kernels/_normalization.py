"""Batch and layer normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina._check import boolean
from lamina.kernels._operation import Given, backward, forward, within

Array = NDArray[Any]


def batch_norm_forward(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    mean: ArrayLike | None = None,
    variance: ArrayLike | None = None,
    epsilon: float = 1e-3,
    mask: ArrayLike | None = None,
) -> tuple[Array, Array, Array]:
    r"""Batch normalisation, :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta`.

    Mean and variance (divided by the count) are computed for each column over all other axes of the
    rows that ``mask`` keeps; every row is normalised by them.

    Parameters
    ----------
    x : array_like of shape (..., columns)
        Input.
    gamma, beta : array_like of shape (columns,), optional
        Scale and shift; 1 and 0 by default.
    mean, variance : array_like of shape (columns,), optional
        Moments to use; those of ``x`` by default.  Both or neither.
    epsilon : float, default 1e-3
        Added to the variance.
    mask : array_like of bool, of the shape of ``x`` without its last axis, optional
        Rows that count for the moments; all by default.  Without any, the moments are 0.

    Returns
    -------
    y : ndarray of the shape of ``x``
    mean, variance : ndarray of shape (columns,)
        The moments used.  A variance that overflows the dtype is infinite; y is right if the
        moments are those of ``x``.

    Raises
    ------
    ValueError
        If shapes do not fit, or both a mask and moments are given.
    TypeError
        If the arrays' dtypes differ or are not real numbers, or the mask is not boolean.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y, mean, variance = kernels.batch_norm_forward(np.array([[1.0], [3.0]]), epsilon=0.0)
    >>> y.ravel(), mean, variance
    (array([-1.,  1.]), array([2.]), array([1.]))
    """
    who = "batch_norm_forward"
    epsilon = within(who, "epsilon", epsilon)
    if (mean is None) != (variance is None):
        raise ValueError(f"{who}: mean and variance must be given together, or neither")
    if mean is not None and mask is not None:
        raise ValueError(
            f"{who}: mask chooses the rows of the statistics; it must be None where they are given"
        )
    arrays = [
        ("x", "x", x, "(..., columns)"),
        ("gamma?", "gamma", gamma, "(columns,)"),
        ("beta?", "beta", beta, "(columns,)"),
        *(_NOTHING_MOVES if mean is None or variance is None else _moving(mean, variance)),
        ("mask?", "mask", mask, "(...) of x without its last axis", "mask"),
        ("output", "", ..., "(..., columns)"),
    ]
    found = forward(who, "batch_norm", arrays, epsilon=epsilon, batch_statistics=mean is None)
    y = found[0]
    if mean is None:
        moments = found[1].view(y.dtype)[:-1] if len(found) > 1 else np.zeros(0)
        mean, variance = moments.reshape(2, y.shape[-1])
    return y, np.array(mean, y.dtype), np.array(variance, y.dtype)


def batch_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    gamma: ArrayLike | None = None,
    epsilon: float = 1e-3,
    batch_statistics: bool = True,
    mask: ArrayLike | None = None,
    dgamma: Array | None = None,
    dbeta: Array | None = None,
) -> tuple[Array, Array, Array]:
    r"""Gradients of batch normalisation.

    With :math:`\hat x = (x - \mu) / s`, :math:`s = \sqrt{\sigma^2 + \epsilon}`, sums over all
    rows, and moments of the :math:`M` rows where the mask :math:`m` is 1,

    .. math::
        d\beta = \sum dy, \quad d\gamma = \sum dy\,\hat x, \quad
        dx = \frac{\gamma}{s} \left(dy - \frac{m}{M} (d\beta + \hat x\,d\gamma)\right).

    Parameters
    ----------
    dy, x : array_like of shape (..., columns)
        Gradient at the output, and the input.
    mean, variance : array_like of shape (columns,)
        The moments that `batch_norm_forward` returned.
    gamma : array_like of shape (columns,), optional
        Scale; 1 by default.
    epsilon : float, default 1e-3
        As in the forward pass.
    batch_statistics : bool, default True
        Whether the moments are those of ``x`` and depend on it; if not,
        :math:`dx = \gamma\,dy / s`.
    mask : array_like of bool, of the shape of ``x`` without its last axis, optional
        As in the forward pass.
    dgamma, dbeta : ndarray of shape (columns,), optional
        Gradients to add to, in place; both or neither.

    Returns
    -------
    dx, dgamma, dbeta : ndarray

    Raises
    ------
    ValueError
        If shapes do not fit, or an array to be added to cannot be written in place.
    TypeError
        If the arrays' dtypes differ or are not real numbers, or the mask is not boolean.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> x, dy = np.array([[1.0], [3.0]]), np.array([[0.0], [1.0]])
    >>> dx, dgamma, dbeta = kernels.batch_norm_backward(dy, x, [2.0], [1.0], epsilon=0.0)
    >>> dx.ravel(), dgamma, dbeta
    (array([0., 0.]), array([1.]), array([1.]))
    """
    who = "batch_norm_backward"
    boolean(who, "batch_statistics", batch_statistics)
    moments = [("saved", "mean", mean, "(columns,)"), ("saved", "variance", variance, "(columns,)")]
    arrays = [
        ("gradient", "dy", dy, "of x"),
        ("x", "x", x, "(..., columns)"),
        *([*moments, *_NOTHING_MOVES] if batch_statistics else _moving(mean, variance)),
        *_weights(gamma, dgamma, dbeta),
        ("mask?", "mask", mask, "(...) of x without its last axis", "mask"),
        ("output", "", ..., "(..., columns)"),
    ]
    settings = {"epsilon": within(who, "epsilon", epsilon), "batch_statistics": batch_statistics}
    dx, dg, db = backward(who, "batch_norm", arrays, ["x", "gamma", "beta"], **settings)
    return dx, dg, db


def _moving(mean: ArrayLike, variance: ArrayLike) -> Given:
    """Return the given moments for an operation that does not compute them."""
    return [
        ("moving_mean", "mean", mean, "(columns,)"),
        ("moving_variance", "variance", variance, "(columns,)"),
    ]


_NOTHING_MOVES: Given = [
    (f"moving_{moment}", "", ..., "(columns,)") for moment in ("mean", "variance")
]


def _weights(gamma: ArrayLike | None, dgamma: Array | None, dbeta: Array | None) -> Given:
    """Return scale and shift for backward, which does not read the shift."""
    return [
        ("gamma", "", ..., "(columns,)")
        if gamma is None
        else ("gamma", "gamma", gamma, "(columns,)"),
        ("beta", "", ..., "(columns,)"),
        ("+gamma", "dgamma", dgamma, "(columns,)"),
        ("+beta", "dbeta", dbeta, "(columns,)"),
    ]


def layer_norm_forward(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-3,
) -> tuple[Array, Array, Array]:
    r"""Layer normalisation, :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta`.

    Mean and variance (divided by the count) are computed over the columns of each row.

    Parameters
    ----------
    x : array_like of shape (..., columns)
        Input.
    gamma, beta : array_like of shape (columns,), optional
        Scale and shift; 1 and 0 by default.
    epsilon : float, default 1e-3
        Added to the variance.

    Returns
    -------
    y : ndarray of the shape of ``x``
    mean, inverse : ndarray of the shape of ``x`` without its last axis
        The rows' means and :math:`1 / \sqrt{\sigma^2 + \epsilon}`, for the backward.

    Raises
    ------
    ValueError
        If shapes do not fit, or there is no column.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y, mean, inverse = kernels.layer_norm_forward(np.array([[1.0, 3.0]]), epsilon=0.0)
    >>> y, mean, inverse
    (array([[-1.,  1.]]), array([2.]), array([1.]))
    """
    who = "layer_norm_forward"
    arrays = [
        ("x", "x", x, "(..., columns)"),
        ("gamma?", "gamma", gamma, "(columns,)"),
        ("beta?", "beta", beta, "(columns,)"),
    ]
    y, saved = forward(who, "layer_norm", arrays, epsilon=within(who, "epsilon", epsilon))
    mean, inverse = saved.view(y.dtype).reshape(2, *y.shape[:-1])
    return y, np.array(mean), np.array(inverse)


def layer_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    inverse: ArrayLike,
    gamma: ArrayLike | None = None,
    dgamma: Array | None = None,
    dbeta: Array | None = None,
) -> tuple[Array, Array, Array]:
    r"""Gradients of layer normalisation.

    With :math:`\hat x = (x - \mu) v`, :math:`v` the inverse and :math:`g = \gamma\,dy`,

    .. math::
        dx = v \left(g - \overline{g} - \hat x\,\overline{g \hat x}\right), \quad
        d\gamma = \sum_n dy\,\hat x, \quad d\beta = \sum_n dy,

    where bars are means over the columns of a row.

    Parameters
    ----------
    dy, x : array_like of shape (..., columns)
        Gradient at the output, and the input.
    mean, inverse : array_like of the shape of ``x`` without its last axis
        As returned by `layer_norm_forward`.
    gamma : array_like of shape (columns,), optional
        Scale; 1 by default.
    dgamma, dbeta : ndarray of shape (columns,), optional
        Gradients to add to, in place; both or neither.

    Returns
    -------
    dx, dgamma, dbeta : ndarray

    Raises
    ------
    ValueError
        If shapes do not fit, or an array to be added to cannot be written in place.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> x, dy = np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]])
    >>> dx, dgamma, dbeta = kernels.layer_norm_backward(dy, x, [2.0], [1.0])
    >>> dx, dgamma, dbeta
    (array([[0., 0.]]), array([0., 1.]), array([0., 1.]))
    """
    arrays = [
        ("gradient", "dy", dy, "of x"),
        ("x", "x", x, "(..., columns)"),
        ("saved", "mean", mean, "(...) of x without its last axis"),
        ("saved", "inverse", inverse, "(...) of x without its last axis"),
        *_weights(gamma, dgamma, dbeta),
    ]
    dx, dg, db = backward("layer_norm_backward", "layer_norm", arrays, ["x", "gamma", "beta"])
    return dx, dg, db
