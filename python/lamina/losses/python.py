"""A user-defined loss, written in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina._check import cast
from lamina._weak import method_of
from lamina.losses.base import REDUCTION, Loss
from lamina.losses.called import MEANS

Forward = Callable[[NDArray[Any], NDArray[Any]], ArrayLike]


class PythonLoss(Loss):
    """A loss from two functions on NumPy arrays.

    Parameters
    ----------
    forward : callable
        ``forward(y_true, y_pred)`` returns one value per row, shape (rows,), or one per position,
        shape ``y_pred.shape[:-1]``.
    backward : callable
        ``backward(y_true, y_pred)`` returns the derivative of those values with respect to
        `y_pred`, in the shape of `y_pred`.  The weights of rows and the mean over rows are applied
        afterwards.
    reduction : {"sum_over_batch_size", "mean"}
        How rows are combined; see `Loss`.
    name : str, default ``forward.__name__``
        Name in reports.

    Examples
    --------
    The quantile (pinball) loss at 0.9:

    >>> import numpy as np
    >>> from lamina import losses
    >>> def pinball(y, p):
    ...     return np.maximum(0.9 * (y - p), 0.1 * (p - y))[:, 0]
    >>> def slope(y, p):
    ...     return np.where(y > p, -0.9, 0.1)
    >>> loss = losses.PythonLoss(pinball, slope)
    >>> round(loss([[1.0], [0.0]], [[0.0], [1.0]]), 6)
    0.5
    """

    def __init__(
        self,
        forward: Forward,
        backward: Forward,
        reduction: str | None = REDUCTION,
        name: str | None = None,
    ) -> None:
        for role, function in (("forward", forward), ("backward", backward)):
            if not callable(function):
                raise TypeError(f"PythonLoss: {role} must be callable; got {function!r}")
        if reduction not in MEANS:
            raise ValueError(f"PythonLoss: reduction must be {REDUCTION!r}; got {reduction!r}")
        self.forward = forward
        self.backward = backward
        self._init(reduction, name or getattr(forward, "__name__", "python_loss"))

    def record(self, graph: Any, prediction: Any, target: Any) -> Any:
        """Record the two functions as a Python operation of the graph."""
        name, positions = self.name, tuple(prediction.shape[:-1])
        value, derivative = method_of(self, "forward"), method_of(self, "backward")

        def forward(y_pred: NDArray[Any], y_true: NDArray[Any]) -> NDArray[Any]:
            return _checked(
                name, "forward", value(y_true, y_pred),
                (y_pred.shape[0], *positions), y_pred.dtype,
            )  # fmt: skip

        def backward(
            dvalue: NDArray[Any], y_pred: NDArray[Any], y_true: NDArray[Any]
        ) -> tuple[NDArray[Any], None]:
            slope = _checked(
                name, "backward", derivative(y_true, y_pred), y_pred.shape, y_pred.dtype
            )
            spread = dvalue if dvalue.ndim == slope.ndim else dvalue[..., np.newaxis]
            with np.errstate(all="ignore"):
                return np.ascontiguousarray(slope * spread), None

        return graph.python([prediction, target], positions, forward, backward, name=name)


def _checked(
    who: str, role: str, values: ArrayLike, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    array = cast(np.asarray(values), dtype)
    if array.shape != shape:
        raise ValueError(f"{who}: {role} must return shape {shape}; got {array.shape}")
    return array
