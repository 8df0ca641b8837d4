"""The input itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Identity"]


class Identity(Layer):
    """Return the input unchanged: a named place in a model, or a placeholder for another layer.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Identity()([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    supports_masking = True
    positionwise = True

    def __init__(self, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)

    def call(self, x: Any) -> Any:
        """Return the input."""
        return x
