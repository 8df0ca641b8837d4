"""An activation as a separate layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import activations
from lamina.layers.base.any_type import as_floats, integers_in_own_type, of_floats
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import ActivationLike, DimArguments, Unpack

__all__ = ["Activation"]


class Activation(RowWise):
    """``y = activation(x)``, element by element (softmax: along the last axis).

    Parameters
    ----------
    activation : str, Activation or callable
        For instance ``"relu"``, ``activations.LeakyReLU(0.1)``, or a function of a tensor.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Activation("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    input_dtype = None
    new_numbers = True
    supports_masking = True
    positionwise = True
    changeable = ("activation",)

    def __init__(self, activation: ActivationLike, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.activation = activations.get(activation)

    def call_rows(self, x: Any) -> Any:
        """Return the activation."""
        if self.activation.of_rows and x.ndim < 2:
            raise AxesError(
                f"{self.name}: {self.activation.name} needs at least 2 axes (rows, ..., classes); "
                f"input has shape (rows,)"
            )
        if isinstance(self.activation, activations.Linear) and not of_floats(x):
            return x
        if self.activation.of_integers:
            return integers_in_own_type(lambda x: self.activation.of_floats(x, self.name), x)
        return self.activation.of_floats(as_floats(x), self.name)
