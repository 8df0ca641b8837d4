"""Activation functions.

Each law has a class (``activations.LeakyReLU(negative_slope=0.1)``) and, where it needs no
setting or has a usual one, a ready instance (``activations.relu``).  An instance is callable on
arrays and tensors, ``activations.relu(x)``, with settings too, ``activations.leaky_relu(x, 0.1)``,
and may be given to a layer; so may its name, ``"relu"``, and any function of a tensor that is
written with ``lamina.ops``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina import _core
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import cast, number, numeric
from lamina._settings import Configurable, argument_names, custom, resolve, serialize
from lamina._tensors import Recording, Tensor, dispatch, written
from lamina._tensors.given import each_row, given

__all__ = [
    "ELU", "GELU", "SELU", "Activation", "Exponential", "Function", "HardSigmoid", "LeakyReLU",
    "Linear", "LogSoftmax", "Mish", "ReLU", "SiLU", "Sigmoid", "Softmax", "Softplus",
    "Softsign", "Tanh", "celu", "elu", "exponential", "gelu", "get", "glu", "hard_shrink",
    "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "linear",
    "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "serialize", "sigmoid",
    "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
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
        None for the functions of a whole row, softmax and log_softmax, and for users' own.
    """

    _plumbing: ClassVar[str] = "fusable of_rows record"
    name: ClassVar[str]
    of_rows: ClassVar[bool] = False  # whether it is a function of the whole last axis

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
    def __call__(self, x: Any, *settings: Any, **named: Any) -> Any:
        """Apply the function to an array of any shape, or to a tensor.

        float32 stays float32; everything else is computed in float64.

        Parameters
        ----------
        x : array_like or tensor
        *settings, **named
            Other settings than this object's, as the class takes them.

        Raises
        ------
        TypeError
            If `x` does not hold real numbers.
        ValueError
            If the function needs a last axis and `x` has none.
        """
        if settings or named:
            return self._with(settings, named)(x)
        if dispatch.on_tensors(x):
            return self._of_tensor(x)
        array = numeric(self.name, "x", x)
        if self.of_rows and (array.ndim == 0 or array.shape[-1] == 0):
            raise ValueError(
                f"{self.name}: x must have a last axis of at least 1; got shape {array.shape}"
            )
        dtype = "float32" if array.dtype == np.float32 else "float64"
        return self._compute(cast(array, dtype))

    def _with(self, settings: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return the function with other settings: another object, or a function of ``ops``."""
        cls = type(self)
        if set(named) <= set(argument_names(cls)) and len(settings) <= len(argument_names(cls)):
            return cls(*settings, **named)
        from lamina import ops

        return lambda x: getattr(ops, self.name)(x, *settings, **named)

    def _of_tensor(self, x: Any) -> Any:
        from lamina import ops

        if not isinstance(x, Tensor):  # a symbolic one
            from lamina.layers import Activation as Layer

            return Layer(self)(x)
        x = given(x) if x.dtype.startswith("float") else ops.cast(x, "float32")
        return Tensor(x.recording, self.record(x.recording.graph, x.value), x.mask)

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

    def _with(self, settings: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return it with another slope, or bounded as Keras's ``relu`` is."""
        chosen = dict(zip(("negative_slope", "max_value", "threshold"), settings, strict=False))
        chosen.update(named)
        if set(chosen) <= {"negative_slope"}:
            return ReLU(**chosen)
        return Function(functools.partial(_bounded, **chosen))


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
    of_rows = True

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
    of_rows = True

    @property
    def fusable(self) -> None:
        """None: a function of the whole row."""
        return

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the operation and return its output tensor."""
        return graph.log_softmax(x, name=name or self.name)

    def _compute(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(_core.kernels.log_softmax_forward(x))


class Function(Activation):
    """A function of a tensor, written with ``lamina.ops``, as an activation.

    What layers make of functions that are given to them.

    Parameters
    ----------
    function : callable or str
        Takes a tensor and returns one of its shape, or the name of one in ``lamina.ops``.

    Examples
    --------
    >>> from lamina import activations, ops
    >>> activations.Function(lambda x: ops.tanh(x) / 2)([0.0, 20.0])
    array([0. , 0.5])
    """

    name = "function"

    def __init__(self, function: Callable[[Any], Any] | str) -> None:
        if not callable(function) and not isinstance(function, str):
            raise TypeError(f"activation: function must be callable; got {function!r}")
        self.function = function
        own = function if isinstance(function, str) else _name_of(function)
        object.__setattr__(self, "name", own)

    @property
    def fusable(self) -> None:
        """None: it is recorded by itself."""
        return

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the function and return its output tensor, of the input's shape."""
        recording = Recording.of(graph)
        now = recording if Recording.current() is not recording else nullcontext()
        who = name or self.name
        with now, recording.within(who):
            tensor = Tensor(recording, x)
            y = given(written.run(who, self._found(), [tensor], {}), "float")
            return (each_row(y) if tensor.rows else y).value

    def _found(self) -> Callable[..., Any]:
        if isinstance(self.function, str):
            from lamina import ops

            return getattr(ops, self.function)  # type: ignore[no-any-return]
        return self.function

    @answering_calls
    def __call__(self, x: Any, *settings: Any, **named: Any) -> Any:
        """Apply the function to an array or a tensor."""
        if dispatch.on_tensors(x):
            return self._found()(x, *settings, **named)
        array = numeric(self.name, "x", x)
        array = cast(array, "float32" if array.dtype == np.float32 else "float64")
        return dispatch.at_once(
            lambda v: given(self._found()(given(v), *settings, **named)), (array,), {}
        )


def _name_of(function: Any) -> str:
    inner = getattr(function, "func", function)  # of a partial
    name = getattr(inner, "__name__", None) or getattr(inner, "name", type(inner).__name__)
    return "function" if name == "<lambda>" else str(name)


_CLASSES: tuple[type[Activation], ...] = (
    Linear, ReLU, LeakyReLU, ELU, SELU, GELU, SiLU, Sigmoid, Tanh, Softplus, Softsign,
    HardSigmoid, Mish, Exponential, Softmax, LogSoftmax,
)  # fmt: skip
_TABLE: dict[str, type[Activation]] = {cls.name: cls for cls in _CLASSES} | {
    "swish": SiLU,
    "Function": Function,
}

linear, relu, leaky_relu, elu, selu = Linear(), ReLU(), LeakyReLU(), ELU(), SELU()
gelu, sigmoid, tanh, softplus = GELU(), Sigmoid(), Tanh(), Softplus()
softsign, hard_sigmoid, mish, exponential = Softsign(), HardSigmoid(), Mish(), Exponential()
softmax, log_softmax = Softmax(), LogSoftmax()
silu = swish = SiLU()

# The functions of lamina.ops that have no kernel of their own.
celu, glu, hard_shrink, hard_silu = map(Function, ("celu", "glu", "hard_shrink", "hard_silu"))
hard_tanh, log_sigmoid, relu6 = Function("hard_tanh"), Function("log_sigmoid"), Function("relu6")
soft_shrink, sparse_plus = Function("soft_shrink"), Function("sparse_plus")
sparse_sigmoid, sparsemax = Function("sparse_sigmoid"), Function("sparsemax")
squareplus, tanh_shrink, threshold = map(Function, ("squareplus", "tanh_shrink", "threshold"))
hard_swish = hard_silu
_READY: dict[str, Function] = {
    f.name: f
    for f in (
        celu, glu, hard_shrink, hard_silu, hard_tanh, log_sigmoid, relu6, soft_shrink, sparse_plus,
        sparse_sigmoid, sparsemax, squareplus, tanh_shrink, threshold,
    )
} | {"hard_swish": hard_silu}  # fmt: skip


@answering_calls
def get(identifier: object) -> Activation:
    """Return the activation for a name, class, configuration, instance or function; None is linear.

    A function of a tensor, or a layer without weights, becomes a `Function`.

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
    if isinstance(identifier, str):
        own = custom(identifier)
        if own is not None:
            identifier = own
        elif (ready := _READY.get(identifier)) is not None:
            return ready
    if callable(identifier) and not isinstance(identifier, (type, Activation)):
        return Function(identifier)
    return resolve("activation", identifier, _TABLE, Activation)


deserialize = get  # by Keras's name
