"""ELU as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class ELU(Layer):
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
    changeable = ("alpha",)

    def __init__(self, alpha: float = 1.0, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.alpha = _check.number("ELU", "alpha", alpha, 0.0, low_open=True)

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the function."""
        return graph.activation(x, "elu", self.alpha, name=self.name)
