"""RepeatVector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._axes import cells, needs_rank
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class RepeatVector(Layer):
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

    def __init__(self, n: int, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.n = cells("RepeatVector", "n", n, 1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (n, features)."""
        needs_rank(self.name, input_shape, 1, "features")
        _check.elements(self.name, "output of shape", (self.n, *input_shape))
        return (self.n, *input_shape)

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the copies."""
        step = graph.reshape(x, (1, *x.shape), name=self.name)
        return graph.repeat(step, [self.n, 1], name=self.name)
