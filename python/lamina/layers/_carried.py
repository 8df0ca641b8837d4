"""States that a layer carries from one batch to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from lamina import _core
from lamina._check import Array, Shape
from lamina.layers.layer import Layer


class Carrier(Layer):
    """A layer that may be stateful: each batch then begins with what the last one left."""

    # What those who hold such a layer ask of it.
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
        """Set the state of a stateful layer to zero; the next batch may have any rows."""
        for state in self._carried:
            state.reset()

    def reset_states(self) -> None:
        """Do what ``reset_state`` does, by Keras's older name."""
        self.reset_state()

    @property
    def state_rows(self) -> int:
        """Rows of the state that the next batch begins with; 0 before the first one."""
        return max((state.rows for state in self._carried), default=0)

    @property
    def states(self) -> list[Array] | None:
        """Copies of the states of a stateful layer, h (and c) of shape (rows, units).

        They are what the next batch begins with.  None of a layer that is not stateful, and until
        a batch tells the number of rows.
        """
        return [state.array for state in self._carried] if self.state_rows else None

    def _carried_states(self, shapes: Sequence[Shape]) -> list[_core.State]:
        """Return the states, of rows of these shapes."""
        if not self._carried:
            self._carried = [_core.State(shape, self.dtype) for shape in shapes]
        return self._carried

    def held_beside(self) -> dict[str, Array]:
        """Return the states that the next batch begins with."""
        return {f"state_{i}": state for i, state in enumerate(self.states or ())}

    def take_beside(self, held: Mapping[str, Array]) -> None:
        """Begin the next batch with these states."""
        for i, state in enumerate(self._carried):
            state.set(held[f"state_{i}"])

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._carried = []

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; a copy begins with a state of zeros."""
        return {**super().__getstate__(), "_carried": []}
