"""A network's units while its layers are followed: which tensors consist of which units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina.inference.units import Connections, DenseLayer

Array = NDArray[Any]


@dataclass
class Bundle:
    """A tensor: the index of each of its units, and the weight of each input in each unit."""

    nodes: list[int]
    totals: Array


class Wiring:
    """Units under construction: several indices may turn out to mean the same unit."""

    def __init__(self, inputs: int) -> None:
        self._same = list(range(inputs))
        self._depth = [0] * inputs
        self.layers: list[DenseLayer] = []
        self.entry = Bundle(list(range(inputs)), np.eye(inputs))
        self.end: Bundle = self.entry
        self.input_names: Sequence[str] | None = None
        self.output_names: Sequence[str] | None = None

    def dense(
        self, before: Bundle, name: str, kernel: Array, bias: Array | None, paths: dict[str, str]
    ) -> Bundle:
        """Return the units of a dense layer after a tensor."""
        first = len(self._same)
        behind = 1 + max((self._depth[self.root(n)] for n in before.nodes), default=0)
        nodes = list(range(first, first + kernel.shape[1]))
        self._same += nodes
        self._depth += [behind] * len(nodes)
        self.layers.append(DenseLayer(name, kernel, bias, list(before.nodes), nodes, paths))
        return Bundle(nodes, before.totals @ kernel)

    def joined(self, bundles: Sequence[Bundle], factors: Sequence[float]) -> Bundle:
        """Return the sum of tensors, each times a factor; units in the same place become one."""
        for others in zip(*(b.nodes for b in bundles), strict=True):
            roots = {self.root(n) for n in others}
            root, depth = min(roots), max(self._depth[r] for r in roots)
            for each in roots:
                self._same[each] = root
            self._depth[root] = depth
        totals = sum(f * b.totals for f, b in zip(factors, bundles, strict=True))
        return Bundle(bundles[0].nodes, np.asarray(totals))

    def root(self, node: int) -> int:
        """Return the index by which a unit is known, which may have several."""
        while self._same[node] != node:
            node = self._same[node]
        return node

    def name(self, inputs: Any, outputs: Any, who: str, arguments: tuple[str, str]) -> None:
        """Give names to inputs and outputs, in place of the model's own.

        ``arguments`` are the names under which ``who`` takes them, for messages.
        """
        of_inputs, of_outputs = arguments
        if inputs is not None:
            self.input_names = _check.names(who, of_inputs, inputs, len(self.entry.nodes))
        if outputs is not None:
            self.output_names = _check.names(who, of_outputs, outputs, len(self.end.nodes))

    def _inner(self) -> set[int]:
        """Return the units that lead to others, which outputs of the model may do too."""
        roots = (({self.root(n) for n in la.sources}, {self.root(n) for n in la.targets})
                 for la in self.layers)  # fmt: skip
        return {r for sources, targets in roots for r in sources if targets - {r}}

    def made(self) -> Connections:
        """Return the units, numbered by depth."""
        roots = sorted({self.root(n) for n in range(len(self._same))})
        ends = list(dict.fromkeys(self.root(n) for n in self.end.nodes))
        last = max((self._depth[r] for r in roots), default=0)
        outermost = set(ends) - self._inner()
        depth = {r: max(last, 1) if r in outermost else self._depth[r] for r in roots}
        order = sorted(
            roots, key=lambda r: (depth[r], r in ends, ends.index(r) if r in ends else r)
        )
        number = {r: i for i, r in enumerate(order)}
        counts = [number[self.root(n)] for n in self.entry.nodes]
        layers = [
            DenseLayer(
                la.name, la.kernel, la.bias, [number[self.root(n)] for n in la.sources],
                [number[self.root(n)] for n in la.targets], la.paths,
            )
            for la in self.layers
        ]  # fmt: skip
        outputs = [number[r] for r in ends]
        depths = [depth[r] for r in order]
        units = _named(depths, counts, outputs, self.input_names, self.output_names)
        return Connections(units, depths, counts, outputs, layers, self.end.totals)


def _named(
    depth: Sequence[int], inputs: Sequence[int], outputs: Sequence[int], input_names: Any,
    output_names: Any,
) -> list[str]:  # fmt: skip
    units: dict[int, str] = {}
    default = [f"x{i + 1}" for i in range(len(inputs))]
    for i, name in zip(inputs, input_names or default, strict=True):
        units[i] = name
    several = len(outputs) > 1
    default = [f"o{i + 1}" if several else "o" for i in range(len(outputs))]
    for i, name in zip(outputs, output_names or default, strict=True):
        units[i] = name
    inner = sorted({d for i, d in enumerate(depth) if i not in units})
    for d in inner:
        here = [i for i in range(len(depth)) if depth[i] == d and i not in units]
        before = f"h{d}." if len(inner) > 1 else "h"
        for count, i in enumerate(here):
            units[i] = f"{before}{count + 1}"
    return [units[i] for i in range(len(depth))]
