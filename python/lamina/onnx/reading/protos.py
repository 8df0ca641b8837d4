"""An ``onnx.ModelProto`` converted to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamina.onnx.reading.files import array_of
from lamina.onnx.reading.graph import Body, Node, Port
from lamina.onnx.reading.registry import find

DEEPEST = 16  # nested graphs

# The type of their results is not determined by tensors, which hold all integers as int32.
TYPED = {"CastLike", "QuantizeLinear", "QLinearMatMul", "QLinearConv"}

# Domains whose operators are known, and their aliases.
DOMAINS = {"": "", "ai.onnx": "", "ai.onnx.ml": "ai.onnx.ml",
           "ai.onnx.preview.training": "ai.onnx.preview.training"}  # fmt: skip


class Reader:
    """Convert a model to plain values.

    Parameters
    ----------
    package : module
        ``onnx``.
    opsets : mapping
        The version of the operators, by domain.
    folder : Path or None
        The folder of files with arrays.
    types : mapping
        The types of elements by name of a value, if known.
    """

    def __init__(
        self, package: Any, opsets: Mapping[str, int], folder: Path | None, types: Mapping[str, int]
    ) -> None:
        self.package, self.opsets, self.folder, self.types = package, opsets, folder, types
        self._context = package.checker.C.CheckerContext()
        self._context.ir_version = package.IR_VERSION
        self._context.opset_imports = dict(opsets)

    def body(self, graph: Any, outer: frozenset[str] = frozenset(), depth: int = 0) -> Body:
        """Return a graph; ``outer`` are the values outside it that its nodes may read."""
        if depth > DEEPEST:
            raise ValueError(f"graphs are nested more than {DEEPEST} levels deep")
        if graph.sparse_initializer:
            name = graph.sparse_initializer[0].values.name
            raise ValueError(f"the constant {name!r} is sparse; only dense ones are supported")
        constants = {}
        for tensor in graph.initializer:
            if tensor.name in constants or not tensor.name:
                raise ValueError(
                    f"the name of a constant must be unique; got {tensor.name!r} twice"
                )
            constants[tensor.name] = array_of(tensor, self.folder)
        inputs = [self.port(v) for v in graph.input if v.name not in constants]
        names = [port.name for port in inputs]
        if len(set(names)) != len(names):
            raise ValueError(f"two inputs have the same name, among {names}")
        made = {*constants, *names}
        nodes = []
        for proto in graph.node:
            self._check_form(proto)
            node = self.node(proto, frozenset(outer | made), depth)
            self._check(node, outer | made, made)
            made |= {name for name in node.outputs if name}
            nodes.append(node)
        outputs = [self.port(v) for v in graph.output]
        tables = {name for node in nodes if node.op == "ZipMap" for name in node.outputs}
        outputs = [Port(p.name, 1) if p.name in tables else p for p in outputs]
        for port in outputs:
            if port.name not in made and port.name not in outer:
                raise ValueError(f"no node computes the output {port.name!r}")
        return Body(inputs, outputs, nodes, constants)

    def _check_form(self, proto: Any) -> None:
        """Raise ValueError for attributes, or numbers of inputs, that the operator lacks."""
        if any(a.HasField("g") or a.graphs for a in proto.attribute):
            return  # nested graphs are checked when they are read
        try:
            self.package.checker.check_node(proto, self._context)
        except self.package.checker.ValidationError as error:
            domain = DOMAINS.get(proto.domain, proto.domain)
            node = Node(proto.op_type, proto.name, [], [], {}, self.opsets.get(domain, 0), domain)
            told = " ".join(str(error).partition("\n")[0].split())
            raise ValueError(f"{node.who}: {told}") from None

    @staticmethod
    def _check(node: Node, known: frozenset[str] | set[str], made: set[str]) -> None:
        for name in node.inputs:
            if name and name not in known:
                raise ValueError(
                    f"{node.who}: no earlier node computes its input {name!r}: the value is "
                    f"missing, or the nodes are out of order or form a cycle"
                )
        for name in node.outputs:
            if name and name in made:
                raise ValueError(
                    f"{node.who}: its output {name!r} is also computed by an earlier node"
                )

    def port(self, value: Any) -> Port:
        """Return the description of a value."""
        kind = value.type.WhichOneof("value")
        if kind == "optional_type":
            value_type = value.type.optional_type.elem_type
            kind = value_type.WhichOneof("value")
        else:
            value_type = value.type
        if kind == "sequence_type" and value_type.sequence_type.elem_type.HasField("tensor_type"):
            return Port(value.name, -value_type.sequence_type.elem_type.tensor_type.elem_type)
        if kind != "tensor_type":
            return Port(value.name, -8 if kind else 0)
        tensor = value_type.tensor_type
        if not tensor.HasField("shape"):
            return Port(value.name, tensor.elem_type, None)
        sizes: list[int | str | None] = []
        for dim in tensor.shape.dim:
            which = dim.WhichOneof("value")
            sizes.append(None if which is None else getattr(dim, which))
        return Port(value.name, tensor.elem_type, tuple(sizes))

    def node(self, proto: Any, outer: frozenset[str], depth: int) -> Node:
        """Return a node."""
        domain = DOMAINS.get(proto.domain, proto.domain)
        opset = self.opsets.get(domain, 0)
        node = Node(
            proto.op_type, proto.name, list(proto.input), list(proto.output), {}, opset, domain
        )
        if not opset:
            raise ValueError(f"{node.who}: the model does not give the version of its operators")
        for attribute in proto.attribute:
            if attribute.ref_attr_name:
                raise ValueError(
                    f"{node.who}: attribute {attribute.name} refers to a function's, outside of one"
                )
            if attribute.type == self.package.AttributeProto.TYPE_PROTO:
                continue  # the type of a missing value
            node.attributes[attribute.name] = self._attribute(node, attribute, outer, depth)
        if node.op in TYPED and node.outputs and node.outputs[0] in self.types:
            node.attributes["type"] = self.types[node.outputs[0]]
        return node

    def _attribute(self, node: Node, attribute: Any, outer: frozenset[str], depth: int) -> Any:
        kinds = self.package.AttributeProto
        value = self.package.helper.get_attribute_value(attribute)
        if attribute.type == kinds.STRING:
            return value.decode("utf-8", "replace")
        if attribute.type == kinds.STRINGS:
            return [v.decode("utf-8", "replace") for v in value]
        if attribute.type in (kinds.INTS, kinds.FLOATS):
            return list(value)
        if attribute.type in (kinds.INT, kinds.FLOAT):
            return value
        if attribute.type == kinds.TENSOR:
            return array_of(value, self.folder)
        if attribute.type == kinds.GRAPH:
            return self.body(value, outer, depth + 1)
        raise ValueError(
            f"{node.who}: attribute {attribute.name} has type "
            f"{kinds.AttributeType.Name(attribute.type)}, which is not supported"
        )


def check_operators(body: Body) -> None:
    """Raise ValueError with the names of all unsupported operators."""
    lacking: dict[str, str] = {}
    for node in body.walk():
        found = find(node)
        if found is None:
            lacking.setdefault(node.op, node.who)
    if lacking:
        raise ValueError(f"lamina has no counterpart of {', '.join(lacking.values())}")
