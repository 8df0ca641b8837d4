"""The fully connected recurrent layer over whole sequences."""

from __future__ import annotations

from numpy.typing import ArrayLike

from lamina import _core
from lamina.kernels._recurrence import Array, Gradients


def simple_rnn_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_h: ArrayLike | None = None,
    *,
    activation: str = "tanh",
    alpha: float | None = None,
    mask: ArrayLike | None = None,
    input_drop: ArrayLike | None = None,
    recurrent_drop: ArrayLike | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
    keep: bool = True,
) -> tuple[Array, Array, Array]:
    r"""Fully connected recurrent layer, :math:`h_t = g(x_t W + h_{t-1} U + b)`.

    Elman, "Finding structure in time", 1990; Keras's ``SimpleRNN``.

    Parameters
    ----------
    x : array_like of shape (rows, steps, inputs)
        Sequences.
    kernel, recurrent_kernel : array_like of shape (inputs, units) and (units, units)
        :math:`W` and :math:`U`.
    bias : array_like of shape (units,), optional
        :math:`b`; none by default.
    activation : str, default "tanh"
        Any element-wise activation, see `activation_forward`.
    alpha : float, optional
        The activation's parameter; Keras's default if not given.
    initial_h, mask, input_drop, recurrent_drop, go_backwards, return_sequences, keep
        See ``lamina.kernels._recurrence``.

    Returns
    -------
    y : ndarray of shape (rows, units), or (rows, steps, units) with ``return_sequences``
    h : ndarray of shape (rows, units)
        The last state.
    saved : ndarray
        The input of `simple_rnn_backward`; its layout is private.

    Raises
    ------
    ValueError
        If shapes do not fit, a sequence has no steps, or an activation is unknown.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> x = np.array([[[1.0], [2.0]]])
    >>> y, h, saved = kernels.simple_rnn_forward(x, [[1.0]], [[0.5]], activation="relu")
    >>> y
    array([[2.5]])
    """
    y, h, _, saved = _core.kernels.recurrent_forward(
        "simple_rnn_forward", "simple_rnn", x, kernel, recurrent_kernel, bias, initial_h,
        None, mask, input_drop, recurrent_drop, activation, alpha,
        "sigmoid", go_backwards, return_sequences, keep,
    )  # fmt: skip
    return y, h, saved


def simple_rnn_backward(
    dy: ArrayLike | None,
    saved: Array,
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_h: ArrayLike | None = None,
    *,
    dh: ArrayLike | None = None,
    dkernel: Array | None = None,
    drecurrent_kernel: Array | None = None,
    dbias: Array | None = None,
    activation: str = "tanh",
    alpha: float | None = None,
    mask: ArrayLike | None = None,
    input_drop: ArrayLike | None = None,
    recurrent_drop: ArrayLike | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
) -> Gradients:
    r"""Gradients of `simple_rnn_forward`: back-propagation through all time steps.

    Parameters
    ----------
    dy : array_like of the shape of ``y``, or None
        Gradient at the output.
    saved : ndarray
        From `simple_rnn_forward`, called with the same arguments.
    x, kernel, recurrent_kernel, bias, initial_h
        As given to `simple_rnn_forward`.
    dh : array_like of shape (rows, units), optional
        Gradient at the last state.
    dkernel, drecurrent_kernel, dbias : ndarray, optional
        Gradients to add to, in place; all or none.
    activation, alpha, mask, input_drop
    recurrent_drop, go_backwards, return_sequences
        As given to `simple_rnn_forward`.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh : ndarray
        Gradients at the inputs, the weights and the initial state.

    Raises
    ------
    ValueError
        If shapes do not fit, or an array to be added to cannot be written in place.
    TypeError
        If the arrays' dtypes differ or are not real numbers.
    """
    dx, dw, du, db, dh0, _ = _core.kernels.recurrent_backward(
        "simple_rnn_backward", "simple_rnn", dy, saved, dh, None, dkernel,
        drecurrent_kernel, dbias, x, kernel, recurrent_kernel, bias, initial_h,
        None, mask, input_drop, recurrent_drop, activation, alpha,
        "sigmoid", go_backwards, return_sequences,
    )  # fmt: skip
    return dx, dw, du, db, dh0
