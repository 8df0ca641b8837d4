"""The constants of a graph that become weights, and their forms.

A floating-point initializer with axes is a trainable weight.  Statistics of batch normalisation
are weights that are not trainable.  All others remain constants: single numbers, integers, values
that are not finite, ``Constant`` nodes, and values that must be known while the model is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.onnx.reading import forms
from lamina.onnx.reading.ahead import needed_ahead
from lamina.onnx.reading.graph import Body, Node, Program, Weight
from lamina.onnx.reading.registry import find

Uses = dict[str, list[tuple[Node, int]]]


def with_weights(
    body: Body, rows: int | None, trainable: bool | Collection[str], who: str
) -> tuple[Program, dict[str, NDArray[Any]]]:
    """Return the program with separate weights, and the initial values of the weights."""
    uses, inner = _uses(body)
    ahead = needed_ahead(body)
    chosen = _chosen(body, trainable, who)
    weights, values = [], {}
    for name, given in list(body.constants.items()):
        array = given
        read = uses.get(name, [])
        kept = name in ahead or not _is_weight(array) or (not read and name not in inner)
        if kept and name in chosen.named:
            raise ValueError(
                f"{who}: {name!r} is not a weight but a constant, and cannot be trained"
            )
        if kept:
            continue
        form = None if name in inner else _common_form(read, array)
        if form is not None:
            array = np.asarray(forms.applied(form, _floats(array)))
            for node, place in read:
                node.formed = (*node.formed, place)
        fixed = any(_is_fixed(node, place) for node, place in read)
        learns = chosen.learns(name, fixed)
        weights.append(Weight(name, array.shape, learns))
        values[name] = array
        del body.constants[name]
    return Program(body, weights, rows), values


class _Chosen:
    """The choice of trainable weights by the caller."""

    def __init__(self, given: bool | Collection[str]) -> None:
        self.all = given if isinstance(given, bool) else None
        self.named = frozenset() if isinstance(given, bool) else frozenset(given)

    def learns(self, name: str, fixed: bool) -> bool:
        return name in self.named if self.all is None else self.all and not fixed


def _chosen(body: Body, given: bool | Collection[str], who: str) -> _Chosen:
    if isinstance(given, (bool, np.bool_)):
        return _Chosen(bool(given))
    if isinstance(given, str) or not all(isinstance(name, str) for name in given):
        raise TypeError(
            f"{who}: trainable must be True, False or names of initializers; got {given!r:.80}"
        )
    unknown = sorted(set(given) - set(body.constants))
    if unknown:
        raise ValueError(
            f"{who}: trainable names {unknown[0]!r}, which is not an initializer of the file"
        )
    return _Chosen(given)


def _floats(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.dtype == np.float64 else array.astype(np.float32)


def _is_weight(array: NDArray[Any]) -> bool:
    return array.dtype.kind == "f" and array.ndim > 0 and array.size > 0 and bool(
        np.isfinite(array).all()
    )  # fmt: skip


def _uses(body: Body) -> tuple[Uses, set[str]]:
    """Return the readers of each value; nested graphs, and outputs of the graph, read, too."""
    uses: Uses = {}
    for node in body.nodes:
        for place, name in enumerate(node.inputs):
            uses.setdefault(name, []).append((node, place))
    inner = {
        n for node in body.nodes for b in node.bodies() for own in b.walk() for n in own.inputs
    }
    inner |= {p.name for node in body.nodes for b in node.bodies() for p in b.outputs}
    return uses, inner | {port.name for port in body.outputs}


def _is_fixed(node: Node, place: int) -> bool:
    found = find(node)
    return found is not None and place in found.fixed


def _common_form(read: list[tuple[Node, int]], array: NDArray[Any]) -> forms.Form | None:
    """Return the form in which all readers need the weight, None if it is that of the file."""
    wanted = set()
    for node, place in read:
        found = find(node)
        form: Callable[..., Any] | None = (found.forms or {}).get(place) if found else None
        if node.op == "Transpose" and not node.domain:
            perm = node.list("perm") or list(range(array.ndim))[::-1]
            wanted.add(forms.permuted(*perm) if len(perm) == array.ndim else None)
        else:
            wanted.add(None if form is None else form(node, array.shape))
    return wanted.pop() if len(wanted) == 1 else None
