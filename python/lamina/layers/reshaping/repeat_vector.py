"""RepeatVector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._tensors.given import record
from lamina.layers.base.axes import cells, needs_rank, repeated
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["RepeatVector"]


class RepeatVector(RowWise):
    """Make a sequence of ``n`` equal steps from each row.

    Parameters
    ----------
    n : int
        Number of steps.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, features), y (rows, n, features).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.RepeatVector(2)([[1.0, 2.0]])
    array([[[1., 2.],
            [1., 2.]]], dtype=float32)
    """

    input_dtype = None

    def __init__(self, n: int, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.n = cells("RepeatVector", "n", n, 1)

    def call_rows(self, x: Any) -> Any:
        """Return the copies."""
        needs_rank(self.name, x.row_shape, 1, "features")
        return repeated(self.name, record("reshape", x, (1, *x.row_shape)), [self.n, 1])
