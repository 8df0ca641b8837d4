"""Comparisons and logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._elements import several
from lamina.onnx.reading.operators.elementwise import aligned
from lamina.onnx.reading.registry import operator

TWO: dict[str, Callable[[Any, Any], Any]] = {
    "And": ops.logical_and, "Or": ops.logical_or, "Xor": ops.logical_xor, "Equal": ops.equal,
    "Less": ops.less, "Greater": ops.greater, "LessOrEqual": ops.less_equal,
    "GreaterOrEqual": ops.greater_equal,
}  # fmt: skip


def _enter(name: str, function: Callable[[Any, Any], Any]) -> None:
    def apply(node: Node, a: Any, b: Any) -> Any:
        return several(function, *aligned(node, a, b))

    operator(name, views=True)(apply)


for _name, _function in TWO.items():
    _enter(_name, _function)
