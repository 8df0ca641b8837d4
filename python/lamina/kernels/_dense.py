"""Matrix product and dense layer."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._arguments import shape_of
from lamina.kernels._operation import Given, alpha_of, backward, forward

Array = NDArray[Any]


def matmul(
    a: ArrayLike,
    b: ArrayLike,
    transpose_a: bool = False,
    transpose_b: bool = False,
    *,
    out: Array | None = None,
    accumulate: bool = False,
) -> Array:
    r"""Matrix product :math:`C = \mathrm{op}(A)\,\mathrm{op}(B)`, or :math:`C \mathrel{+}=`.

    Each element is one chain of fused multiply-adds per block of ``k``, so the bits of a row do
    not depend on the number of threads.

    Parameters
    ----------
    a : array_like of shape (m, k), or (k, m) with ``transpose_a``
        Left factor.
    b : array_like of shape (k, n), or (n, k) with ``transpose_b``
        Right factor.
    transpose_a, transpose_b : bool, default False
        Use the transposed factor, without copying it.
    out : ndarray of shape (m, n), optional
        The array for the product: writable, C-contiguous, not overlapping ``a`` and ``b``.
    accumulate : bool, default False
        Add to ``out`` rather than overwrite it.

    Returns
    -------
    ndarray of shape (m, n)
        ``out`` if given.

    Raises
    ------
    ValueError
        If a factor is not two-dimensional, the inner sizes differ, or ``out`` cannot be written.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.matmul(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    return _core.kernels.matmul(a, b, transpose_a, transpose_b, out, accumulate)


def dense_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str = "linear",
    alpha: float | None = None,
) -> Array:
    r"""Dense layer, :math:`y = g(x W + b)`, in one pass over its output.

    Parameters
    ----------
    x : array_like of shape (rows, ..., inputs)
        The last axis is multiplied; all others count as rows.
    kernel : array_like of shape (inputs, units)
        Weights :math:`W`.
    bias : array_like of shape (units,), optional
        :math:`b`; none by default.
    activation : str, default "linear"
        An element-wise activation, as in `activation_forward`.
    alpha : float, optional
        The activation's parameter; Keras's default if not given.

    Returns
    -------
    ndarray of shape (rows, ..., units)

    Raises
    ------
    ValueError
        If shapes do not fit, or the activation is unknown.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> x = np.array([[1.0, -1.0]])
    >>> kernels.dense_forward(x, np.eye(2), bias=np.array([0.5, 0.5]), activation="relu")
    array([[1.5, 0. ]])
    """
    who = "dense_forward"
    alpha = alpha_of(who, activation, alpha)
    arrays = [*_layer(who, x, kernel), ("bias?", "bias", bias, "(units,)")]
    return forward(who, "dense", arrays, activation=activation, alpha=alpha)[0]


def dense_backward(
    dz: ArrayLike,
    x: ArrayLike,
    kernel: ArrayLike,
    dkernel: Array | None = None,
    dbias: Array | None = None,
) -> tuple[Array, Array, Array]:
    r"""Gradients of the dense layer from the gradient at its pre-activation.

    :math:`dx = dz\,W^T`, :math:`dW = x^T dz`, :math:`db = \sum_n dz_n`.  For the gradient at the
    layer's output, pass it through `activation_backward` first.

    Parameters
    ----------
    dz : array_like of shape (rows, ..., units)
        Gradient at :math:`z = x W + b`.
    x : array_like of shape (rows, ..., inputs)
        The layer's input.
    kernel : array_like of shape (inputs, units)
        Weights :math:`W`.
    dkernel, dbias : ndarray of shape (inputs, units) and (units,), optional
        Gradients to add to, in place; both or neither.

    Returns
    -------
    dx, dkernel, dbias : ndarray
        Of the shapes of ``x``, ``kernel`` and the bias.

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
    >>> dx, dkernel, dbias = kernels.dense_backward(
    ...     np.array([[1.0], [2.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[3.0], [4.0]])
    ... )
    >>> dkernel.ravel(), dbias
    (array([1., 2.]), array([3.]))
    """
    who = "dense_backward"
    arrays = [
        ("gradient", "dz", dz, "(rows, ..., units)"),
        *_layer(who, x, kernel),
        ("bias", "", ..., "(units,)"),
        ("+kernel", "dkernel", dkernel, "(inputs, units)"),
        ("+bias", "dbias", dbias, "(units,)"),
    ]
    dx, dw, db = backward(who, "dense", arrays, ["x", "kernel", "bias"])
    return dx, dw, db


def _layer(who: str, x: ArrayLike, kernel: ArrayLike) -> Given:
    sizes, wanted = shape_of(who, "x", x), shape_of(who, "kernel", kernel)
    if len(sizes) > 1 and len(wanted) == 2 and wanted[0] != sizes[-1]:
        raise ValueError(
            f"{who}: kernel must have one row for each of the {sizes[-1]} inputs of x; "
            f"got shape {wanted} for x of shape {sizes}"
        )
    if 0 in wanted:
        raise ValueError(
            f"{who}: kernel must have at least one input and one unit; got shape {wanted}"
        )
    return [("x", "x", x, "(rows, ..., inputs)"), ("kernel", "kernel", kernel, "(inputs, units)")]
