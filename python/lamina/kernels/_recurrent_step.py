"""One step of a SimpleRNN, for teaching."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._arguments import shape_of

Array = NDArray[Any]


def rnn_step_forward(
    x: ArrayLike,
    h: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str = "tanh",
) -> Array:
    r"""One step of a recurrent layer, :math:`h' = g(x W + h U + b)`.

    Parameters
    ----------
    x : array_like of shape (rows, inputs)
        One time step.
    h : array_like of shape (rows, units)
        The previous state.
    kernel, recurrent_kernel : array_like of shape (inputs, units) and (units, units)
        :math:`W` and :math:`U`.
    bias : array_like of shape (units,), optional
        :math:`b`; none by default.
    activation : str, default "tanh"
        Any element-wise activation, see `activation_forward`.

    Returns
    -------
    ndarray of shape (rows, units)
        The state after the step.

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
    >>> h = np.zeros((1, 1))
    >>> for x in (1.0, 2.0):
    ...     h = kernels.rnn_step_forward([[x]], h, [[1.0]], [[0.5]], activation="relu")
    >>> h
    array([[2.5]])
    """
    who = "rnn_step_forward"
    y: Array
    y, _, _, _ = _core.kernels.recurrent_forward(
        who, "simple_rnn", _one_step(who, x, h=h), kernel, recurrent_kernel, bias, h, None,
        None, None, None, activation, None, "sigmoid", False, False, False,
    )  # fmt: skip
    return y


def rnn_step_backward(
    dh: ArrayLike,
    x: ArrayLike,
    h: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str = "tanh",
) -> tuple[Array, Array, Array, Array, Array]:
    r"""Gradients of `rnn_step_forward`, which is computed again.

    With :math:`dz = dh' g'(z)`: :math:`dx = dz\,W^T`, :math:`dh = dz\,U^T`, :math:`dW = x^T dz`,
    :math:`dU = h^T dz`, :math:`db = \sum_n dz_n`.

    Parameters
    ----------
    dh : array_like of shape (rows, units)
        Gradient at the state after the step.
    x, h, kernel, recurrent_kernel, bias, activation
        As given to `rnn_step_forward`.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh : ndarray
        The last is the gradient at the state before the step.

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
    >>> dx, dkernel, *_ = kernels.rnn_step_backward(
    ...     [[1.0]], [[2.0]], [[0.0]], np.array([[3.0]]), [[0.5]], activation="linear"
    ... )
    >>> dx, dkernel
    (array([[3.]]), array([[2.]]))
    """
    x = _one_step("rnn_step_backward", x, h=h, dh=dh)
    _, _, _, saved = _core.kernels.recurrent_forward(
        "rnn_step_backward", "simple_rnn", x, kernel, recurrent_kernel, bias, h, None, None, None,
        None, activation, None, "sigmoid", False, False, True,
    )  # fmt: skip
    dx, dw, du, db, dh0, _ = _core.kernels.recurrent_backward(
        "rnn_step_backward", "simple_rnn", dh, saved, None, None, None, None, None, x, kernel,
        recurrent_kernel, bias, h, None, None, None, None, activation, None, "sigmoid", False,
        False,
    )  # fmt: skip
    return dx[:, 0], dw, du, db, dh0


def _one_step(who: str, x: ArrayLike, **others: ArrayLike) -> Array:
    """Return x as a sequence of one step; the other arrays must be given, too."""
    if len(shape := shape_of(who, "x", x)) != 2:
        raise ValueError(f"{who}: x must have 2 axes (rows, inputs); got shape {shape}")
    for name, other in others.items():
        shape_of(who, name, other)
    return np.asarray(x)[:, np.newaxis]
