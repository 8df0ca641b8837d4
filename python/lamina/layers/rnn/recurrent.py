"""Code shared by SimpleRNN, LSTM and GRU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, overload

from lamina import _check, _core, activations, constraints, initializers, ops, regularizers
from lamina._check import Array, Shape
from lamina._names import snake_case
from lamina._tensors import Tensor
from lamina._tensors.given import current, given, record
from lamina.layers.base.axes import reshaped
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.carried import Carrier
from lamina.layers.base.masks import check_steps
from lamina.layers.base.recorded_calls import with_states
from lamina.layers.base.rowwise import RowWise
from lamina.layers.base.signatures import first
from lamina.layers.base.streams import stream_of
from lamina.layers.rnn import _gates
from lamina.layers.rnn._equations import Drop
from lamina.layers.rnn._steps import all_steps
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ActivationLike,
        ArrayLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        Masks,
        RegularizerLike,
        Symbols,
        Unpack,
    )
    from lamina.layers.base.node import SymbolicTensor


class Recurrent(RowWise, Carrier):
    """Base of the layers that carry a state from step to step.

    A subclass names its cell and its settings; this class checks them, makes the weights and
    records the operation.
    """

    multiple_inputs = True  # x, or x and the initial states
    changeable = ("activation", "recurrent_activation", "dropout", "recurrent_dropout", "seed")

    gates: ClassVar[int] = 1  # blocks of columns of both kernels
    _state_count: ClassVar[int] = 1  # h, or h and c
    _step: ClassVar[Callable[[Any, Any, Sequence[Any], Drop], list[Any]]]  # of the equations

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
        kernel_constraint: ConstraintLike,
        recurrent_regularizer: RegularizerLike,
        recurrent_constraint: ConstraintLike,
        bias_regularizer: RegularizerLike,
        bias_constraint: ConstraintLike,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        return_sequences: bool,
        return_state: bool,
        go_backwards: bool,
        stateful: bool,
        unroll: bool,
        zero_output_for_mask: bool,
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
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = _check.number(who, "dropout", dropout, 0.0, 1.0, high_open=True)
        self.recurrent_dropout = _check.number(
            who, "recurrent_dropout", recurrent_dropout, 0.0, 1.0, high_open=True
        )
        self.seed = None if seed is None else seed_value(who, seed)
        self.return_sequences = _check.boolean(who, "return_sequences", return_sequences)
        self.return_state = _check.boolean(who, "return_state", return_state)
        self.go_backwards = _check.boolean(who, "go_backwards", go_backwards)
        self.stateful = _check.boolean(who, "stateful", stateful)
        self.unroll = _check.boolean(who, "unroll", unroll)
        self.zero_output_for_mask = _check.boolean(
            who, "zero_output_for_mask", zero_output_for_mask
        )
        self._kernel: _core.Parameter | None = None
        self._recurrent_kernel: _core.Parameter | None = None
        self._bias: _core.Parameter | None = None

    # --- properties of a cell

    @property
    def cell(self) -> str:
        """The name of the cell's kernel."""
        raise TypeError(f"{type(self).__name__}: a recurrent layer must name its cell")

    @property
    def bias_shape(self) -> Shape:
        """Shape of the bias: one number for every column of the kernels."""
        return (self.gates * self.units,)

    def first_bias(self, shape: Shape, dtype: str, rng: Any) -> Array:
        """Return the initial values of the bias."""
        return _gates.first_bias(self, shape, dtype, rng)

    @property
    def drops(self) -> str | None:  # type: ignore[override]
        """How to keep the axis of steps, for messages, where it is dropped."""
        if self.return_sequences:
            return None
        return "returns only its last step; with return_sequences=True it returns all of them"

    # --- weights

    @property
    def kernel(self) -> Variable | None:
        """The live weights of the inputs, (features, gates * units); None before building."""
        return self._live(self._kernel)

    @property
    def recurrent_kernel(self) -> Variable | None:
        """The live weights of the state, (units, gates * units); None before building."""
        return self._live(self._recurrent_kernel)

    @property
    def bias(self) -> Variable | None:
        """The live bias; None without one or before building."""
        return self._live(self._bias)

    @overload
    def __call__(
        self,
        x: Symbols,
        initial_state: Symbols | None = None,
        *,
        mask: Masks = None,
        training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self,
        x: ArrayLike,
        initial_state: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        mask: ArrayLike | None = None,
        training: bool | None = None,
    ) -> Array: ...
    def __call__(
        self, x: Any = None, initial_state: Any = None, *, mask: Any = None, **unknown: Any
    ) -> Any:
        """Apply the layer, to arrays or to tensors.

        Parameters
        ----------
        x : array_like or SymbolicTensor
            The input, or a list of it and the initial states.
        initial_state : list of array_like or SymbolicTensor, optional
            The states before the first step; zero if not given.
        mask : array_like of bool or SymbolicTensor, optional
            True for the steps that count, (rows, steps).
        """
        x = first(x, unknown)
        return super().__call__(with_states(x, initial_state), mask=mask, **unknown)

    def _check_input(self, input_shape: Any) -> None:
        self._check_shapes(*split_shapes(input_shape))

    def _check_shapes(self, x: Shape, states: Sequence[Shape]) -> None:
        cls = type(self).__name__
        who = cls if self.name == snake_case(cls) else self.name
        if len(x) != 2:
            raise AxesError(
                f"{who}: input has shape {_check.show_shape(x)}; needs 3 axes "
                f"(batch, time steps, features)",
                3,
                "feature",
            )
        if any(n is not None and n < 1 for n in x):
            raise ValueError(
                f"{who}: input has shape {_check.show_shape(x)}; needs at least 1 time step and "
                f"1 feature"
            )
        needed = self._state_count
        if states and len(states) != needed:
            raise ValueError(
                f"{who}: needs {needed} initial state{'s' if needed > 1 else ''}; got {len(states)}"
            )
        for state in states:
            if state != (self.units,):
                raise ValueError(
                    f"{who}: initial state has shape {_check.show_shape(state)}; needs "
                    f"{_check.show_shape((self.units,))}, one number per unit"
                )

    def build(self, input_shape: Any) -> None:
        """Make the kernels and the bias."""
        x, _ = split_shapes(input_shape)
        self._kernel, self._recurrent_kernel, self._bias = _gates.gate_weights(
            self, (x[1],), (self.units,)
        )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._kernel = self._recurrent_kernel = self._bias = None

    def weights_fit(self, input_shape: Any) -> bool:
        """Return whether the number of features is the same: the number of steps may differ."""
        return self.same_last_axis(input_shape)

    @property
    def streams(self) -> int:
        """Return 2: one stream for the dropout of the inputs and one for that of the state."""
        return 2

    def _states(self) -> list[_core.State]:
        return self._carried_states([(self.units,)] * self._state_count)

    # --- recording

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # noqa: ARG002
        """Return the input's mask, if the outputs of all steps are returned, else None."""
        if not self.return_sequences:
            return None
        return mask[0] if isinstance(mask, list) else mask

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Return the output of all steps, or a list of it and the states.

        It is one operation if the activations are parts of it.

        Parameters
        ----------
        x : Tensor or list of Tensor
            The input (rows, steps, features), or a list of it and the initial states h (and c).
        mask : Tensor or list, optional
            Boolean, one value per step: a step that is False leaves the state unchanged.  Of a
            list, the first mask is used.
        """
        tensors = list(x) if isinstance(x, list) else [x]
        now = tensors[0].recording
        # A built layer may be applied again, to another number of steps, with or without states.
        self._check_shapes(tensors[0].row_shape, [t.row_shape for t in tensors[1:]])
        masked = mask[0] if isinstance(mask, list) else mask
        check_steps(self.name, tensors[0], masked)
        carried = self._states() if self.stateful else []
        if len(tensors) == 1:
            tensors += [Tensor(now, now.graph.state(state, self.name)) for state in carried]
        fused = None not in (self.activation.fusable, self.recurrent_activation.fusable)
        outputs = (self._as_one if fused else self._by_steps)(tensors, masked)
        for state, value in zip(carried, outputs[1:], strict=bool(carried)):
            now.graph.carry(state, value.value, self.name)
        if self.zero_output_for_mask and masked is not None:
            outputs = [self._zeroed(outputs[0], masked), *outputs[1:]]
        return outputs if self.return_state else outputs[0]

    def _dropping(self) -> tuple[float, float, bool]:
        """Return the rates of dropout, and whether it also acts outside of training."""
        noisy = self.dropout > 0.0 or self.recurrent_dropout > 0.0
        acts, always = current().noise() if noisy else (False, False)
        return (self.dropout, self.recurrent_dropout, always) if acts else (0.0, 0.0, always)

    def _as_one(self, tensors: list[Tensor], mask: Tensor | None) -> Any:
        """Record all steps as one operation; return the output and, if wanted, the states."""
        fused, gate_fused = self.activation.fusable, self.recurrent_activation.fusable
        assert fused is not None
        assert gate_fused is not None
        (kind, alpha), (gate_kind, gate_alpha) = fused, gate_fused
        dropout, recurrent_dropout, always = self._dropping()
        return record(
            "recurrent",
            self.cell,
            tensors[0],
            given(self._kernel),
            given(self._recurrent_kernel),
            None if self._bias is None else given(self._bias),
            initial_state=tensors[1:],
            mask=mask,
            activation=kind,
            alpha=alpha,
            recurrent_activation=gate_kind,
            recurrent_alpha=gate_alpha,
            return_sequences=self.return_sequences,
            return_state=self.return_state or self.stateful,
            go_backwards=self.go_backwards,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            stream=stream_of(self, 0),
            recurrent_stream=stream_of(self, 1),
            always=always,
        )

    def _by_steps(self, tensors: list[Tensor], mask: Tensor | None) -> list[Any]:
        """Record the steps one by one, for activations that are no part of the operation."""
        x, *states = tensors
        *rates, always = self._dropping()

        def drop(y: Any, place: int) -> Any:
            if rates[place] == 0.0:
                return y
            settings = rates[place], stream_of(self, place), always
            return y * current().made_once(
                (id(self), place), lambda: record("dropout", ops.ones_like(y), *settings)
            )

        def run(x: Any, states: Any) -> tuple[Any, Any]:
            new = self._step(x, states, drop)
            return new[0], new

        zeros = ops.zeros((ops.shape(x)[0], self.units), x.dtype)
        states = states or [zeros] * self._state_count
        outputs, states = all_steps(
            run, x, states, mask,
            backwards=self.go_backwards, zero_hidden=False, before=states[0],
        )  # fmt: skip
        return [ops.stack(outputs, axis=1) if self.return_sequences else outputs[-1], *states]

    def _zeroed(self, y: Tensor, mask: Tensor) -> Tensor:
        """Return the output with zeros for hidden steps, in the order of processing."""
        with y.recording.within(f"{self.name}/where"):
            if self.return_sequences:
                kept = record("flip", mask, 0) if self.go_backwards else mask
                return record("where", kept, y)  # type: ignore[no-any-return]
            steps = mask.row_shape[0]
            before = 0 if self.go_backwards else steps - 1
            last = record("crop", mask, [(before, steps - 1 - before)])
            kept = record("where", last, reshaped(y, (1, self.units)))
            return reshaped(kept, (self.units,))


def split_shapes(input_shape: Any) -> tuple[Shape, list[Shape]]:
    """Return the shape of x and the shapes of the initial states."""
    if len(input_shape) > 0 and isinstance(input_shape[0], (list, tuple)):
        first, *rest = (tuple(shape) for shape in input_shape)
        return first, rest
    return tuple(input_shape), []
