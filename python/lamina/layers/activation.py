"""An activation as a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _core, activations
from lamina._check import Shape
from lamina._tensors import Tensor
from lamina.layers.layer import Layer
from lamina.layers.shapes import Spec, found_by_recording

if TYPE_CHECKING:
    from lamina._typing import ActivationLike, DimArguments, Unpack


class Activation(Layer):
    """``y = activation(x)``, element by element (softmax: along the last axis).

    Parameters
    ----------
    activation : str, Activation or callable
        Such as ``"relu"``, ``activations.LeakyReLU(0.1)``, or a function of a tensor.
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
        """Return the input's shape, or that which a function of one's own makes of it."""
        if self.activation.of_rows and not input_shape:
            raise ValueError(
                f"{self.name}: {self.activation.name} needs at least 2 axes (rows, ..., classes); "
                f"input has shape (rows,)"
            )
        if isinstance(self.activation, activations.Function):
            _, (found,) = found_by_recording(self.dtype, [Spec(input_shape)], self._applied)
            return found.shape
        return input_shape

    def _applied(self, tensors: list[Tensor]) -> Tensor:
        (x,) = tensors
        return Tensor(x.recording, self.record(x.recording.graph, x.value))

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the activation."""
        return self.activation.record(graph, x, self.name)  # type: ignore[no-any-return]
