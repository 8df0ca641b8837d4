"""Optimizer steps, in place on arrays of the caller.

All arrays that are updated must be writable and C-contiguous, have the same dtype, and must not
share memory.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core

Array = NDArray[Any]


def sgd_update(
    param: Array,
    grad: ArrayLike,
    velocity: Array | None = None,
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> None:
    r"""One step of gradient descent, in place.

    :math:`p \leftarrow p - \eta g`; with momentum :math:`v \leftarrow \mu v - \eta g` and
    :math:`p \leftarrow p + v`, with Nesterov's
    :math:`p \leftarrow p + \mu v - \eta g` (Sutskever et al. 2013).

    Parameters
    ----------
    param : ndarray
        Parameters; updated.
    grad : array_like of the shape of `param`
        Gradient.
    velocity : ndarray of the shape of `param`, optional
        :math:`v`; updated.  Needed if `momentum` is not 0.
    learning_rate : float, default 0.01
        :math:`\eta`.
    momentum : float, default 0
        :math:`\mu`, in [0, 1].
    nesterov : bool, default False
        Nesterov's form.

    Raises
    ------
    ValueError
        If shapes differ, a number is outside its range, or an array cannot be updated in place.
    TypeError
        If the arrays' dtypes differ or are not float32 or float64.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> p = np.array([1.0, 2.0])
    >>> kernels.sgd_update(p, np.array([1.0, 0.0]), learning_rate=0.5)
    >>> p
    array([0.5, 2. ])
    """
    settings = {"momentum": momentum, "nesterov": nesterov}
    _core.kernels.rule_update("sgd", param, [velocity], grad, learning_rate, **settings)


def rmsprop_update(
    param: Array,
    mean_square: Array,
    grad: ArrayLike,
    velocity: Array | None = None,
    mean_grad: Array | None = None,
    *,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
) -> None:
    r"""One step of RMSprop (Hinton 2012), in place.

    :math:`s \leftarrow \rho s + (1 - \rho) g^2` and
    :math:`p \leftarrow p - \eta g / \sqrt{s + \epsilon}`.  Centered (Graves 2013), :math:`s` is
    reduced by the square of the running mean of :math:`g`.  With momentum the step goes into
    :math:`v \leftarrow \mu v + \eta g / \sqrt{s + \epsilon}` and :math:`p \leftarrow p - v`.
    :math:`\epsilon` is inside the root, as in Keras.

    Parameters
    ----------
    param, mean_square : ndarray
        Parameters and :math:`s`; updated.
    grad : array_like of the shape of `param`
        Gradient.
    velocity : ndarray of the shape of `param`, optional
        :math:`v`; updated.  Needed if `momentum` is not 0.
    mean_grad : ndarray of the shape of `param`, optional
        Running mean of the gradient; updated.  The step is centered if it is given.
    learning_rate : float, default 0.001
        :math:`\eta`.
    rho : float, default 0.9
        In [0, 1).
    momentum : float, default 0
        :math:`\mu`, in [0, 1].
    epsilon : float, default 1e-7
        :math:`\epsilon`.

    Raises
    ------
    ValueError, TypeError
        As in `sgd_update`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> p, s = np.array([1.0]), np.zeros(1)
    >>> kernels.rmsprop_update(p, s, np.array([2.0]), rho=0.75, epsilon=0.0, learning_rate=0.5)
    >>> p, s
    (array([0.]), array([1.]))
    """
    slots = [mean_square, velocity, mean_grad]
    settings = {"rho": rho, "momentum": momentum, "epsilon": epsilon}
    _core.kernels.rule_update("rmsprop", param, slots, grad, learning_rate, **settings)


def adam_update(
    param: Array,
    m: Array,
    v: Array,
    grad: ArrayLike,
    step: int,
    *,
    max_v: Array | None = None,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
) -> None:
    r"""One step of Adam (Kingma and Ba 2015), in place.

    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`,
    :math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`, and
    :math:`p \leftarrow p - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
    \frac{m}{\sqrt v + \epsilon}`.  :math:`\epsilon` is the "epsilon hat" of the paper's section 2,
    as in Keras.  With weight decay (AdamW, Loshchilov and Hutter 2019) the parameters are first
    reduced by :math:`\eta \lambda p`; with `max_v` (AMSGrad, Reddi et al. 2018) the largest
    :math:`v` so far takes the place of :math:`v`.

    Parameters
    ----------
    param, m, v : ndarray
        Parameters and moments; updated.
    grad : array_like of the shape of `param`
        Gradient.
    step : int
        :math:`t`, 1 for the first update.
    max_v : ndarray of the shape of `param`, optional
        Largest :math:`v`; updated.  AMSGrad if it is given.
    learning_rate : float, default 0.001
        :math:`\eta`.
    beta_1, beta_2 : float, default 0.9 and 0.999
        In [0, 1).
    epsilon : float, default 1e-7
        :math:`\hat\epsilon`.
    weight_decay : float, default 0
        :math:`\lambda`.

    Raises
    ------
    ValueError, TypeError
        As in `sgd_update`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> p, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> kernels.adam_update(p, m, v, np.array([4.0]), step=1, learning_rate=0.5)
    >>> p.round(6)
    array([0.5])
    """
    settings = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
    _core.kernels.rule_update(
        "adam", param, [m, v, max_v], grad, learning_rate, step, weight_decay, **settings
    )
