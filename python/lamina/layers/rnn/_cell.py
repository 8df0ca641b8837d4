"""Code shared by the cells of recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check, activations, constraints, initializers, ops, regularizers
from lamina._check import Array, Shape
from lamina._tensors.given import current, given
from lamina.layers.base.shapes import show_shapes
from lamina.layers.layer import Layer
from lamina.layers.regularization.dropout import Dropout
from lamina.layers.rnn import _gates
from lamina.random import seed_value

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


class Cell(Layer):
    """One step of a recurrent layer: ``cell(x, states)`` returns the output and the new states.

    A subclass defines the numbers of gates and states, and the computation of a step.
    """

    gates: ClassVar[int] = 1  # blocks of columns of both kernels
    state_size: int | list[int]

    if TYPE_CHECKING:
        # It takes more than one tensor.
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def __init__(
        self,
        units: int,
        *,
        activation: ActivationLike,
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool,
        kernel_initializer: InitializerLike,
        recurrent_initializer: InitializerLike,
        bias_initializer: InitializerLike,
        kernel_regularizer: RegularizerLike,
        recurrent_regularizer: RegularizerLike,
        bias_regularizer: RegularizerLike,
        kernel_constraint: ConstraintLike,
        recurrent_constraint: ConstraintLike,
        bias_constraint: ConstraintLike,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.units = _check.integer(who, "units", units)
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = _check.boolean(who, "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = _check.number(who, "dropout", dropout, 0.0, 1.0, high_open=True)
        self.recurrent_dropout = _check.number(
            who, "recurrent_dropout", recurrent_dropout, 0.0, 1.0, high_open=True
        )
        self.seed = None if seed is None else seed_value(who, seed)
        self.state_size = self.output_size = self.units
        self.kernel: Variable | None = None
        self.recurrent_kernel: Variable | None = None
        self.bias: Variable | None = None
        self._drop = [
            None if rate == 0.0 else Dropout(rate, seed=self.seed, name=name)
            for rate, name in (
                (self.dropout, "dropout"), (self.recurrent_dropout, "recurrent_dropout")
            )
        ]  # fmt: skip

    # --- weights

    @property
    def bias_shape(self) -> Shape:
        """Shape of the bias: one number for every column of the kernels."""
        return (self.gates * self.units,)

    def first_bias(self, shape: Shape, dtype: str, rng: Any) -> Array:
        """Return the initial values of the bias."""
        return _gates.first_bias(self, shape, dtype, rng)

    def build(self, input_shape: Any) -> None:
        """Make the kernels and the bias for inputs (rows, features)."""
        if len(input_shape) != 2:
            raise ValueError(
                f"{self.name}: input has shape {show_shapes(input_shape[1:])}; needs "
                f"(rows, features), one step"
            )
        self.kernel, self.recurrent_kernel, self.bias = _gates.gate_weights(
            self, (input_shape[-1],), (self.units,)
        )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self.kernel = self.recurrent_kernel = self.bias = None

    # --- steps

    def call(self, *given: Any, **options: Any) -> Any:  # noqa: ARG002
        """Return the output and the new states."""
        raise TypeError(f"{type(self).__name__}: a cell must define call(x, states)")

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return states of zeros for a number of rows."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, size), self.dtype) for size in sizes]

    def dropping(self, training: bool | None) -> Callable[[Any, int], Any]:
        """Return the function of ``dropped`` without ``training``."""
        return lambda x, place: self.dropped(x, place, training)

    def dropped(self, x: Any, place: int, training: bool | None) -> Any:
        """Return inputs (index 0) or a state (1) after dropout, with one draw for all steps."""
        drop = self._drop[place]
        if drop is None or not training:
            return x
        ones = ops.ones_like(given(x))
        return x * current().made_once((id(self), place), lambda: drop(ones, training=True))
