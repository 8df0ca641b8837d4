"""The table of operators: a function for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.onnx.reading.forms import Form
from lamina.onnx.reading.graph import Node

Function = Callable[..., Any]


@dataclass(frozen=True)
class Operator:
    """The implementation of an operator with ``lamina.ops``.

    Attributes
    ----------
    function : callable
        Called with the node and the values of its inputs: tensors, weights, arrays that are known
        while the model is recorded, lists (ONNX's sequences), or None for those left out.  Returns
        the output, or a tuple of them.
    views : bool
        Whether it takes tensors whose logical order of axes differs from the stored one.
    known : tuple of int
        Indices of the inputs whose values must be known while the model is recorded.
    forms : mapping
        For indices of inputs that are weights, the form that the function expects.
    fixed : tuple of int
        Indices of inputs that are statistics: weights that no gradient changes.
    first : int
        The oldest version of the operators that the function implements.
    graph : bool
        Whether the function is called with the runner of graphs, after the node.
    """

    function: Function
    views: bool = False
    known: tuple[int, ...] = ()
    forms: Mapping[int, Callable[[Node, tuple[int, ...]], Form | None]] | None = None
    fixed: tuple[int, ...] = ()
    first: int = 1
    graph: bool = False


OPERATORS: dict[tuple[str, str], Operator] = {}


def operator(*names: str, domain: str = "", **options: Any) -> Callable[[Function], Function]:
    """Return a decorator that adds a function to the table under the names of operators."""

    def enter(function: Function) -> Function:
        for name in names:
            OPERATORS[domain, name] = Operator(function, **options)
        return function

    return enter


def find(node: Node) -> Operator | None:
    """Return the operator of a node, or None."""
    from lamina.onnx.reading import operators  # noqa: F401  (they enter themselves)

    return OPERATORS.get((node.domain, node.op))


def known_array(value: Any, what: str) -> Any:
    """Return the array of an input that must be known while the model is recorded."""
    if not isinstance(value, np.ndarray):
        raise ValueError(f"{what} must be a constant; it is computed from the inputs of the model")
    return value


def whole(value: Any, what: str) -> Any:
    """Return an input as a list of integers, possibly with the number of rows; None for None."""
    return None if value is None else list(np.ravel(known_array(value, what)).tolist())


def number(value: Any, what: str, default: Any = None) -> Any:
    """Return an input that is a single number."""
    if value is None:
        return default
    array = known_array(value, what)
    if array.size != 1:
        raise ValueError(f"{what} must be one number; got shape {array.shape}")
    return array.reshape(-1)[0].item() if array.dtype != object else array.reshape(-1)[0]


def axes_given(node: Node, value: Any, since: int) -> Any:
    """Return axes, an attribute before the version ``since``, an input from then on."""
    if node.opset < since:
        return node.list("axes")
    return whole(value, "axes")
