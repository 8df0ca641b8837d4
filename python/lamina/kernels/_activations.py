"""Element-wise activations, softmax and log-softmax, forward and backward."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina.kernels._operation import alpha_of, backward, forward

Array = NDArray[Any]


def activation_forward(x: ArrayLike, kind: str, alpha: float | None = None) -> Array:
    """Apply an activation to every element.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    kind : str
        A name in `lamina.activations`, whose classes define the functions: ``"elu"`` is that of
        `lamina.activations.ELU`.  `softmax_forward` and `log_softmax_forward` act on rows.
    alpha : float, optional
        Negative slope of ``leaky_relu``, scale of ``elu``, not negative; Keras's default, 0.2 and
        1, if not given.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If `kind` is unknown or `alpha` is negative or not finite.
    TypeError
        If `x` does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.activation_forward(np.array([-1.0, 2.0]), "leaky_relu")
    array([-0.2,  2. ])
    """
    return forward(
        "activation_forward", "activation", [("x", "x", x, "(...)")],
        kind=kind, alpha=alpha_of("activation_forward", kind, alpha),
    )[0]  # fmt: skip


def activation_backward(
    dy: ArrayLike, x: ArrayLike, kind: str, alpha: float | None = None
) -> Array:
    r"""Gradient at the input of an activation, :math:`dx = dy\,g'(x)`.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    x : array_like of the shape of `dy`
        The activation's input.  If the derivative is computed from the output, as for the
        sigmoid, the output is computed first.
    kind : str
        A name as in `activation_forward`.
    alpha : float, optional
        As in `activation_forward`.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If the shapes differ, `kind` is unknown or `alpha` is negative or not finite.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.activation_backward(np.array([1.0, 1.0]), np.array([0.0, 3.0]), "relu")
    array([0., 1.])
    """
    arrays = [("gradient", "dy", dy, ""), ("x", "x", x, "(...)")]
    return backward(
        "activation_backward", "activation", arrays, ["x"],
        kind=kind, alpha=alpha_of("activation_backward", kind, alpha),
    )[0]  # fmt: skip


def softmax_forward(x: ArrayLike) -> Array:
    r"""Softmax of the last axis, :math:`y_c = e^{x_c - \max x} / \sum_d e^{x_d - \max x}`.

    Parameters
    ----------
    x : array_like of shape (..., classes)
        Logits of any finite size.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If there is no axis, or no class.
    TypeError
        If `x` does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.softmax_forward(np.array([[1e4, 1e4]]))
    array([[0.5, 0.5]])
    """
    return forward("softmax_forward", "softmax", [("x", "x", x, "(..., classes)")])[0]


def softmax_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    r"""Gradient at the input of the softmax, :math:`dx_c = y_c (dy_c - \sum_d dy_d y_d)`.

    Parameters
    ----------
    dy : array_like of shape (..., classes)
        Gradient at the output.
    y : array_like of the shape of `dy`
        The output of `softmax_forward`.

    Returns
    -------
    ndarray of the shape of `y`

    Raises
    ------
    ValueError
        If the shapes differ, or there is no class.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.softmax_backward(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]))
    array([[ 0.25, -0.25]])
    """
    return _from_output("softmax", dy, y)


def log_softmax_forward(x: ArrayLike) -> Array:
    r"""Logarithm of the softmax, :math:`y_c = x_c - \max x - \log \sum_d e^{x_d - \max x}`.

    Parameters
    ----------
    x : array_like of shape (..., classes)
        Logits of any finite size.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If there is no axis, or no class.
    TypeError
        If `x` does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.log_softmax_forward(np.array([[0.0, -1e4]]))
    array([[     0., -10000.]])
    """
    return forward("log_softmax_forward", "log_softmax", [("x", "x", x, "(..., classes)")])[0]


def log_softmax_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    r"""Gradient at the input of the log-softmax, :math:`dx_c = dy_c - e^{y_c} \sum_d dy_d`.

    Parameters
    ----------
    dy : array_like of shape (..., classes)
        Gradient at the output.
    y : array_like of the shape of `dy`
        The output of `log_softmax_forward`.

    Returns
    -------
    ndarray of the shape of `y`

    Raises
    ------
    ValueError
        If the shapes differ, or there is no class.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y = kernels.log_softmax_forward(np.array([[0.0, 0.0]]))
    >>> kernels.log_softmax_backward(np.array([[1.0, 0.0]]), y).round(6)
    array([[ 0.5, -0.5]])
    """
    return _from_output("log_softmax", dy, y)


def _from_output(operation: str, dy: ArrayLike, y: ArrayLike) -> Array:
    """Return the gradient at the input of a function whose derivative depends on its output."""
    arrays = [
        ("gradient", "dy", dy, ""),
        ("output", "y", y, "(..., classes)"),
        ("x", "", ..., "(..., classes)"),
    ]
    return backward(f"{operation}_backward", operation, arrays, ["x"])[0]
