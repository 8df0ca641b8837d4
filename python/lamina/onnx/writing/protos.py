"""Conversion of a sheet to the objects of the package ``onnx``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lamina.onnx.writing.program import Written
from lamina.onnx.writing.sheet import Body, Choice, Node, Sheet
from lamina.onnx.writing.translation import ELEMENTS, Value

ROWS = "batch"  # the name of the first axis


class Protos:
    """Make ONNX's objects; ``onnx`` is the package."""

    def __init__(self, onnx: Any, dtype: str) -> None:
        self.onnx, self.helper, self.dtype = onnx, onnx.helper, dtype

    def model(
        self, written: Written, outputs: Sequence[str], rows: int | None, opset: int, **said: Any
    ) -> Any:
        """Return a model with these names of outputs."""
        sheet = written.sheet
        _name_outputs(written, outputs)
        _leave_out(sheet, [value.name for value in written.outputs])
        _share_arrays(sheet)
        graph = self.helper.make_graph(
            [self._node(node) for node in sheet.nodes],
            said.pop("name"),
            [self._info(value, rows) for value in written.inputs],
            [self._info(value, rows) for value in written.outputs],
            [self._array(name, array) for name, array in sheet.arrays.items()],
        )
        opsets = [self.helper.make_opsetid("", opset)]
        version = self.helper.find_min_ir_version_for(opsets)
        return self.helper.make_model(graph, opset_imports=opsets, ir_version=version, **said)

    def _array(self, name: str, array: Any) -> Any:
        return self.onnx.numpy_helper.from_array(np.array(array, order="C"), name)

    def _node(self, node: Node) -> Any:
        attributes: dict[str, Any] = {}
        for name, value in node.attributes.items():
            if isinstance(value, Choice):
                attributes |= value.exact
            elif isinstance(value, Body):
                attributes[name] = self._body(value, node.outputs)
            else:
                attributes[name] = value
        # Nodes are named after their outputs, which are unique.
        name = next(each for each in node.outputs if each)
        return self.helper.make_node(node.op, node.inputs, node.outputs, name=name, **attributes)

    def _body(self, body: Body, outputs: Sequence[str]) -> Any:
        return self.helper.make_graph(
            [self._node(node) for node in body.nodes],
            f"{outputs[0] or outputs[-1]}/body",
            [self._typed(*each) for each in body.inputs],
            [self._typed(*each) for each in body.outputs],
        )

    def _typed(self, name: str, kind: str, shape: Sequence[Any]) -> Any:
        element = ELEMENTS[self.dtype if kind == "float" else kind]
        return self.helper.make_tensor_value_info(name, element, list(shape))

    def _info(self, value: Value, rows: int | None) -> Any:
        first = [ROWS if rows is None else rows] if value.rows else []
        return self._typed(value.name, value.kind, [*first, *value.shape])


def _name_outputs(written: Written, names: Sequence[str]) -> None:
    """Name the outputs, by renaming the outputs of nodes, or by a copy."""
    sheet = written.sheet
    makers = {name: node for node in sheet.nodes for name in node.outputs}
    named: list[Value] = []
    renamed: dict[str, str] = {}
    for value, wanted in zip(written.outputs, names, strict=True):
        name = sheet.name(wanted)
        maker = makers.get(value.name)
        if maker is None or value.name in renamed:  # an input, a weight, the same output twice
            source = renamed.get(value.name, value.name)
            sheet.nodes.append(Node("Identity", [source], [name], {}))
        else:
            renamed[value.name] = name
        named.append(Value(name, value.shape, value.rows, value.kind))
    for node in _each_node(sheet.nodes):
        node.inputs = [renamed.get(each, each) for each in node.inputs]
        node.outputs = [renamed.get(each, each) for each in node.outputs]
    written.outputs = named


def _each_node(nodes: Iterable[Node]) -> Iterable[Node]:
    for node in nodes:
        yield node
        for value in node.attributes.values():
            if isinstance(value, Body):
                yield from _each_node(value.nodes)


def _leave_out(sheet: Sheet, outputs: Sequence[str]) -> None:
    """Remove nodes and arrays that are not used."""
    read = set(outputs)
    kept = []
    for node in reversed(sheet.nodes):
        if read.intersection(name for name in node.outputs if name):
            kept.append(node)
            for each in _each_node([node]):
                read.update(each.inputs)
    sheet.nodes[:] = kept[::-1]
    for name in [name for name in sheet.arrays if name not in read]:
        del sheet.arrays[name]


def _share_arrays(sheet: Sheet) -> None:
    """Merge equal small constants; weights keep their names."""
    first: dict[Any, str] = {}
    same: dict[str, str] = {}
    for name, array in sheet.arrays.items():
        if name in sheet.weights or array.size > 64:
            continue
        key = (array.dtype.str, array.shape, array.tobytes())
        if key in first:
            same[name] = first[key]
        else:
            first[key] = name
    for name in same:
        del sheet.arrays[name]
    for node in _each_node(sheet.nodes):
        node.inputs = [same.get(each, each) for each in node.inputs]
