"""LeakyReLU as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["LeakyReLU"]


class LeakyReLU(RowWise):
    """``x`` for x > 0, else ``negative_slope * x`` (Maas et al. 2013).

    Parameters
    ----------
    negative_slope : float, default 0.3
        At least 0; ``alpha`` is its old name.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.LeakyReLU(0.5)([[-1.0, 2.0]])
    array([[-0.5,  2. ]], dtype=float32)
    """

    supports_masking = True
    positionwise = True
    changeable = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.3, **base: Unpack[DimArguments]) -> None:
        old: dict[str, Any] = base  # type: ignore[assignment]
        slope = old.pop("alpha", negative_slope)
        super().__init__(**base)
        self.negative_slope = _check.number("LeakyReLU", "negative_slope", slope, 0.0)

    def call_rows(self, x: Any) -> Any:
        """Return the function."""
        return record("activation", x, "leaky_relu", self.negative_slope)
