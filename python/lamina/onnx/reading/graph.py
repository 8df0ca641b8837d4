"""The graph of an ONNX file as plain values: nodes, inputs, outputs and constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Size = int | str | None  # a symbol, or None if it is not given

# Types of elements by their numbers in ONNX: their names, and the dtypes of tensors for them.
TYPES = {
    1: ("float32", "float"), 2: ("uint8", "int32"), 3: ("int8", "int32"), 4: ("uint16", "int32"),
    5: ("int16", "int32"), 6: ("int32", "int32"), 7: ("int64", "int32"), 9: ("bool", "bool"),
    10: ("float16", "float"), 11: ("float64", "float"), 12: ("uint32", "int32"),
    13: ("uint64", "int32"), 16: ("bfloat16", "float"), 21: ("uint4", "int32"),
    22: ("int4", "int32"), 25: ("uint2", "int32"), 26: ("int2", "int32"),
}  # fmt: skip
OTHER_TYPES = {
    0: "no type", 8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn",
    18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 23: "float4e2m1",
    24: "float8e8m0",
}  # fmt: skip


def type_name(number: int) -> str:
    """Return ONNX's name of a type of elements."""
    return TYPES[number][0] if number in TYPES else OTHER_TYPES.get(number, f"type {number}")


@dataclass
class Port:
    """An input or output of a graph.

    ``type`` is ONNX's number, its negative for a sequence, 0 if it is not given; ``shape`` is None
    if it is not given.
    """

    name: str
    type: int = 0
    shape: tuple[Size, ...] | None = None


@dataclass
class Node:
    """A call of an operator.

    ``formed`` contains the indices of the inputs that are weights in the form that the operator
    expects (see ``weights.py``); others are converted when it is recorded.
    """

    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    opset: int
    domain: str = ""
    formed: tuple[int, ...] = ()

    @property
    def who(self) -> str:
        """The node's name in messages."""
        named = f"{self.op} {self.name!r}" if self.name else self.op
        domain = f"{self.domain} " if self.domain else ""
        return f"{named} ({domain}opset {self.opset})"

    def _typed(self, name: str, kinds: type | tuple[type, ...], default: Any) -> Any:
        value = self.attributes.get(name)
        if value is None:
            return default
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise ValueError(f"attribute {name} has the wrong type; got {value!r:.60}")
        return value

    def int(self, name: str, default: int | None = None) -> Any:
        """Return an attribute that is an integer."""
        return self._typed(name, int, default)

    def float(self, name: str, default: float | None = None) -> Any:
        """Return an attribute that is a number."""
        return self._typed(name, (float, int), default)

    def text(self, name: str, default: str = "") -> str:
        """Return an attribute that is a string."""
        return self._typed(name, str, default)  # type: ignore[no-any-return]

    def list(self, name: str, default: Any = None) -> Any:
        """Return an attribute that is a list of integers, numbers or strings."""
        return self._typed(name, list, default)

    def tensor(self, name: str) -> NDArray[Any] | None:
        """Return an attribute that is a tensor."""
        return self._typed(name, np.ndarray, None)  # type: ignore[no-any-return]

    def body(self, name: str) -> Body:
        """Return an attribute that is a graph."""
        found = self._typed(name, Body, None)
        if found is None:
            raise ValueError(f"has no graph {name}")
        return found  # type: ignore[no-any-return]

    def bodies(self) -> Iterator[Body]:
        """Yield the graphs among the attributes."""
        yield from (v for v in self.attributes.values() if isinstance(v, Body))


@dataclass
class Body:
    """A graph: the nodes in the order of their computation."""

    inputs: list[Port]
    outputs: list[Port]
    nodes: list[Node]
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def walk(self) -> Iterator[Node]:
        """Yield the nodes, including those of nested graphs."""
        for node in self.nodes:
            yield node
            for body in node.bodies():
                yield from body.walk()


@dataclass
class Weight:
    """A constant that is a weight of the model; ``shape`` is that of its form."""

    name: str
    shape: tuple[int, ...]
    trainable: bool


@dataclass
class Program:
    """A whole graph and its weights, whose values are stored elsewhere.

    ``rows`` is the number of rows that the file was written for, or None.  If the graph is only
    valid for that number, ``outputs`` contains the shape and type of a row of each output;
    otherwise it is None.
    """

    body: Body
    weights: list[Weight]
    rows: int | None = None
    outputs: list[tuple[tuple[int, ...], str]] | None = None
