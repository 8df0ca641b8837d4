"""ELU as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["ELU"]


class ELU(RowWise):
    """``x`` for x > 0, else ``alpha * (exp(x) - 1)``.

    Clevert et al. 2016, https://arxiv.org/abs/1511.07289.

    Parameters
    ----------
    alpha : float, default 1.0
        Above 0.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.ELU()([[0.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    supports_masking = True
    positionwise = True
    changeable = ("alpha",)

    def __init__(self, alpha: float = 1.0, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.alpha = _check.number("ELU", "alpha", alpha, 0.0, low_open=True)

    def call_rows(self, x: Any) -> Any:
        """Return the function."""
        return record("activation", x, "elu", self.alpha)
