"""Activation functions with kernels: for each its class, and an instance with usual settings."""

from __future__ import annotations

import functools
from math import inf
from typing import Any

from numpy.typing import NDArray

from lamina._check import number
from lamina.activations.base import Activation
from lamina.activations.function import Function

__all__ = [
    "ELU", "GELU", "SELU", "Exponential", "HardSiLU", "HardSigmoid", "LeakyReLU", "Linear",
    "LogSoftmax", "Mish", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign",
    "Tanh", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "leaky_relu",
    "linear", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax",
    "softplus", "softsign", "swish", "tanh",
]  # fmt: skip


class Linear(Activation):
    """The identity: ``f(x) = x``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.linear([-1.0, 2.0])
    array([-1.,  2.])
    """

    name = "linear"


linear = Linear()


class ReLU(Activation):
    """Rectified linear unit: ``f(x) = max(x, 0)``, or ``negative_slope * x`` below 0.

    Parameters
    ----------
    negative_slope : float, default 0.0
        Slope for negative arguments.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.relu([-1.0, 2.0])
    array([0., 2.])
    """

    name = "relu"
    range = (0.0, inf)

    def __init__(self, negative_slope: float = 0.0) -> None:
        self.negative_slope = number("relu", "negative_slope", negative_slope, low=0.0)

    @property
    def of_integers(self) -> bool:  # type: ignore[override]
        """Whether it returns integers for integers."""
        return not self.negative_slope

    @property
    def fusable(self) -> tuple[str, float]:
        """``relu``, or ``leaky_relu`` if a slope is set."""
        return ("leaky_relu", self.negative_slope) if self.negative_slope else ("relu", 0.0)

    def _with(self, settings: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return it with another slope, or with Keras's bounds for ``relu``."""
        chosen = dict(zip(("negative_slope", "max_value", "threshold"), settings, strict=False))
        chosen.update(named)
        if set(chosen) <= {"negative_slope"}:
            return ReLU(**chosen)
        return Function(functools.partial(_bounded, **chosen))


relu = ReLU()


def _bounded(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    from lamina import ops

    y = ops.where(x >= threshold, x, negative_slope * (x - threshold))
    return y if max_value is None else ops.minimum(y, max_value)


class LeakyReLU(Activation):
    """Leaky rectifier: ``f(x) = x`` for x > 0, else ``negative_slope * x`` (Maas et al. 2013).

    Parameters
    ----------
    negative_slope : float, default 0.2
        Slope for negative arguments, at least 0.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.LeakyReLU(negative_slope=0.5)([-1.0, 2.0])
    array([-0.5,  2. ])
    """

    name = "leaky_relu"

    def __init__(self, negative_slope: float = 0.2) -> None:
        self.negative_slope = number("leaky_relu", "negative_slope", negative_slope, low=0.0)

    @property
    def fusable(self) -> tuple[str, float]:
        """``leaky_relu`` and its slope."""
        return "leaky_relu", self.negative_slope


leaky_relu = LeakyReLU()


class ReLU6(Activation):
    """Rectified linear unit with an upper bound: ``f(x) = min(max(x, 0), 6)``.

    Krizhevsky 2010, https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.relu6([-1.0, 2.0, 8.0])
    array([0., 2., 6.])
    """

    name = "relu6"
    range = (0.0, 6.0)

    @property
    def fusable(self) -> tuple[str, float]:
        """``clipped_relu`` and its bound."""
        return "clipped_relu", 6.0


relu6 = ReLU6()


class ELU(Activation):
    """Exponential linear unit: ``x`` for x > 0, else ``alpha * (exp(x) - 1)``.

    Clevert et al. 2016, https://arxiv.org/abs/1511.07289.

    Parameters
    ----------
    alpha : float, default 1.0
        Minus the limit at minus infinity; above 0.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.elu([-1.0, 2.0]).round(4)
    array([-0.6321,  2.    ])
    """

    name = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("elu", "alpha", alpha, low=0.0, low_open=True)

    @property
    def fusable(self) -> tuple[str, float]:
        """``elu`` and its alpha."""
        return "elu", self.alpha


elu = ELU()


class SELU(Activation):
    """Scaled ELU: ``1.0507 * elu(x, alpha=1.67326)``.

    Klambauer et al. 2017, https://arxiv.org/abs/1706.02515; use it with ``lecun_normal``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.selu([-1.0, 2.0]).round(4)
    array([-1.1113,  2.1014])
    """

    name = "selu"


selu = SELU()


class GELU(Activation):
    """Gaussian error linear unit, exact: ``x * Phi(x)``, Phi the standard normal distribution.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.gelu([-1.0, 2.0]).round(4)
    array([-0.1587,  1.9545])
    """

    name = "gelu"


gelu = GELU()


class SiLU(Activation):
    """Sigmoid linear unit, also called swish: ``x * sigmoid(x)``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.silu([-1.0, 2.0]).round(4)
    array([-0.2689,  1.7616])
    """

    name = "silu"


silu = swish = SiLU()


class Sigmoid(Activation):
    """Logistic function: ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.sigmoid([0.0])
    array([0.5])
    """

    name = "sigmoid"
    range = (0.0, 1.0)


sigmoid = Sigmoid()


class Tanh(Activation):
    """Hyperbolic tangent.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.tanh([-1.0, 2.0]).round(4)
    array([-0.7616,  0.964 ])
    """

    name = "tanh"
    range = (-1.0, 1.0)


tanh = Tanh()


class Softplus(Activation):
    """Smooth rectifier: ``log(1 + exp(x))``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.softplus([-1.0, 2.0]).round(4)
    array([0.3133, 2.1269])
    """

    name = "softplus"
    range = (0.0, inf)


softplus = Softplus()


class Softsign(Activation):
    """``x / (1 + |x|)``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.softsign([-1.0, 2.0]).round(4)
    array([-0.5   ,  0.6667])
    """

    name = "softsign"
    range = (-1.0, 1.0)


softsign = Softsign()


class HardSigmoid(Activation):
    """Piecewise linear sigmoid: ``min(max(x / 6 + 1 / 2, 0), 1)``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.hard_sigmoid([-1.0, 2.0]).round(4)
    array([0.3333, 0.8333])
    """

    name = "hard_sigmoid"
    range = (0.0, 1.0)


hard_sigmoid = HardSigmoid()


class HardSiLU(Activation):
    """Piecewise quadratic SiLU, also called hard swish: ``x * hard_sigmoid(x)``.

    Howard et al. 2019, https://arxiv.org/abs/1905.02244.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.hard_silu([-1.0, 2.0]).round(4)
    array([-0.3333,  1.6667])
    """

    name = "hard_silu"


hard_silu = hard_swish = HardSiLU()


class Mish(Activation):
    """``x * tanh(softplus(x))`` (Misra 2019, https://arxiv.org/abs/1908.08681).

    Examples
    --------
    >>> from lamina import activations
    >>> activations.mish([-1.0, 2.0]).round(4)
    array([-0.3034,  1.944 ])
    """

    name = "mish"


mish = Mish()


class Exponential(Activation):
    """``exp(x)``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.exponential([-1.0, 2.0]).round(4)
    array([0.3679, 7.3891])
    """

    name = "exponential"
    range = (0.0, inf)


exponential = Exponential()


class Softmax(Activation):
    """``exp(x_k) / sum_j exp(x_j)`` over the last axis, computed after subtracting the maximum.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.softmax([[0.0, 0.0]])
    array([[0.5, 0.5]])
    """

    name = "softmax"
    range = (0.0, 1.0)
    of_rows = True

    @property
    def fusable(self) -> None:
        """None: a function of the whole row."""
        return

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the operation and return its output tensor."""
        return graph.softmax(x, name=name or self.name)

    def _compute(self, x: NDArray[Any]) -> NDArray[Any]:
        from lamina import kernels

        return kernels.softmax_forward(x)


softmax = Softmax()


class LogSoftmax(Activation):
    """``x_k - log(sum_j exp(x_j))`` over the last axis.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.log_softmax([[1.0, 2.0]]).round(4)
    array([[-1.3133, -0.3133]])
    """

    name = "log_softmax"
    of_rows = True

    @property
    def fusable(self) -> None:
        """None: a function of the whole row."""
        return

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the operation and return its output tensor."""
        return graph.log_softmax(x, name=name or self.name)

    def _compute(self, x: NDArray[Any]) -> NDArray[Any]:
        from lamina import kernels

        return kernels.log_softmax_forward(x)


log_softmax = LogSoftmax()


def classes() -> list[type[Activation]]:
    """Return the classes above."""
    return [law for law in map(globals().get, __all__) if isinstance(law, type)]
