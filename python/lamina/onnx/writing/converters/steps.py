"""Recurrent layers step by step, in a ``Scan``: with any mask and any activation."""

from __future__ import annotations

from typing import Any

from lamina.onnx.writing.converters.functions import activated
from lamina.onnx.writing.converters.table import Asked
from lamina.onnx.writing.sheet import Body
from lamina.onnx.writing.translation import Translation


def scanned(t: Translation, asked: Asked) -> list[str]:
    """Write a recurrent layer: y, then with return_state h and, of an LSTM, c."""
    step = _Step(t, asked)
    before = _initial_states(t, asked, step.units)
    inputs = [step.product_of_inputs()]
    mask = asked["mask"]
    if mask is not None:
        inputs.append(t.name_of(mask))
    body, states = step.body(len(before), mask is not None)
    direction = int(asked["go_backwards"])
    outputs = t.nodes_of(
        "Scan", [*before, *inputs], len(before) + 1,
        body=body, num_scan_inputs=len(inputs),
        scan_input_axes=[1] * len(inputs), scan_input_directions=[direction] * len(inputs),
        scan_output_axes=[1],
    )  # fmt: skip
    y = outputs[-1] if asked["return_sequences"] else outputs[0]
    return [y, *outputs[:states]] if asked["return_state"] else [y]


def _initial_states(t: Translation, asked: Asked, units: int) -> list[str]:
    given = [t.name_of(state) for state in asked["initial_state"]]
    if given:
        return given
    rows = t.rows_of(t.name_of(asked.x))
    zero = t.node("Expand", t.number(0), t.node("Concat", rows, t.integers([units]), axis=0))
    return [zero] * (2 if asked["cell"] == "lstm" else 1)


class _Step:
    """One step of a cell, which temporarily uses a separate list of nodes of the sheet."""

    def __init__(self, t: Translation, asked: Asked) -> None:
        self.t, self.asked, self.cell = t, asked, asked["cell"]
        self.kernel = t.name_of(asked["recurrent_kernel"])
        self.units, self.gates = asked["recurrent_kernel"].shape
        bias = asked["bias"]
        self.bias, self.bias_of_state = "" if bias is None else t.name_of(bias), ""
        if bias is not None and len(bias.shape) == 2:
            name = self.bias
            self.bias, self.bias_of_state = t.nodes_of("Split", [name], 2, axis=0, num_outputs=2)
        # Written outside the body: the part of the state in a GRU that is reset before its product.
        if self.cell == "gru_reset_before":
            self.of_gates = self._columns(self.kernel, 0, 2)
            self.of_new = self._columns(self.kernel, 2, 3)

    def product_of_inputs(self) -> str:
        """Write x kernel + bias, for all steps at once."""
        t = self.t
        y = t.node("MatMul", t.name_of(self.asked.x), t.name_of(self.asked["kernel"]))
        return t.node("Add", y, self.bias) if self.bias else y

    def body(self, count: int, masked: bool) -> tuple[Body, int]:
        """Write the step separately; returns it and the number of states."""
        sheet, t = self.t.sheet, self.t
        kept = len(sheet.nodes)
        states = [sheet.name(f"{sheet.layer}/state") for _ in range(count)]
        x = sheet.name(f"{sheet.layer}/step")
        wide: list[int | None] = [None, self.units]
        inputs = [(state, "float", wide) for state in states]
        inputs.append((x, "float", [None, self.gates]))
        if masked:
            mask = sheet.name(f"{sheet.layer}/mask")
            inputs.append((mask, "bool", [None]))
        after = list(getattr(self, f"_{self.cell}")(x, *states))
        if masked:
            keeps = t.node("Unsqueeze", mask, t.integers([1]))
            pairs = zip(after, states, strict=True)
            after = [t.node("Where", keeps, new, old) for new, old in pairs]
        after.append(t.node("Identity", after[0]))
        nodes = sheet.nodes[kept:]
        del sheet.nodes[kept:]
        return Body(nodes, inputs, [(name, "float", wide) for name in after]), count

    # --- cells: the states after a step, from the products of x and the states before

    def _simple_rnn(self, x: str, h: str) -> tuple[str]:
        return (self._new(self.t.node("Add", x, self._product(h))),)

    def _lstm(self, x: str, h: str, c: str) -> tuple[str, str]:
        node = self.t.node
        i, f, g, o = self._parts(node("Add", x, self._product(h)), 4)
        kept = node("Mul", self._gate(f), c)
        c = node("Add", kept, node("Mul", self._gate(i), self._new(g)))
        return node("Mul", self._gate(o), self._new(c)), c

    def _gru(self, x: str, h: str) -> tuple[str]:
        node = self.t.node
        of_state = self._product(h)
        if self.bias_of_state:
            of_state = node("Add", of_state, self.bias_of_state)
        (xz, xr, xh), (hz, hr, hh) = self._parts(x, 3), self._parts(of_state, 3)
        z, r = self._gate(node("Add", xz, hz)), self._gate(node("Add", xr, hr))
        return (self._between(z, h, self._new(node("Add", xh, node("Mul", r, hh)))),)

    def _gru_reset_before(self, x: str, h: str) -> tuple[str]:
        node = self.t.node
        xz, xr, xh = self._parts(x, 3)
        hz, hr = self._parts(node("MatMul", h, self.of_gates), 2)
        z, r = self._gate(node("Add", xz, hz)), self._gate(node("Add", xr, hr))
        reset = node("MatMul", node("Mul", r, h), self.of_new)
        return (self._between(z, h, self._new(node("Add", xh, reset))),)

    # --- their parts

    def _product(self, h: str) -> str:
        return self.t.node("MatMul", h, self.kernel)

    def _parts(self, z: str, count: int) -> list[str]:
        return self.t.nodes_of("Split", [z], count, axis=1, num_outputs=count)

    def _columns(self, kernel: str, first: int, last: int) -> str:
        u, t = self.units, self.t
        each: list[Any] = [t.integers([n]) for n in (first * u, last * u, 1)]
        return t.node("Slice", kernel, *each)

    def _gate(self, z: str) -> str:
        return activated(
            self.t, z, self.asked["recurrent_activation"], self.asked["recurrent_alpha"]
        )

    def _new(self, z: str) -> str:
        return activated(self.t, z, self.asked["activation"], self.asked["alpha"])

    def _between(self, z: str, h: str, new: str) -> str:
        node = self.t.node
        return node("Add", new, node("Mul", z, node("Sub", h, new)))
