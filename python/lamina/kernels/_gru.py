"""The gated recurrent unit over whole sequences."""

from __future__ import annotations

from numpy.typing import ArrayLike

from lamina import _core
from lamina._check import boolean
from lamina.kernels._recurrence import Array, Gradients


def gru_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_h: ArrayLike | None = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    reset_after: bool = True,
    mask: ArrayLike | None = None,
    input_drop: ArrayLike | None = None,
    recurrent_drop: ArrayLike | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
    keep: bool = True,
) -> tuple[Array, Array, Array]:
    r"""Gated recurrent unit, gates in Keras's order z, r, h.

    .. math::
        z, r = \sigma(x_t W + h_{t-1} U + b), \quad
        \tilde h = \tanh(x_t W + b + r (h_{t-1} U + b')), \quad
        h_t = z h_{t-1} + (1 - z) \tilde h

    with ``reset_after``, and without it :math:`\tilde h = \tanh(x_t W + (r h_{t-1}) U + b)`.  Cho
    et al., "Learning phrase representations using RNN encoder-decoder", 2014.

    Parameters
    ----------
    x : array_like of shape (rows, steps, inputs)
        Sequences.
    kernel, recurrent_kernel : array_like of shape (inputs, 3 units) and (units, 3 units)
        :math:`W` and :math:`U`, one block of columns per gate.
    bias : array_like of shape (2, 3 units), or (3 units,) without ``reset_after``, optional
        :math:`b`; none by default.
    activation, recurrent_activation : str, default "tanh" and "sigmoid"
        For the candidate and state, and for the gates; see `activation_forward`.
    reset_after : bool, default True
        Apply the reset gate after the product with the recurrent kernel, rather than before.
    initial_h, mask, input_drop, recurrent_drop, go_backwards, return_sequences, keep
        See ``lamina.kernels._recurrence``.

    Returns
    -------
    y : ndarray of shape (rows, units), or (rows, steps, units) with ``return_sequences``
    h : ndarray of shape (rows, units)
        The last state.
    saved : ndarray
        The input of `gru_backward`; its layout is private.

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
    >>> x, w, u = np.ones((1, 1, 1)), np.array([[0.0, 0.0, 1.0]]), np.zeros((1, 3))
    >>> y, h, saved = kernels.gru_forward(x, w, u)
    >>> y.round(4)
    array([[0.3808]])
    """
    y, h, _, saved = _core.kernels.recurrent_forward(
        "gru_forward", _gru("gru_forward", reset_after), x, kernel, recurrent_kernel, bias,
        initial_h, None, mask, input_drop, recurrent_drop, activation, None, recurrent_activation,
        go_backwards, return_sequences, keep,
    )  # fmt: skip
    return y, h, saved


def gru_backward(
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
    recurrent_activation: str = "sigmoid",
    reset_after: bool = True,
    mask: ArrayLike | None = None,
    input_drop: ArrayLike | None = None,
    recurrent_drop: ArrayLike | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
) -> Gradients:
    r"""Gradients of `gru_forward`: back-propagation through all time steps.

    Parameters
    ----------
    dy : array_like of the shape of ``y``, or None
        Gradient at the output.
    saved : ndarray
        From `gru_forward`, called with the same arguments.
    x, kernel, recurrent_kernel, bias, initial_h
        As given to `gru_forward`.
    dh : array_like of shape (rows, units), optional
        Gradient at the last state.
    dkernel, drecurrent_kernel, dbias : ndarray, optional
        Gradients to add to, in place; all or none.
    activation, recurrent_activation, reset_after, mask, input_drop
    recurrent_drop, go_backwards, return_sequences
        As given to `gru_forward`.

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
        "gru_backward", _gru("gru_backward", reset_after), dy, saved, dh, None, dkernel,
        drecurrent_kernel, dbias, x, kernel, recurrent_kernel, bias, initial_h,
        None, mask, input_drop, recurrent_drop, activation, None,
        recurrent_activation, go_backwards, return_sequences,
    )  # fmt: skip
    return dx, dw, du, db, dh0


def _gru(who: str, reset_after: bool) -> str:
    return "gru" if boolean(who, "reset_after", reset_after) else "gru_reset_before"
