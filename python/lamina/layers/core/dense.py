"""A fully connected layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, _core, activations, constraints, initializers, regularizers
from lamina._check import Shape
from lamina._tensors.given import given, record
from lamina.layers.base.activated import activated
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["Dense"]


class Dense(RowWise):
    """``y = activation(x W + b)``: every unit is connected to every input.

    Input with more axes is transformed along the last one, the other axes acting as rows.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str or Activation, optional
        Linear if not given.  All but softmax and log_softmax are applied in the same pass as the
        product.
    use_bias : bool, default True
        Whether ``b`` is added.
    kernel_initializer : str or Initializer, default "glorot_uniform"
        Initial values of ``W``.
    bias_initializer : str or Initializer, default "zeros"
        Initial values of ``b``.
    kernel_regularizer, bias_regularizer : str, Regularizer or callable, optional
        Penalties that training adds to the loss.
    kernel_constraint, bias_constraint : str, Constraint or callable, optional
        Constraints applied to the weights after each step of training.
    **base
        ``name``, ``trainable``, ``dtype``, ``input_shape``, ``input_dim``: see ``Layer``.

    Notes
    -----
    Shapes: x (rows, ..., inputs), W (inputs, units), b (units,), y (rows, ..., units).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.Dense(2, kernel_initializer="ones", bias_initializer="ones")
    >>> layer([[1.0, 2.0, 3.0]])
    array([[7., 7.]], dtype=float32)
    """

    supports_masking = True
    positionwise = True
    changeable = ("activation",)

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        *,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.units = _check.integer("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = _check.boolean("Dense", "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self._kernel: _core.Parameter | None = None
        self._bias: _core.Parameter | None = None

    @property
    def kernel(self) -> Variable | None:
        """The live weights ``W``, shape (inputs, units); None before the layer is built."""
        return self._live(self._kernel)

    @property
    def bias(self) -> Variable | None:
        """The live bias ``b``, shape (units,); None without one or before the layer is built."""
        return self._live(self._bias)

    def _check_input(self, input_shape: Shape) -> None:
        if not input_shape:
            raise AxesError(
                f"{self.name}: input has shape (rows,); needs at least 2 axes (rows, ..., inputs)"
            )

    def build(self, input_shape: Shape) -> None:
        """Make the kernel and the bias."""
        shape = (input_shape[-1], self.units)
        self._kernel = self.add_weight(
            "kernel",
            shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self._bias = self.add_weight(
                "bias",
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the size of the last axis is the same: all other axes act as rows."""
        return bool(input_shape) and input_shape[-1] == self._built_shape[-1]

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._kernel = self._bias = None

    def call_rows(self, x: Any) -> Any:
        """Return one product, with the activation fused into it where possible."""
        kernel, bias = given(self._kernel), None if self._bias is None else given(self._bias)
        fused = self.activation.fusable
        if fused is not None:
            return record("dense", x, kernel, bias, *fused)
        z = record("dense", x, kernel, bias)
        return activated(self, z)
