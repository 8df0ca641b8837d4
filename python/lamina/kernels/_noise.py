"""ReLUs with bounds or weights, and noise for training.

Every function raises ``ValueError`` if a shape or number does not fit, and ``TypeError`` if
arrays' dtypes differ or are not real numbers.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._arguments import choice, shape_of
from lamina.kernels._operation import Given, backward, forward, within

Array = NDArray[Any]

_NOISES = ("gaussian", "gaussian_dropout", "alpha_dropout")


def bounded_relu_forward(
    x: ArrayLike,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> Array:
    r"""ReLU with bounds, Keras's ``ReLU`` layer.

    .. math:: y = \begin{cases} m & x \ge m \\ x & t \le x < m \\ s (x - t) & x < t \end{cases}

    Parameters
    ----------
    x : array_like
        Input of any shape.
    max_value : float, optional
        The bound m, not negative; none by default.
    negative_slope : float, default 0.0
        The slope s, not negative.
    threshold : float, default 0.0
        The threshold t, not negative.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.bounded_relu_forward(np.array([-1.0, 2.0, 9.0]), max_value=6)
    array([0., 2., 6.])
    """
    who = "bounded_relu_forward"
    bounds = _bounds(who, max_value, negative_slope, threshold)
    return forward(who, "bounded_relu", [("x", "x", x, "(...)")], **bounds)[0]


def bounded_relu_backward(
    dy: ArrayLike,
    x: ArrayLike,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> Array:
    """Gradient at the input of `bounded_relu_forward`; `negative_slope` at the threshold itself.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    x : array_like of the shape of `dy`
        As in the forward pass.
    max_value, negative_slope, threshold : float
        As in the forward pass.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If a number is outside its range or the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.bounded_relu_backward(np.ones(3), np.array([-1.0, 2.0, 9.0]), max_value=6)
    array([0., 1., 0.])
    """
    who = "bounded_relu_backward"
    bounds = _bounds(who, max_value, negative_slope, threshold)
    arrays = [("gradient", "dy", dy, "of x"), ("x", "x", x, "(...)")]
    return backward(who, "bounded_relu", arrays, ["x"], **bounds)[0]


def _bounds(
    who: str, max_value: float | None, negative_slope: float, threshold: float
) -> dict[str, float | None]:
    return {
        "max_value": None if max_value is None else within(who, "max_value", max_value),
        "negative_slope": within(who, "negative_slope", negative_slope),
        "threshold": within(who, "threshold", threshold),
    }


def prelu_forward(x: ArrayLike, alpha: ArrayLike) -> Array:
    r"""ReLU with a learned slope below zero (He et al. 2015), :math:`\max(x,0)+\alpha\min(x,0)`.

    Parameters
    ----------
    x : array_like of shape (..., *alpha's)
        Input.
    alpha : array_like
        Slopes, of the shape of the last axes of `x`.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If the shape of `alpha` is not that of the last axes of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.prelu_forward(np.array([[-2.0, 2.0]]), np.array([0.5, 0.5]))
    array([[-1.,  2.]])
    """
    return forward("prelu_forward", "prelu", _sloped("prelu_forward", x, alpha))[0]


def prelu_backward(
    dy: ArrayLike, x: ArrayLike, alpha: ArrayLike, dalpha: Array | None = None
) -> tuple[Array, Array]:
    r"""Gradients of `prelu_forward`; at 0 the slope is :math:`\alpha`.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    x, alpha : array_like
        As in the forward pass.
    dalpha : ndarray of the shape of `alpha`, optional
        Writable and C-contiguous; the gradient of `alpha` is added to it.

    Returns
    -------
    dx, dalpha : ndarray
        `dalpha` is the given array, if any.

    Raises
    ------
    ValueError
        If shapes do not fit, or `dalpha` cannot be written or shares memory with an input.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.prelu_backward(np.ones((1, 2)), np.array([[-2.0, 2.0]]), np.array([0.5, 0.5]))
    (array([[0.5, 1. ]]), array([-2.,  0.]))
    """
    who = "prelu_backward"
    arrays = [
        ("gradient", "dy", dy, "of x"),
        *_sloped(who, x, alpha),
        ("+alpha", "dalpha", dalpha, "of alpha"),
    ]
    dx, da = backward(who, "prelu", arrays, ["x", "alpha"])
    return dx, da


def _sloped(who: str, x: ArrayLike, alpha: ArrayLike) -> Given:
    sizes, wanted = shape_of(who, "x", x), shape_of(who, "alpha", alpha)
    if len(wanted) == 0 or 0 in wanted or sizes[-len(wanted) :] != wanted:
        raise ValueError(
            f"{who}: alpha must have the shape of x's last axes, at least one element; "
            f"got shape {wanted}, x of shape {sizes}"
        )
    return [("alpha", "alpha", alpha, "(*alpha)"), ("x", "x", x, "(..., *alpha)")]


def noise_forward(
    x: ArrayLike, kind: str, amount: float, seed: int, stream: int = 0, step: int = 0
) -> Array:
    r"""Add noise to an array; it only depends on the key and the position of the element.

    ==================== =======================================================================
    kind                 law, :math:`z` standard normal
    ==================== =======================================================================
    ``gaussian``         :math:`x + \mathrm{amount}\,z`
    ``gaussian_dropout`` :math:`x\,(1 + \sqrt{r/(1-r)}\,z)`, :math:`r` = amount
    ``alpha_dropout``    :math:`a\,x + b` with probability :math:`1-r`, else :math:`a\,p + b`
    ==================== =======================================================================

    Normal numbers are computed from Philox's words as in Box and Muller (1958).  Alpha dropout
    (Klambauer et al. 2017) has :math:`p = -1.7581`, :math:`a = ((1-r)(1+r p^2))^{-1/2}`,
    :math:`b = -a p r`: mean 0 and variance 1 are preserved.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    kind : str
        As above.
    amount : float
        The standard deviation, not negative; for the dropouts the rate, in [0, 1).
    seed, stream, step : int
        The key, as in `random_uniform`.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If `kind` is unknown or a number is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y = kernels.noise_forward(np.zeros(10_000), "gaussian", 2.0, seed=1)
    >>> bool(abs(y.std() - 2) < 0.1)
    True
    """
    choice("noise_forward", "kind", kind, _NOISES)
    return _core.kernels.noise_forward(x, kind, amount, seed, stream, step)


def noise_backward(
    dy: ArrayLike, kind: str, amount: float, seed: int, stream: int = 0, step: int = 0
) -> Array:
    """Gradient at the input of `noise_forward`, drawing the same noise again.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    kind, amount, seed, stream, step
        As in the forward pass.

    Returns
    -------
    ndarray of the shape of `dy`

    Raises
    ------
    ValueError
        If `kind` is unknown or a number is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.noise_backward(np.ones(2), "gaussian", 2.0, seed=1)
    array([1., 1.])
    """
    choice("noise_backward", "kind", kind, _NOISES)
    return _core.kernels.noise_backward(dy, kind, amount, seed, stream, step)


def spatial_dropout_forward(
    x: ArrayLike, rate: float, seed: int, stream: int = 0, step: int = 0
) -> Array:
    r"""Dropout of whole channels (Tompson et al. 2015): one draw per sample and channel.

    Parameters
    ----------
    x : array_like of shape (batch, ..., channels)
        Input.
    rate : float
        In [0, 1): the probability that a channel is set to zero; others are scaled by
        :math:`1/(1-rate)`.
    seed, stream, step : int
        The key, as in `random_uniform`.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If `rate` or a part of the key is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y = kernels.spatial_dropout_forward(np.ones((4, 5, 8)), 0.5, seed=3)
    >>> bool((y == y[:, :1]).all())
    True
    """
    return _core.kernels.spatial_dropout_forward(x, rate, seed, stream, step)


def spatial_dropout_backward(
    dy: ArrayLike, rate: float, seed: int, stream: int = 0, step: int = 0
) -> Array:
    """Gradient at the input of `spatial_dropout_forward`: the same operation.

    Parameters
    ----------
    dy : array_like of shape (batch, ..., channels)
        Gradient at the output.
    rate, seed, stream, step
        As in the forward pass.

    Returns
    -------
    ndarray of the shape of `dy`

    Raises
    ------
    ValueError
        If `rate` or a part of the key is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.spatial_dropout_backward(np.ones((1, 2, 1)), 0.0, seed=3).ravel()
    array([1., 1.])
    """
    return _core.kernels.spatial_dropout_backward(dy, rate, seed, stream, step)
