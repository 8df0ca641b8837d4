"""A loop over the steps of a sequence that applies a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina._tensors.arguments import flat, mapped, packed
from lamina._tensors.given import current, given, wrap
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.carried import Carrier
from lamina.layers.base.shapes import show_shapes
from lamina.layers.rnn._steps import all_steps, check_cell, first_states, output_size, step
from lamina.layers.rnn.stacked_rnn_cells import StackedRNNCells

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["RNN"]


class RNN(Carrier):
    """Apply a cell to the steps of a sequence, one after the other.

    Parameters
    ----------
    cell : cell or list of cells
        A layer, or another object, with ``call(inputs, states)``, which returns the output and the
        new states, and ``state_size``, an integer, or a list with one for each state;
        ``get_initial_state(batch_size=...)`` returns the states before the first step, by default
        zeros.  In a list, each cell is given the output of the one before: see ``StackedRNNCells``.
    return_sequences : bool, default False
        Whether to return the outputs of all steps instead of the last one.
    return_state : bool, default False
        Whether to also return the last states, after the output.
    go_backwards : bool, default False
        Whether to process the last step first; the outputs are then in that order.
    stateful : bool, default False
        Whether a batch starts from the states in which the previous batch ended.
    unroll : bool, default False
        Accepted for compatibility with Keras: steps are always recorded one by one.
    zero_output_for_mask : bool, default False
        Whether the output is 0 at steps hidden by the mask; otherwise it is that of the step
        before.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, ...), y (rows, units) or (rows, steps, units).  Weights are those of the
    cell. A step hidden by the mask leaves the states unchanged.

    ``SimpleRNN``, ``LSTM`` and ``GRU`` are equivalent to loops over their cells, and much faster.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> from lamina import ops
    >>> class Sum(lamina.layers.Layer):
    ...     state_size = 2
    ...     def call(self, x, states):
    ...         total = states[0] + x
    ...         return total, [total]
    >>> lamina.layers.RNN(Sum(), return_sequences=True)(np.ones((1, 3, 2), "float32"))[0, :, 0]
    array([1., 2., 3.], dtype=float32)
    """

    supports_masking = True

    if TYPE_CHECKING:
        # It takes more than one tensor.
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        check_cell("RNN", cell)
        self.cell = cell
        self.return_sequences = _check.boolean("RNN", "return_sequences", return_sequences)
        self.return_state = _check.boolean("RNN", "return_state", return_state)
        self.go_backwards = _check.boolean("RNN", "go_backwards", go_backwards)
        self.stateful = _check.boolean("RNN", "stateful", stateful)
        self.unroll = _check.boolean("RNN", "unroll", unroll)
        self.zero_output_for_mask = _check.boolean(
            "RNN", "zero_output_for_mask", zero_output_for_mask
        )

    @property
    def units(self) -> Any:  # type: ignore[override]
        """The size of the cell's output."""
        return output_size(self.cell)

    @property
    def _state_count(self) -> int:  # type: ignore[override]
        return len(flat(self.state_size))

    @property
    def state_size(self) -> Any:
        """The sizes of the cell's states, as a list."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """Return the states before the first step, for a number of rows."""
        states = first_states(self.cell, batch_size, self.dtype)
        return list(states) if isinstance(states, (list, tuple)) else [states]

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """Return the output and, with ``return_state``, the last states.

        Parameters
        ----------
        sequences : Tensor of shape (rows, steps, ...)
        initial_state : list of Tensor, optional
            The states before the first step.
        mask : Tensor of shape (rows, steps), optional
            Boolean, True for the steps that count.
        training : bool, optional
        """
        if isinstance(sequences, (list, tuple)):  # the states follow the sequence
            sequences, *states = sequences
            if states and len(flat(states)) != self._state_count:
                raise ValueError(
                    f"{self.name}: takes one sequence, followed by all {self._state_count} states "
                    f"of the cell; got {len(flat(states))} more tensors"
                )
            initial_state = packed(self.state_size, states) if states else initial_state
        x = given(sequences)
        if x.ndim < 3 or x.shape[1] < 1:
            raise AxesError(
                f"{self.name}: input has shape {show_shapes(x.shape[1:])}; needs at least 3 axes "
                f"(batch, time steps, features), and 1 time step"
            )
        mask = mask[0] if isinstance(mask, list) else mask
        states = self._first(x, initial_state)
        outputs, states = all_steps(
            lambda x, states: step(self.cell, x, states, training), x, states, mask,
            backwards=self.go_backwards, zero_hidden=self.zero_output_for_mask,
        )  # fmt: skip
        if self.stateful:
            self._carry(states)
        y = ops.stack(outputs, axis=1) if self.return_sequences else outputs[-1]
        return (y, *states) if self.return_state else y

    def _begin(self, x: Any) -> list[Any]:
        return self.get_initial_state(ops.shape(x)[0])

    def _first(self, x: Any, initial_state: Any) -> list[Any]:
        zeros = mapped(
            self._begin(x),
            lambda v: None if isinstance(v, (list, tuple)) else given(v, "float"),
        )
        if initial_state is not None:
            listed = isinstance(initial_state, (list, tuple))
            given_states = list(initial_state) if listed else [initial_state]
            self._check_states(given_states, zeros)
            return given_states
        if not self.stateful:
            return zeros  # type: ignore[no-any-return]
        shapes = [tuple(leaf.value.shape) for leaf in flat(zeros)]
        carried = self._carried_states(shapes)
        graph = x.recording.graph
        tensors = [wrap(graph.state(state, self.name)) for state in carried]
        return packed(zeros, tensors)  # type: ignore[no-any-return]

    def _check_states(self, states: list[Any], zeros: list[Any]) -> None:
        got, needed = ([tuple(given(v).shape[1:]) for v in flat(s)] for s in (states, zeros))
        if got != needed:
            raise ValueError(
                f"{self.name}: initial_state must have shapes {show_shapes(needed)}; got "
                f"{show_shapes(got)}"
            )

    def _carry(self, states: list[Any]) -> None:
        graph = current().graph
        for state, value in zip(self._carried, flat(states), strict=True):
            graph.carry(state, given(value).value, self.name)

    def compute_mask(self, *given: Any) -> Any:
        """Return the mask of the steps if the outputs of all steps are returned."""
        mask = given[-1]
        mask = mask[0] if isinstance(mask, list) else mask
        return mask if self.return_sequences else None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        from lamina.layers.serialization import serialize

        return {**super().get_config(), "cell": serialize(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RNN:
        """Return a new layer, unbuilt, from what ``get_config`` returned."""
        from lamina.layers.serialization import deserialize

        cell = config["cell"]
        return cls(**{**config, "cell": deserialize(cell) if isinstance(cell, dict) else cell})
