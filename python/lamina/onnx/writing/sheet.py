"""The parts of an ONNX graph before it is created: nodes, and arrays by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any


@dataclass
class Node:
    """A node: an operation of ONNX on values by name.

    Attributes
    ----------
    op : str
    inputs, outputs : list of str
        "" for an input or output that is left out.
    attributes : dict
        Numbers, strings, lists of them, a ``Choice``, or the ``Body`` of a ``Scan``.
    layer : str
        The layer that needs it.
    """

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    layer: str = ""


@dataclass(frozen=True)
class Choice:
    """Attributes that can be given in two ways: by numbers, or by a rule for any length."""

    exact: dict[str, Any]
    rule: dict[str, Any] | None


@dataclass
class Body:
    """The graph in a ``Scan``, which can also read the values outside it.

    Attributes
    ----------
    inputs, outputs : list of (str, str, list)
        Name, type ("float", "int32", "bool") and shape, None for an unknown size.
    """

    nodes: list[Node]
    inputs: list[tuple[str, str, list[int | None]]]
    outputs: list[tuple[str, str, list[int | None]]] = field(default_factory=list)


class Sheet:
    """Nodes in order and the arrays that they read, as converters write them.

    Attributes
    ----------
    nodes : list of Node
    arrays : dict
        By name: weights by their paths, and constants.
    whose : dict
        By the name of an array, the layer that it was written for.
    weights : set of str
        The names of arrays that are weights.
    layer : str
        The layer that is being written.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.arrays: dict[str, Array] = {}
        self.whose: dict[str, str] = {}
        self.weights: set[str] = set()
        self.layer = ""
        self._taken: dict[str, int] = {}  # names, with the number of names that begin with each

    def name(self, wanted: str) -> str:
        """Return a unique name."""
        free, k = wanted, self._taken.get(wanted, 0)
        while free in self._taken:
            k += 1
            free = f"{wanted}_{k}"
        self._taken[wanted] = k
        self._taken[free] = self._taken.get(free, 0)
        return free

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Write a node of one output; returns its name.  Trailing "" are omitted inputs."""
        return self.nodes_of(op, inputs, 1, **attributes)[0]

    def nodes_of(
        self, op: str, inputs: Sequence[str], outputs: int | Sequence[bool], **attributes: Any
    ) -> list[str]:
        """Write a node with several outputs, some of which are needed; returns their names."""
        wanted = [True] * outputs if isinstance(outputs, int) else list(outputs)
        given = list(inputs)
        while given and not given[-1]:
            given.pop()
        word = op.removeprefix("Global")  # the name of a pooling does not depend on its window
        stem = f"{self.layer}/{word}" if self.layer else word
        names = [self.name(stem) if want else "" for want in wanted]
        self.nodes.append(Node(op, given, names, attributes, self.layer))
        return names

    def array(self, array: Array, path: str = "") -> str:
        """Write an array, a weight under its path; returns its name."""
        stem = path or (f"{self.layer}/constant" if self.layer else "constant")
        free = self.name(stem)
        self.arrays[free] = array
        self.whose[free] = self.layer
        if path:
            self.weights.add(free)
        return free

    def integers(self, values: Sequence[int]) -> str:
        """Write integers such as positions or counts, which may depend on a length."""
        return self.array(np.array(list(values), np.int64))
