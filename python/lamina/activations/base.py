"""The base of activations: arrays and tensors, settings in a call."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina._calls import answering_calls
from lamina._check import cast, numeric
from lamina._settings import Configurable, argument_names
from lamina._tensors import Tensor, dispatch
from lamina._tensors.given import given


class Activation(Configurable):
    """An activation function, computed by the kernels that layers use.

    Attributes
    ----------
    name : str
        Its Keras name.
    range : tuple of (float, float) or None
        The bounds of its values, where they are bounded: used for advice on losses and targets.
    fusable : tuple of (str, float) or None
        The name and the parameter of the kernel that a dense product can apply in the same pass.
        None for functions of a whole row, softmax and log_softmax, and for users' functions.
    """

    _plumbing: ClassVar[str] = "fusable in_config of_floats of_integers of_rows record"
    name: ClassVar[str]
    range: ClassVar[tuple[float, float] | None] = None
    of_rows: ClassVar[bool] = False  # whether it is a function of the whole last axis
    of_integers: ClassVar[bool] = False  # whether it returns integers for integers

    @property
    def __name__(self) -> str:
        """The name, as for functions."""
        return self.name

    @property
    def in_config(self) -> Any:
        """Its name if `activations.get` makes an equal one from it, as in Keras, else None."""
        from lamina import activations

        return activations.name_of(self)

    @property
    def fusable(self) -> tuple[str, float] | None:
        """The element-wise kernel's name and parameter, or None."""
        return self.name, 0.0

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the operation on a graph under construction and return its output tensor."""
        assert self.fusable is not None
        kind, alpha = self.fusable
        return graph.activation(x, kind, alpha, name=name or self.name)

    @answering_calls
    def __call__(self, x: Any, *settings: Any, **named: Any) -> Any:
        """Apply the function to an array of any shape, or to a tensor.

        float32 stays float32; everything else is computed in float64.

        Parameters
        ----------
        x : array_like or tensor
        *settings, **named
            Settings that replace those of this object, as arguments of the class.

        Raises
        ------
        TypeError
            If `x` does not hold real numbers.
        ValueError
            If the function needs a last axis and `x` has none.
        """
        if settings or named:
            return self._with(settings, named)(x)
        if dispatch.on_tensors(x):
            return self._of_tensor(x)
        array = numeric(self.name, "x", x)
        if self.of_rows and (array.ndim == 0 or array.shape[-1] == 0):
            raise ValueError(
                f"{self.name}: x must have a last axis of at least 1; got shape {array.shape}"
            )
        dtype = "float32" if array.dtype == np.float32 else "float64"
        return self._compute(cast(array, dtype))

    def _with(self, settings: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return the function with other settings: another object, or a function of ``ops``."""
        cls = type(self)
        if set(named) <= set(argument_names(cls)) and len(settings) <= len(argument_names(cls)):
            return cls(*settings, **named)
        from lamina import ops

        return lambda x: getattr(ops, self.name)(x, *settings, **named)

    def _of_tensor(self, x: Any) -> Any:
        from lamina import ops

        if not isinstance(x, Tensor):  # a symbolic tensor
            from lamina.layers import Activation as Layer

            return Layer(self)(x)
        x = given(x) if x.dtype.startswith("float") else ops.cast(x, "float32")
        return Tensor(x.recording, self.of_floats(x).value, x.mask)

    def of_floats(self, x: Tensor, name: str = "") -> Tensor:
        """Return the function of a floating-point tensor, recorded under that name."""
        return Tensor(x.recording, self.record(x.recording.graph, x.value, name))

    def _compute(self, x: NDArray[Any]) -> NDArray[Any]:
        assert self.fusable is not None
        kind, alpha = self.fusable
        from lamina import kernels  # not imported by `import lamina`

        return kernels.activation_forward(x, kind, alpha)
