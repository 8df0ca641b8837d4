"""Several cells that act as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.layers.layer import Layer
from lamina.layers.rnn._steps import check_cell, first_states, output_size, step

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["StackedRNNCells"]


class StackedRNNCells(Layer):
    """Cells in sequence: each is given the output of the one before it.

    Parameters
    ----------
    cells : sequence of cells
    **base
        See ``Layer``.

    Notes
    -----
    The states are a list of the states of the cells.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> cells = [lamina.layers.LSTMCell(4), lamina.layers.GRUCell(2)]
    >>> layer = lamina.layers.RNN(lamina.layers.StackedRNNCells(cells))
    >>> layer(np.ones((2, 5, 3), "float32")).shape
    (2, 2)
    """

    if TYPE_CHECKING:
        # It takes more than one tensor.
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102

    def __init__(self, cells: Sequence[Any], **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise TypeError(f"StackedRNNCells: cells must be a list of cells; got {cells!r}")
        for cell in cells:
            check_cell("StackedRNNCells", cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The state sizes of the cells."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the initial states of the cells, for a number of rows."""
        return [first_states(cell, batch_size, self.dtype) for cell in self.cells]

    def call(self, x: Any, states: Any, training: bool | None = None) -> Any:
        """Return the last cell's output and the new states of all."""
        made = []
        for cell, old in zip(self.cells, states, strict=True):
            listed = isinstance(old, (list, tuple))
            x, new = step(cell, x, old if listed else [old], training)  # as RNN passes them
            made.append(new if listed else new[0])
        return x, made

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        from lamina.layers.serialization import serialize

        return {**super().get_config(), "cells": [serialize(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> StackedRNNCells:
        """Return new cells, unbuilt, from what ``get_config`` returned."""
        from lamina.layers.serialization import deserialize

        cells = [deserialize(c) if isinstance(c, dict) else c for c in config["cells"]]
        return cls(**{**config, "cells": cells})
