"""ReLU as a layer, with a bound, a slope and a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.base.any_type import as_floats, integers_in_own_type
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["ReLU"]


class ReLU(RowWise):
    """``max_value`` above it, ``x`` above ``threshold``, else ``negative_slope (x - threshold)``.

    Parameters
    ----------
    max_value : float, optional
        At least 0; no bound if not given.
    negative_slope : float, default 0.0
        At least 0.
    threshold : float, default 0.0
        At least 0.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.ReLU(max_value=6.0)([[-1.0, 2.0, 7.0]])
    array([[0., 2., 6.]], dtype=float32)
    """

    input_dtype = None
    new_numbers = True
    supports_masking = True
    positionwise = True
    changeable = ("max_value", "negative_slope", "threshold")

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.max_value = (
            None if max_value is None else _check.number("ReLU", "max_value", max_value, 0.0)
        )
        self.negative_slope = _check.number("ReLU", "negative_slope", negative_slope, 0.0)
        self.threshold = _check.number("ReLU", "threshold", threshold, 0.0)

    def call_rows(self, x: Any) -> Any:
        """Return the function, as an activation if it is one: the layer before it may apply it."""
        slope, bound = self.negative_slope, self.max_value
        if slope == self.threshold == 0.0 and bound is None:
            return integers_in_own_type(lambda x: record("activation", x, "relu", 0.0), x)
        x = as_floats(x)
        if self.threshold == 0.0 and bound is None:
            return record("activation", x, "leaky_relu", slope)
        if self.threshold == 0.0 and slope == 0.0:
            return record("activation", x, "clipped_relu", bound)
        return record("bounded_relu", x, bound, slope, self.threshold)
