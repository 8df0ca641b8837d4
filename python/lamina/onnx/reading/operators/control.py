"""Conditions and loops, which are unrolled: the values that they depend on must be known."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import Body, Node
from lamina.onnx.reading.registry import known_array, number, operator
from lamina.onnx.reading.views import axis_of, plain, rank, sizes

MOST_TURNS = 4096


@operator("If", graph=True, known=(0,))
def if_node(node: Node, run: Any, outer: ChainMap[str, Any], condition: Any) -> Any:
    """Return the outputs of one of two graphs; if the condition is computed, select from both."""
    if isinstance(condition, np.ndarray):
        chosen = bool(number(condition, "the condition"))
        return tuple(run.body(node.body("then_branch" if chosen else "else_branch"), [], outer))
    raise ValueError(
        "the condition must be a constant; it is computed from the inputs of the model"
    )


@operator("Loop", graph=True, known=(0, 1))
def loop(
    node: Node, run: Any, outer: ChainMap[str, Any], trips: Any, condition: Any, *values: Any
) -> Any:
    """Return the final values, and the stacked results of all iterations."""
    body = node.body("body")
    most = None if trips is None else int(number(trips, "the number of iterations"))
    go_on = condition is None or bool(number(condition, "the condition"))
    kept = list(values)
    scanned: list[list[Any]] = [[] for _ in range(len(body.outputs) - 1 - len(values))]
    turn = 0
    while go_on and (most is None or turn < most):
        if turn >= MOST_TURNS:
            raise ValueError(f"takes more than {MOST_TURNS} iterations")
        again, *made = run.body(body, [np.array(turn, np.int64), np.array(go_on), *kept], outer)
        go_on = bool(number(known_array(again, "the condition of a loop"), "the condition"))
        kept = made[: len(kept)]
        for entries, value in zip(scanned, made[len(kept) :], strict=True):
            entries.append(plain(value))
        turn += 1
    return (*kept, *(_stacked(entries, body, i) for i, entries in enumerate(scanned)))


def _stacked(entries: list[Any], body: Body, place: int) -> Any:
    if not entries:
        raise ValueError(
            f"has no iterations, so that its output {place} of {len(body.outputs)} is empty"
        )
    return stacked(entries, 0)


def stacked(entries: list[Any], axis: int) -> Any:
    """Return values as one, along a new axis."""
    if all(isinstance(entry, np.ndarray) for entry in entries):
        return np.stack(entries, axis)
    return ops.stack([plain(entry) for entry in entries], axis=axis)


@operator("Scan", graph=True)
def scan(node: Node, run: Any, outer: ChainMap[str, Any], *values: Any) -> Any:
    """Return the final states along an axis of the inputs, and the results of each step."""
    body = node.body("body")
    if node.opset < 9:
        return _of_each(node, run, outer, values)
    count = node.int("num_scan_inputs")
    return _scanned(node, run, outer, list(values[: len(values) - count]),
                    list(values[len(values) - count :]), body)  # fmt: skip


def _of_each(node: Node, run: Any, outer: ChainMap[str, Any], values: Any) -> Any:
    """Return the results of version 8, whose states and inputs have an axis of sequences first."""
    if values[0] is not None:
        raise ValueError("sequences of different lengths are not supported")
    body, count = node.body("body"), node.int("num_scan_inputs")
    given = values[1:]
    made = []
    for n in range(sizes(given[0])[0]):
        own = [ops.get_item(plain(v), n) for v in given]
        states, xs = own[: len(own) - count], own[len(own) - count :]
        made.append(_scanned(node, run, outer, states, xs, body))
    return tuple(ops.stack(list(each), axis=0) for each in zip(*made, strict=True))


def _scanned(
    node: Node, run: Any, outer: ChainMap[str, Any], states: list[Any], xs: list[Any], body: Body
) -> Any:
    axes = node.list("scan_input_axes") or [0] * len(xs)
    backwards = node.list("scan_input_directions") or [0] * len(xs)
    axes = [axis_of(axis, rank(x)) for axis, x in zip(axes, xs, strict=True)]
    lengths = {sizes(x)[axis] + 0 for axis, x in zip(axes, xs, strict=True)}
    if len(lengths) != 1:
        raise ValueError(f"inputs must have the same length; got {sorted(lengths)}")
    length = lengths.pop()
    if length > MOST_TURNS:
        raise ValueError(f"takes more than {MOST_TURNS} iterations")
    results: list[list[Any]] = [[] for _ in range(len(body.outputs) - len(states))]
    for step in range(length):
        entries = []
        for x, axis, back in zip(xs, axes, backwards, strict=True):
            keys: list[Any] = [slice(None)] * rank(x)
            keys[axis] = length - 1 - step if back else step
            entries.append(ops.get_item(plain(x), tuple(keys)))
        made = run.body(body, [*states, *entries], outer)
        states = made[: len(states)]
        for column, value in zip(results, made[len(states) :], strict=True):
            column.append(value)
    out_axes = node.list("scan_output_axes") or [0] * len(results)
    turned = node.list("scan_output_directions") or [0] * len(results)
    stacks = []
    for column, axis, back in zip(results, out_axes, turned, strict=True):
        entries = column[::-1] if back else column
        stacks.append(stacked(entries, axis_of(axis, rank(entries[0]) + 1)))
    return (*states, *stacks)
