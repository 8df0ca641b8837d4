"""An activation as a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _core, activations
from lamina._check import Shape
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import ActivationLike, DimArguments, Unpack


class Activation(Layer):
    """``y = activation(x)``, element by element (softmax: along the last axis).

    Parameters
    ----------
    activation : str or Activation
        Such as ``"relu"`` or ``activations.LeakyReLU(0.1)``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Activation("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    supports_masking = True
    changeable = ("activation",)

    def __init__(self, activation: ActivationLike, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.activation = activations.get(activation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        if self.activation.fusable is None and not input_shape:
            raise ValueError(
                f"{self.name}: {self.activation.name} needs at least 2 axes (rows, ..., classes); "
                f"input has shape (rows,)"
            )
        return input_shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the activation."""
        return self.activation.record(graph, x, self.name)  # type: ignore[no-any-return]
