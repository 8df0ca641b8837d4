"""Activation functions.

Each law has a class (``activations.LeakyReLU(negative_slope=0.1)``) and, where it needs no
setting or has a usual one, a ready instance (``activations.relu``).  An instance is callable on
arrays, ``activations.relu(x)``, and may be given to a layer; so may its name, ``"relu"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import cast, number, numeric
from lamina._settings import Configurable, resolve, serialize

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Exponential",
    "HardSigmoid",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


class Activation(Configurable):
    """An activation function; it computes through the kernels the layers use.

    Attributes
    ----------
    name : str
        Its Keras name.
    fusable : tuple of (str, float) or None
        What a dense product can apply in the same pass: the kernel's name and its parameter.
        None for the functions of a whole row, softmax and log_softmax.
    """

    _plumbing: ClassVar[str] = "fusable record"
    name: ClassVar[str]

    @property
    def fusable(self) -> tuple[str, float] | None:
        """The element-wise kernel's name and parameter, or None."""
        return self.name, 0.0

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the operation on a graph under construction and return its output tensor."""
        assert self.fusable is not None
        kind, alpha = self.fusable
        return graph.activation(x, kind, alpha, name=name or self.name)

    @answering_calls
    def __call__(self, x: ArrayLike) -> NDArray[Any]:
        """Apply the function to an array of any shape.

        float32 stays float32; everything else is computed in float64.

        Raises
        ------
        TypeError
            If `x` does not hold real numbers.
        ValueError
            If the function needs a last axis and `x` has none.
        """
        array = numeric(self.name, "x", x)
        if self.fusable is None and (array.ndim == 0 or array.shape[-1] == 0):
            raise ValueError(
                f"{self.name}: x must have a last axis of at least 1; got shape {array.shape}"
            )
        dtype = "float32" if array.dtype == np.float32 else "float64"
        return self._compute(cast(array, dtype))

    def _compute(self, x: NDArray[Any]) -> NDArray[Any]:
        assert self.fusable is not None
        kind, alpha = self.fusable
        return np.asarray(_core.kernels.activation_forward(x, kind, alpha))


class Linear(Activation):
    """The identity: ``f(x) = x``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.linear([-1.0, 2.0])
    array([-1.,  2.])
    """

    name = "linear"


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

    def __init__(self, negative_slope: float = 0.0) -> None:
        self.negative_slope = number("relu", "negative_slope", negative_slope, low=0.0)

    @property
    def fusable(self) -> tuple[str, float]:
        """``relu``, or ``leaky_relu`` where a slope is set."""
        return ("leaky_relu", self.negative_slope) if self.negative_slope else ("relu", 0.0)


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


class ELU(Activation):
    """Exponential linear unit: ``x`` for x > 0, else ``alpha * (exp(x) - 1)``.

    Clevert et al. 2016, https://arxiv.org/abs/1511.07289.

    Parameters
    ----------
    alpha : float, default 1.0
        Minus the limit at minus infinity; above 0.
    """

    name = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("elu", "alpha", alpha, low=0.0, low_open=True)

    @property
    def fusable(self) -> tuple[str, float]:
        """``elu`` and its alpha."""
        return "elu", self.alpha


class SELU(Activation):
    """Scaled ELU: ``1.0507 * elu(x, alpha=1.67326)``.

    Klambauer et al. 2017, https://arxiv.org/abs/1706.02515; use it with ``lecun_normal``.
    """

    name = "selu"


class GELU(Activation):
    """Gaussian error linear unit, exact: ``x * Phi(x)``, Phi the standard normal distribution.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
    """

    name = "gelu"


class SiLU(Activation):
    """Sigmoid linear unit, also called swish: ``x * sigmoid(x)``."""

    name = "silu"


class Sigmoid(Activation):
    """Logistic function: ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.sigmoid([0.0])
    array([0.5])
    """

    name = "sigmoid"


class Tanh(Activation):
    """Hyperbolic tangent."""

    name = "tanh"


class Softplus(Activation):
    """Smooth rectifier: ``log(1 + exp(x))``."""

    name = "softplus"


class Softsign(Activation):
    """``x / (1 + |x|)``."""

    name = "softsign"


class HardSigmoid(Activation):
    """Piecewise linear sigmoid: ``min(max(x / 6 + 1 / 2, 0), 1)``."""

    name = "hard_sigmoid"


class Mish(Activation):
    """``x * tanh(softplus(x))`` (Misra 2019, https://arxiv.org/abs/1908.08681)."""

    name = "mish"


class Exponential(Activation):
    """``exp(x)``."""

    name = "exponential"


class Softmax(Activation):
    """``exp(x_k) / sum_j exp(x_j)`` over the last axis, computed after subtracting the maximum.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.softmax([[0.0, 0.0]])
    array([[0.5, 0.5]])
    """

    name = "softmax"

    @property
    def fusable(self) -> None:
        """None: a function of the whole row."""
        return

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the operation and return its output tensor."""
        return graph.softmax(x, name=name or self.name)

    def _compute(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(_core.kernels.softmax_forward(x))


class LogSoftmax(Activation):
    """``x_k - log(sum_j exp(x_j))`` over the last axis."""

    name = "log_softmax"

    @property
    def fusable(self) -> None:
        """None: a function of the whole row."""
        return

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the operation and return its output tensor."""
        return graph.log_softmax(x, name=name or self.name)

    def _compute(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(_core.kernels.log_softmax_forward(x))


_CLASSES: tuple[type[Activation], ...] = (
    Linear, ReLU, LeakyReLU, ELU, SELU, GELU, SiLU, Sigmoid, Tanh, Softplus, Softsign,
    HardSigmoid, Mish, Exponential, Softmax, LogSoftmax,
)  # fmt: skip
_TABLE: dict[str, type[Activation]] = {cls.name: cls for cls in _CLASSES} | {"swish": SiLU}

linear, relu, leaky_relu, elu, selu = Linear(), ReLU(), LeakyReLU(), ELU(), SELU()
gelu, sigmoid, tanh, softplus = GELU(), Sigmoid(), Tanh(), Softplus()
softsign, hard_sigmoid, mish, exponential = Softsign(), HardSigmoid(), Mish(), Exponential()
softmax, log_softmax = Softmax(), LogSoftmax()
silu = swish = SiLU()


@answering_calls
def get(identifier: object) -> Activation:
    """Return the activation for a name, class, configuration or instance; None is linear.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.get("leaky_relu")
    LeakyReLU(negative_slope=0.2)
    """
    if identifier is None:
        return linear
    return resolve("activation", identifier, _TABLE, Activation)


deserialize = get  # by Keras's name
