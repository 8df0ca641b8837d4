"""The layer for a whole graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._tensors import Tensor
from lamina._tensors.given import each_row, given
from lamina.layers.layer import Layer
from lamina.onnx.reading.graph import Program
from lamina.onnx.reading.plain import from_config, to_config
from lamina.onnx.reading.run import Run, with_rows

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import DimArguments, Unpack


class ONNXGraph(Layer):
    """A layer that computes the graph of an ONNX file; ``lamina.onnx.load`` creates it.

    Parameters
    ----------
    graph : dict
        The nodes, their constants, and the names and shapes of the weights.
    **base
        See ``Layer``.

    Notes
    -----
    Weights have the names of the initializers in the file.  Kernels have the shapes of Keras: (in,
    units) in dense layers, (..., in, filters) in convolutions, and (directions, in, gates units),
    with the gates in the order of Keras, in recurrent layers.
    """

    supports_masking = False

    def __init__(self, graph: Mapping[str, Any] | Program, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.program = graph if isinstance(graph, Program) else from_config(graph)
        self._held: dict[str, Variable] = {}
        self._rowless: list[str] = []  # outputs whose first axis is not that of the rows

    def get_config(self) -> dict[str, Any]:
        """Return the graph as plain values, without the values of its weights."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable}
        if self._given_dtype is not None:
            config["dtype"] = self._given_dtype
        return {**config, "graph": to_config(self.program)}

    def build(self, input_shape: Any) -> None:  # noqa: ARG002
        """Make the weights."""
        self._held = {
            w.name: self.add_weight(w.name, w.shape, "zeros", trainable=w.trainable)
            for w in self.program.weights
        }

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._held = {}

    def call(self, inputs: Any) -> Any:
        """Record the nodes."""
        listed = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        shapes = self.program.outputs
        if shapes is not None:
            now = listed[0].recording
            rows = now.need_rows()
            if now.standing:  # for any number: only the shapes are needed
                made = [each_row(given(np.zeros(shape, kind))) for shape, kind in shapes]
                return made[0] if len(made) == 1 else made
            right = self.program.rows
            if rows != right:
                raise ValueError(
                    f"{self.name}: the file was written for batches of {right} rows, which its "
                    f"constants depend on; got {rows}: give batch_size={right}"
                )
        made = [with_rows(y) for y in Run(self.program)(listed, self._held)]
        self._rowless = [
            port.name
            for port, y in zip(self.program.body.outputs, made, strict=True)
            if isinstance(y, Tensor) and not y.rows
        ]
        return made[0] if len(made) == 1 else made

    @property
    def rowless(self) -> list[str]:
        """The outputs whose first axis is not that of the rows, as the last recording found."""
        return self._rowless

    def take_values(self, values: Mapping[str, Any]) -> None:
        """Set the weights by name, once the layer is built."""
        for name, array in values.items():
            self._held[name].assign(array.astype(self.dtype, copy=False))
