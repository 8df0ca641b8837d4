"""A penalty on the input of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.layers.base.rowwise import RowWise
from lamina.regularizers import L1L2

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["ActivityRegularization"]


class ActivityRegularization(RowWise):
    """Return the input unchanged, and add a penalty on it to the loss.

    The penalty is ``l1 * sum(|x|) + l2 * sum(x ** 2)``, divided by the number of rows.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        Factors, at least 0.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.ActivityRegularization(l1=0.01)([[-1.0, 2.0]])
    array([[-1.,  2.]], dtype=float32)
    """

    input_dtype = None
    supports_masking = True
    positionwise = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        penalty = self.activity_regularizer = L1L2(l1, l2)
        self.l1, self.l2 = penalty.l1, penalty.l2

    def call_rows(self, x: Any) -> Any:
        """Return the input: the penalty is recorded as for any layer."""
        return x
