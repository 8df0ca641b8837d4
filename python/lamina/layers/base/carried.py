"""States that a layer carries from one batch to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from lamina import _core
from lamina._check import Array, Shape
from lamina.layers.layer import Layer


class Carrier(Layer):
    """A layer that may be stateful: each batch then starts from the state after the last one."""

    # Used by objects that hold such a layer.
    units: int
    go_backwards: bool
    return_sequences: bool
    return_state: bool
    stateful: bool
    _state_count: ClassVar[int]

    def __init__(self, **base: Any) -> None:
        super().__init__(**base)
        self._carried: list[_core.State] = []

    def reset_state(self) -> None:
        """Reset the state of a stateful layer to zero; the number of rows may then change."""
        for state in self._carried:
            state.reset()

    def reset_states(self) -> None:
        """Call ``reset_state``; the old Keras name."""
        self.reset_state()

    @property
    def state_rows(self) -> int:
        """Rows of the state from which the next batch starts; 0 before the first batch."""
        return max((state.rows for state in self._carried), default=0)

    @property
    def states(self) -> list[Array] | None:
        """Copies of the states of a stateful layer, h (and c) of shape (rows, units).

        The next batch starts from them.  None if the layer is not stateful, or before a batch has
        set the number of rows.
        """
        return [state.array for state in self._carried] if self.state_rows else None

    def _carried_states(self, shapes: Sequence[Shape]) -> list[_core.State]:
        """Return the states, for rows of these shapes."""
        if not self._carried:
            self._carried = [_core.State(shape, self.dtype) for shape in shapes]
        return self._carried

    def held_beside(self) -> dict[str, Array]:
        """Return the states from which the next batch starts."""
        return {f"state_{i}": state for i, state in enumerate(self.states or ())}

    def take_beside(self, held: Mapping[str, Array]) -> None:
        """Start the next batch from these states."""
        for i, state in enumerate(self._carried):
            state.set(held[f"state_{i}"])

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._carried = []

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; a copy starts from a state of zeros."""
        return {**super().__getstate__(), "_carried": []}
