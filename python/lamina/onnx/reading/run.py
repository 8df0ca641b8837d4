"""Recording the nodes of a graph in order."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina._tensors.given import by_rows
from lamina._tensors.tensor import Tensor
from lamina.onnx.reading import known
from lamina.onnx.reading.forms import applied
from lamina.onnx.reading.graph import Body, Node, Port, Program
from lamina.onnx.reading.registry import find
from lamina.onnx.reading.views import View, plain

MOST_NODES = 200_000  # including those of loops, which are unrolled

# Exceptions for attributes and shapes that do not fit.
REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, MemoryError)


class Run:
    """Record a program.

    Parameters
    ----------
    program : Program
    training : bool
        Whether the recording is for training.

    Attributes
    ----------
    rows : int or None
        The number of rows that the file was written for.
    """

    def __init__(self, program: Program, training: bool = False) -> None:
        self.rows, self.training = program.rows, training
        self.program = program
        self.count = 0

    def __call__(self, inputs: Sequence[Any], weights: Mapping[str, Any]) -> list[Any]:
        """Return the outputs for inputs, in order, and weights by name."""
        outer = dict(weights)
        return [self.output(v) for v in self.body(self.program.body, inputs, ChainMap(outer))]

    @staticmethod
    def output(value: Any) -> Any:
        """Return an output with its axes stored in logical order."""
        return value if isinstance(value, list) or value is None else _real(plain(value))

    def body(self, body: Body, inputs: Sequence[Any], outer: ChainMap[str, Any]) -> list[Any]:
        """Return the outputs of a graph; ``outer`` are the values outside it."""
        values: ChainMap[str, Any] = outer.new_child(dict(body.constants))
        for port, value in zip(body.inputs, inputs, strict=True):
            values[port.name] = value
        for node in body.nodes:
            self._node(node, values)
        return [self._result(port, values) for port in body.outputs]

    @staticmethod
    def _result(port: Port, values: Mapping[str, Any]) -> Any:
        if port.name not in values:
            raise ValueError(f"no node computes the output {port.name!r}")
        return values[port.name]

    def _node(self, node: Node, values: ChainMap[str, Any]) -> None:
        self.count += 1
        if self.count > MOST_NODES:
            raise ValueError(f"{node.who}: its loops expand to more than {MOST_NODES} nodes")
        inputs = []
        for name in node.inputs:
            if name and name not in values:
                raise ValueError(f"{node.who}: no node computes its input {name!r}")
            inputs.append(values[name] if name else None)
        while inputs and inputs[-1] is None and not node.inputs[-1]:
            inputs.pop()
        try:
            made = self._made(node, inputs, values)
        except REFUSALS as error:
            if getattr(error, "told", False):
                raise
            told = ValueError(f"{node.who}: {error}")
            told.told = True  # type: ignore[attr-defined]
            raise told from error
        outputs = made if isinstance(made, tuple) else (made,)
        for place, name in enumerate(node.outputs):
            if not name:
                continue
            if place >= len(outputs) or outputs[place] is None:
                if node.op in ("Optional", "Identity", "OptionalGetElement"):
                    values[name] = None
                    continue
                raise ValueError(f"{node.who}: output {place}, {name!r}, is not supported")
            values[name] = outputs[place]

    def _made(self, node: Node, inputs: list[Any], values: ChainMap[str, Any]) -> Any:
        if inputs and all(isinstance(v, np.ndarray) or v is None for v in inputs):
            folded = known.folded(node, inputs)
            if folded is not None:
                return folded
        found = find(node)
        if found is None:
            raise ValueError("the operator is not supported")
        if not found.views:
            inputs = [plain(v) if isinstance(v, View) else v for v in inputs]
        for place, form in (found.forms or {}).items():
            if place < len(inputs) and inputs[place] is not None and place not in node.formed:
                value = plain(inputs[place])
                needed = form(node, tuple(value.shape))
                inputs[place] = value if needed is None else applied(needed, value)
        inputs = [_real(v, place in found.known) for place, v in enumerate(inputs)]
        if found.graph:
            return found.function(node, self, values, *inputs)
        return found.function(node, *inputs)


def _real(value: Any, known_now: bool = False) -> Any:
    """Return an array with a dtype of NumPy.

    Sizes may include the number of rows: then the recording must know it.
    """
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "V":
        return value.astype(np.float32)
    if value.dtype == object and not known_now:
        return np.array([size + 0 for size in value.ravel()], np.int64).reshape(value.shape)
    return value


def with_rows(value: Any) -> Any:
    """Return an output of a model, with an axis of rows if its first axis has that length."""
    if isinstance(value, Tensor) and not value.rows and value.shape:
        rows = value.recording.rows
        if rows is not None and value.shape[0] == rows:
            return by_rows(value)
    return value
