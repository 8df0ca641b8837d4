"""Recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors.given import given, record
from lamina.onnx.reading import forms
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._rows import by_row
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import rank, sizes, stored_in, viewed

# ONNX's names of the activations in the kernels of recurrence.
NAMES = {
    "relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "softsign": "softsign",
    "softplus": "softplus", "elu": "elu", "leakyrelu": "leaky_relu",
}  # fmt: skip
SLOPES = {"elu": 1.0, "leakyrelu": 0.01}
LARGEST = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _gate_form(node: Node, _: tuple[int, ...]) -> forms.Form | None:
    return forms.gates(LARGEST[node.op])


def _bias_form(node: Node, _: tuple[int, ...]) -> forms.Form | None:
    apart = node.op == "GRU" and bool(node.int("linear_before_reset", 0))
    return forms.biases(LARGEST[node.op], apart)


FORMS = {1: _gate_form, 2: _gate_form, 3: _bias_form}


@operator("RNN", "GRU", views=True, forms=FORMS)
def rnn(
    node: Node, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, first: Any = None
) -> Any:
    """Return all outputs, and the last of each direction."""
    cell = "simple_rnn"
    if node.op == "GRU":
        cell = "gru" if node.int("linear_before_reset", 0) else "gru_reset_before"
    return _recurrent(node, cell, x, (w, r, b), lengths, [first])


@operator("LSTM", views=True, forms=FORMS)
def lstm(
    node: Node, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, first: Any = None,
    carry: Any = None, peepholes: Any = None,
) -> Any:  # fmt: skip
    """Return all outputs, and the last output and cell of each direction."""
    if peepholes is not None and not (isinstance(peepholes, np.ndarray) and not peepholes.any()):
        raise ValueError("peepholes are not supported")
    if node.int("input_forget", 0):
        raise ValueError("coupled input and forget gates (input_forget) are not supported")
    return _recurrent(node, "lstm", x, (w, r, b), lengths, [first, carry])


def _activations(node: Node, directions: int) -> list[dict[str, Any]]:
    """Return the activations for the kernel, for each direction."""
    default = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
    each = len(default[node.op])
    names = [n.lower() for n in node.list("activations") or default[node.op] * directions]
    alphas, betas = list(node.list("activation_alpha") or []), node.list("activation_beta")
    if len(names) != each * directions or betas:
        raise ValueError(f"needs {each} activations for each direction; got {names}")
    if node.float("clip") is not None:
        raise ValueError("clipping (clip) is not supported")
    made = []
    for d in range(directions):
        own = names[d * each : (d + 1) * each]
        unknown = [n for n in own if n not in NAMES]
        if unknown:
            raise ValueError(f"the activation {unknown[0]!r} is not supported")
        if node.op == "LSTM" and own[1] != own[2]:
            raise ValueError(f"the activations of cell and output must be the same; got {own[1:]}")
        slopes = [(alphas.pop(0) if alphas else SLOPES[n]) if n in SLOPES else 0.0 for n in own]
        settings: dict[str, Any] = {"activation": NAMES[own[-1]], "alpha": slopes[-1]}
        if node.op != "RNN":
            settings |= {"recurrent_activation": NAMES[own[0]], "recurrent_alpha": slopes[0]}
        made.append(settings)
    return made


def _recurrent(
    node: Node, cell: str, x: Any, weights: tuple[Any, Any, Any], lengths: Any, first: list[Any]
) -> Any:
    batch_first = bool(node.int("layout", 0))
    if rank(x) != 3:
        raise ValueError(f"the input must have the 3 axes steps, rows and features; got {rank(x)}")
    stored = stored_in(x, (0, 1, 2) if batch_first else (1, 0, 2))
    steps = sizes(stored)[1]
    direction = node.text("direction", "forward")
    if direction not in ("forward", "reverse", "bidirectional"):
        raise ValueError(f"direction must be forward, reverse or bidirectional; got {direction!r}")
    ways = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    kernel, recurrent, bias = (None if v is None else given(v) for v in weights)
    assert kernel is not None
    assert recurrent is not None
    if kernel.ndim != 3 or recurrent.ndim != 3 or kernel.shape[0] != len(ways):
        raise ValueError(f"W and R need a matrix for each of {len(ways)} directions")
    states = [
        None if v is None else stored_in(v, (0, 1, 2) if batch_first else (1, 0, 2)) for v in first
    ]
    if any(v is not None for v in states):
        states = [v if v is not None else ops.zeros_like(_present(states)) for v in states]
    else:
        states = []
    mask = None if lengths is None else _mask(lengths, steps)
    outputs, ends = [], []
    for d, settings in enumerate(_activations(node, len(ways))):
        own = [_direction(v, d) for v in (kernel, recurrent, bias)]

        def run(
            rows: Any, seen: Any, *begin: Any, own: Any = own, settings: Any = settings, d: int = d
        ) -> Any:
            return record(
                "recurrent", cell, rows, *own, initial_state=list(begin), mask=seen,
                return_sequences=True, return_state=True, go_backwards=ways[d], **settings,
            )  # fmt: skip

        begin = [ops.get_item(v, (slice(None), d)) for v in states]
        y, *end = by_row(run, stored, mask, *begin)
        if ways[d]:
            y = ops.flip(y, 1)
        if mask is not None:
            y = ops.where(ops.expand_dims(mask, 2), y, 0.0)
        outputs.append(y)
        ends.append(end)
    return _results(outputs, ends, batch_first)


def _present(values: list[Any]) -> Any:
    return next(v for v in values if v is not None)


def _direction(v: Any, d: int) -> Any:
    if v is None:
        return None
    if v.shape[0] == 1:
        return ops.reshape(v, tuple(v.shape)[1:])
    return ops.get_item(v, d)


def _mask(lengths: Any, steps: int) -> Any:
    """Return the mask of steps that count; None if all do."""
    if isinstance(lengths, np.ndarray) and (lengths == steps).all():
        return None
    ends = ops.expand_dims(ops.cast(lengths, "int32"), 1)
    return ops.less(np.arange(steps, dtype=np.int32)[None], ends)


def _results(outputs: list[Any], ends: list[list[Any]], batch_first: bool) -> Any:
    """Return Y (rows, steps, directions, units) and the states, in ONNX's order."""
    y = ops.stack(outputs, axis=2)
    states = [ops.stack(list(each), axis=1) for each in zip(*ends, strict=True)]
    if batch_first:
        return (y, *states)
    return (viewed(y, (1, 2, 0, 3)), *(viewed(s, (1, 0, 2)) for s in states))
