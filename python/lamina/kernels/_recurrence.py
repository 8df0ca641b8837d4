"""SimpleRNN, LSTM and GRU over whole sequences.

Weights have Keras's shapes and gate orders; ``reset_after`` of the GRU is told by its bias or the
argument.  Common arguments, described once:

initial_h, initial_c : array_like of shape (rows, units), optional
    States before the first step; zeros by default.
mask : array_like of bool, shape (rows, steps), optional
    Where False, the step is skipped: states stay and the output repeats the one before (before the
    first step that counts: the initial state).
input_drop, recurrent_drop : array_like of shape (rows, inputs) and (rows, units), optional
    Factors on the inputs, and on the state where it meets the recurrent kernel, the same at all
    steps and for all gates: dropout drawn by the caller.
go_backwards : bool, default False
    Read the last time step first.  Outputs lie in the order of processing, as in Keras.
return_sequences : bool, default False
    ``y`` holds the outputs of all steps rather than the last one's.
keep : bool, default True
    Fill ``saved``; without it (inference) less memory is touched, and ``saved`` is empty.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core

Array = NDArray[Any]
Gradients = tuple[Array, Array, Array, Array, Array]


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
        Any element-wise one, see `activation_forward`.
    alpha : float, optional
        The activation's parameter; Keras's default if not given.
    initial_h, mask, input_drop, recurrent_drop, go_backwards, return_sequences, keep
        See the module's head.

    Returns
    -------
    y : ndarray of shape (rows, units), or (rows, steps, units) with ``return_sequences``
    h : ndarray of shape (rows, units)
        The last state.
    saved : ndarray
        What `simple_rnn_backward` needs; its layout is private.

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
        :math:`W` and :math:`U`, a block of columns a gate.
    bias : array_like of shape (4 units,), optional
        :math:`b`; none by default.
    activation, recurrent_activation : str, default "tanh" and "sigmoid"
        Of the candidate and state, and of the gates; see `activation_forward`.
    initial_h, initial_c, mask, input_drop, recurrent_drop, go_backwards, return_sequences, keep
        See the module's head.

    Returns
    -------
    y : ndarray of shape (rows, units), or (rows, steps, units) with ``return_sequences``
    h, c : ndarray of shape (rows, units)
        The last states.
    saved : ndarray
        What `lstm_backward` needs; its layout is private.

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

    with ``reset_after``; without it :math:`\tilde h = \tanh(x_t W + (r h_{t-1}) U + b)`.  Cho et
    al., "Learning phrase representations using RNN encoder-decoder", 2014.

    Parameters
    ----------
    x : array_like of shape (rows, steps, inputs)
        Sequences.
    kernel, recurrent_kernel : array_like of shape (inputs, 3 units) and (units, 3 units)
        :math:`W` and :math:`U`, a block of columns a gate.
    bias : array_like of shape (2, 3 units), or (3 units,) without ``reset_after``, optional
        :math:`b`; none by default.
    activation, recurrent_activation : str, default "tanh" and "sigmoid"
        Of the candidate and state, and of the gates; see `activation_forward`.
    reset_after : bool, default True
        Apply the reset gate after the product with the recurrent kernel, rather than before.
    initial_h, mask, input_drop, recurrent_drop, go_backwards, return_sequences, keep
        See the module's head.

    Returns
    -------
    y : ndarray of shape (rows, units), or (rows, steps, units) with ``return_sequences``
    h : ndarray of shape (rows, units)
        The last state.
    saved : ndarray
        What `gru_backward` needs; its layout is private.

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
        "gru_forward", _gru(reset_after), x, kernel, recurrent_kernel, bias, initial_h,
        None, mask, input_drop, recurrent_drop, activation, None,
        recurrent_activation, go_backwards, return_sequences, keep,
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
        "gru_backward", _gru(reset_after), dy, saved, dh, None, dkernel,
        drecurrent_kernel, dbias, x, kernel, recurrent_kernel, bias, initial_h,
        None, mask, input_drop, recurrent_drop, activation, None,
        recurrent_activation, go_backwards, return_sequences,
    )  # fmt: skip
    return dx, dw, du, db, dh0


def _gru(reset_after: bool) -> str:
    return "gru" if reset_after else "gru_reset_before"
