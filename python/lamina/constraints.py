"""Constraints on a layer's weights, applied after every step of training.

A constraint is a function of one weight that returns its replacement, such as the same values
scaled to a norm.  Any callable written with ``lamina.ops`` may be used: ``Dense(8,
kernel_constraint=lambda w: ops.clip(w, -1, 1))``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import number
from lamina._settings import Configurable, custom, resolve, serialize
from lamina._tensors.dispatch import as_operand

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get", "serialize"]

EPSILON = 1e-7  # Keras's: prevents division by a norm of 0


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


class Constraint(Configurable):
    """Base of constraints, including user-defined ones, which define ``__call__(self, w)``.

    Examples
    --------
    >>> from lamina import constraints, ops
    >>> class AtMostOne(constraints.Constraint):
    ...     def __call__(self, w):
    ...         return ops.minimum(w, 1.0)
    >>> AtMostOne()([0.5, 3.0])
    array([0.5, 1. ], dtype=float32)
    """

    counts_in_dtype = False  # the constrained weights are checked

    def __call__(self, w: Any) -> Any:
        """Return the replacement of the weight: a tensor or an array of the same shape."""
        return w


class MaxNorm(Constraint):
    """Scale down vectors whose norm exceeds a value.

    Parameters
    ----------
    max_value : float, default 2
        Upper bound of the norm, at least 0.
    axis : int or sequence of int, default 0
        Axes along which norms are computed: 0 for the kernel of ``Dense``, whose columns are the
        weights into one unit; ``[0, 1, 2]`` for that of ``Conv2D``.

    Examples
    --------
    >>> from lamina import constraints
    >>> constraints.MaxNorm(2.0)([[3.0, 0.6], [4.0, 0.8]]).round(4)
    array([[1.2, 0.6],
           [1.6, 0.8]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        self.max_value = number("MaxNorm", "max_value", max_value, low=0.0)
        self.axis = _axes(axis)

    def __call__(self, w: Any) -> Any:
        """Return the weight, scaled."""
        from lamina import ops

        w = as_operand(w)
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0.0, self.max_value) / (EPSILON + norms))


class NonNeg(Constraint):
    """Replace negative values by 0.

    Examples
    --------
    >>> from lamina import constraints
    >>> constraints.NonNeg()([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """Return the weight, at least 0."""
        from lamina import ops

        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scale norms to 1.

    Parameters
    ----------
    axis : int or sequence of int, default 0
        Axes along which norms are taken: see `MaxNorm`.

    Examples
    --------
    >>> from lamina import constraints
    >>> constraints.UnitNorm()([[3.0], [4.0]])
    array([[0.6],
           [0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = _axes(axis)

    def __call__(self, w: Any) -> Any:
        """Return the weight, scaled."""
        w = as_operand(w)
        return w / (EPSILON + _norms(w, self.axis))


class MinMaxNorm(Constraint):
    """Scale norms into a range, at once or gradually.

    Parameters
    ----------
    min_value, max_value : float, default 0.0 and 1.0
        The range.
    rate : float, default 1.0
        In [0, 1]: the part of the correction applied in one step.
    axis : int or sequence of int, default 0
        Axes along which norms are taken: see `MaxNorm`.

    Examples
    --------
    >>> from lamina import constraints
    >>> constraints.MinMaxNorm(1.0, 2.0)([[3.0, 0.3], [4.0, 0.4]]).round(4)
    array([[1.2, 0.6],
           [1.6, 0.8]], dtype=float32)
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        self.min_value = number("MinMaxNorm", "min_value", min_value, low=0.0)
        self.max_value = number("MinMaxNorm", "max_value", max_value, low=0.0)
        self.rate = number("MinMaxNorm", "rate", rate, low=0.0, high=1.0)
        self.axis = _axes(axis)
        if self.min_value > self.max_value:
            raise ValueError(
                f"MinMaxNorm: min_value must not exceed max_value; got {min_value!r} and "
                f"{max_value!r}"
            )

    def __call__(self, w: Any) -> Any:
        """Return the weight, scaled."""
        from lamina import ops

        w = as_operand(w)
        norms = _norms(w, self.axis)
        within = ops.clip(norms, self.min_value, self.max_value)
        wanted = self.rate * within + (1.0 - self.rate) * norms
        return w * (wanted / (EPSILON + norms))


def _axes(axis: int | Sequence[int]) -> int | list[int]:
    return list(axis) if isinstance(axis, (list, tuple)) else cast(int, axis)


def _norms(w: Any, axis: Any) -> Any:
    from lamina import ops

    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm

_TABLE: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
    "min_max_norm": MinMaxNorm,
}


@answering_calls
def get(identifier: object) -> Constraint | Callable[[Any], Any] | None:
    """Return a constraint for a name, class, configuration, instance or function; None stays None.

    Parameters
    ----------
    identifier : str, dict, type, Constraint, callable or None

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import constraints
    >>> constraints.get("max_norm")
    MaxNorm(max_value=2.0, axis=0)
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        identifier = custom(identifier) or identifier
    if callable(identifier) and not isinstance(identifier, type):
        return identifier
    return resolve("constraint", identifier, _TABLE, Constraint)


deserialize = get  # Keras's name
