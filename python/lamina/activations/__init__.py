"""Activation functions.

Each function has a class (``activations.LeakyReLU(negative_slope=0.1)``) and, if it needs no
setting or has a usual one, an instance (``activations.relu``).  An instance can be called on arrays
and tensors, ``activations.relu(x)``, also with settings, ``activations.leaky_relu(x, 0.1)``, and
passed to a layer; so can its name, ``"relu"``, and any function of a tensor that is written with
``lamina.ops``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import custom, find, resolve
from lamina._settings import serialize as _serialize
from lamina.activations import laws
from lamina.activations.base import Activation
from lamina.activations.function import Function
from lamina.activations.laws import *  # noqa: F403

__all__ = [
    "Activation", "Function", "celu", "get", "glu", "hard_shrink", "hard_tanh", "log_sigmoid",
    "serialize", "soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
    "tanh_shrink", "threshold",
]  # fmt: skip
__all__ += laws.__all__


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


_TABLE = {law.name: law for law in laws.classes()} | {
    "swish": laws.SiLU, "hard_swish": laws.HardSiLU, "Function": Function,
}  # fmt: skip

# Functions of lamina.ops without a kernel.
celu, glu, hard_shrink, hard_tanh = map(Function, ("celu", "glu", "hard_shrink", "hard_tanh"))
log_sigmoid, soft_shrink = Function("log_sigmoid"), Function("soft_shrink")
sparse_plus, sparse_sigmoid = Function("sparse_plus"), Function("sparse_sigmoid")
sparsemax, squareplus = Function("sparsemax"), Function("squareplus")
tanh_shrink, threshold = Function("tanh_shrink"), Function("threshold")
_READY: dict[str, Function] = {
    f.name: f
    for f in (
        celu, glu, hard_shrink, hard_tanh, log_sigmoid, soft_shrink, sparse_plus, sparse_sigmoid,
        sparsemax, squareplus, tanh_shrink, threshold,
    )
}  # fmt: skip


_BY_NAME: dict[str, Any] = {**_TABLE, **_READY}
del _BY_NAME["Function"]  # a class for configurations alone


def name_of(activation: Activation) -> str | None:
    """Return the name for which `get` makes an equal activation; None if there is none."""
    from lamina import ops

    if isinstance(activation, Function):  # such as ops.relu
        function = activation.function
        name = getattr(function, "__name__", "") if callable(function) else function
        known = name in _READY or name in _TABLE
        return name if known and function in (name, getattr(ops, name, None)) else None
    name, cls = activation.name, _TABLE.get(activation.name)
    same = type(activation) is cls and activation.get_config() == cls().get_config()
    return name if same else None


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
        return laws.linear
    if isinstance(identifier, str):
        own = custom(identifier)
        if own is not None:
            identifier = own
        else:
            found: Any = find("activation", identifier, _BY_NAME)
            return found if isinstance(found, Activation) else found()
    if callable(identifier) and not isinstance(identifier, (type, Activation)):
        return Function(identifier)
    return resolve("activation", identifier, _TABLE, Activation)


def serialize(activation: Activation) -> Any:
    """Return a name or a configuration from which `get` makes an equal activation.

    Examples
    --------
    >>> from lamina import activations
    >>> activations.serialize(activations.relu)
    'relu'
    """
    return name_of(activation) or _serialize(activation)


deserialize = get  # Keras's name
