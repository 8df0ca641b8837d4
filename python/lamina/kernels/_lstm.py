"""Long short-term memory over whole sequences."""

from __future__ import annotations

from numpy.typing import ArrayLike

from lamina import _core
from lamina.kernels._recurrence import Array


def lstm_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_h: ArrayLike | None = None,
    initial_c: ArrayLike | None = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    mask: ArrayLike | None = None,
    input_drop: ArrayLike | None = None,
    recurrent_drop: ArrayLike | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
    keep: bool = True,
) -> tuple[Array, Array, Array, Array]:
    r"""Long short-term memory, gates in Keras's order i, f, c, o.

    .. math::
        i, f, o = \sigma(x_t W + h_{t-1} U + b), \quad g = \tanh(x_t W + h_{t-1} U + b), \quad
        c_t = f c_{t-1} + i g, \quad h_t = o \tanh(c_t)

    Hochreiter and Schmidhuber, "Long short-term memory", 1997.

    Parameters
    ----------
    x : array_like of shape (rows, steps, inputs)
        Sequences.
    kernel, recurrent_kernel : array_like of shape (inputs, 4 units) and (units, 4 units)
        :math:`W` and :math:`U`, one block of columns per gate.
    bias : array_like of shape (4 units,), optional
        :math:`b`; none by default.
    activation, recurrent_activation : str, default "tanh" and "sigmoid"
        For the candidate and state, and for the gates; see `activation_forward`.
    initial_h, initial_c, mask, input_drop, recurrent_drop, go_backwards, return_sequences, keep
        See ``lamina.kernels._recurrence``.

    Returns
    -------
    y : ndarray of shape (rows, units), or (rows, steps, units) with ``return_sequences``
    h, c : ndarray of shape (rows, units)
        The last states.
    saved : ndarray
        The input of `lstm_backward`; its layout is private.

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
    >>> x, w, u = np.ones((1, 2, 1)), np.full((1, 4), 0.5), np.zeros((1, 4))
    >>> y, h, c, saved = kernels.lstm_forward(x, w, u)
    >>> c.round(4)
    array([[0.4667]])
    """
    y, h, c, saved = _core.kernels.recurrent_forward(
        "lstm_forward", "lstm", x, kernel, recurrent_kernel, bias, initial_h,
        initial_c, mask, input_drop, recurrent_drop, activation, None,
        recurrent_activation, go_backwards, return_sequences, keep,
    )  # fmt: skip
    return y, h, c, saved


def lstm_backward(
    dy: ArrayLike | None,
    saved: Array,
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_h: ArrayLike | None = None,
    initial_c: ArrayLike | None = None,
    *,
    dh: ArrayLike | None = None,
    dc: ArrayLike | None = None,
    dkernel: Array | None = None,
    drecurrent_kernel: Array | None = None,
    dbias: Array | None = None,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    mask: ArrayLike | None = None,
    input_drop: ArrayLike | None = None,
    recurrent_drop: ArrayLike | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    r"""Gradients of `lstm_forward`: back-propagation through all time steps.

    Parameters
    ----------
    dy : array_like of the shape of ``y``, or None
        Gradient at the output.
    saved : ndarray
        From `lstm_forward`, called with the same arguments.
    x, kernel, recurrent_kernel, bias, initial_h, initial_c
        As given to `lstm_forward`.
    dh, dc : array_like of shape (rows, units), optional
        Gradients at the last states.
    dkernel, drecurrent_kernel, dbias : ndarray, optional
        Gradients to add to, in place; all or none.
    activation, recurrent_activation, mask, input_drop
    recurrent_drop, go_backwards, return_sequences
        As given to `lstm_forward`.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh, dc : ndarray
        Gradients at the inputs, the weights and the initial states.

    Raises
    ------
    ValueError
        If shapes do not fit, or an array to be added to cannot be written in place.
    TypeError
        If the arrays' dtypes differ or are not real numbers.
    """
    dx, dw, du, db, dh0, dc0 = _core.kernels.recurrent_backward(
        "lstm_backward", "lstm", dy, saved, dh, dc, dkernel,
        drecurrent_kernel, dbias, x, kernel, recurrent_kernel, bias, initial_h,
        initial_c, mask, input_drop, recurrent_drop, activation, None,
        recurrent_activation, go_backwards, return_sequences,
    )  # fmt: skip
    return dx, dw, du, db, dh0, dc0
