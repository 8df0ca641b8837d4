"""Operators that are defined by others: functions in the file, or in ONNX."""

from __future__ import annotations

from typing import Any

from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.protos import DOMAINS, TYPED
from lamina.onnx.reading.registry import find

DEEPEST = 24  # nested functions
MOST_NODES = 100_000


def expanded(package: Any, model: Any) -> Any:
    """Return the model with the operators that lamina lacks replaced by their definitions."""
    if model.functions:
        from onnx import inliner

        try:
            model = inliner.inline_local_functions(model)
        except Exception as error:
            raise ValueError(f"the functions of the file cannot be expanded: {error}") from None
    opsets = {DOMAINS.get(o.domain, o.domain): o.version for o in model.opset_import}
    for _ in range(DEEPEST):
        if not any(_lacks(node, opsets) for node in _walk(model.graph)):
            return model
        changed = package.ModelProto()
        changed.CopyFrom(model)
        work = _Expansion(package, changed, opsets)
        if not work.graph(changed.graph):
            return model
        model = changed
    raise ValueError(f"functions are nested more than {DEEPEST} levels deep")


def _walk(graph: Any) -> Any:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _walk(attribute.g)


def _lacks(proto: Any, opsets: dict[str, int]) -> bool:
    domain = DOMAINS.get(proto.domain, proto.domain)
    return find(Node(proto.op_type, "", [], [], {}, opsets.get(domain, 0), domain)) is None


def types_of(package: Any, model: Any) -> dict[str, Any]:
    """Return the known types of values, as TypeProtos by name."""
    try:
        inferred = package.shape_inference.infer_shapes(model)
    except Exception:
        inferred = model
    graph = inferred.graph
    types = {v.name: v.type for v in (*graph.value_info, *graph.input, *graph.output)}
    for tensor in graph.initializer:
        types[tensor.name] = package.helper.make_tensor_type_proto(
            tensor.data_type, list(tensor.dims)
        )
    return types


def element_types(package: Any, model: Any) -> dict[str, int]:
    """Return the types of elements by name of a value, if a node depends on them."""
    if not any(node.op_type in TYPED for node in _walk(model.graph)):
        return {}
    return {
        name: kind.tensor_type.elem_type
        for name, kind in types_of(package, model).items()
        if kind.WhichOneof("value") == "tensor_type"
    }


class _Expansion:
    """Replace nodes by ONNX's definitions of their operators."""

    def __init__(self, package: Any, model: Any, opsets: dict[str, int]) -> None:
        self.package, self.opsets = package, opsets
        self.types = types_of(package, model)
        self.count = 0

    def graph(self, graph: Any) -> bool:
        """Replace nodes of a graph; return whether there were any to replace."""
        nodes: list[Any] = []
        changed = False
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    changed = self.graph(attribute.g) or changed
            body = self._function(node) if _lacks(node, self.opsets) else None
            if body is None:
                nodes.append(node)
                continue
            changed = True
            nodes.extend(self._instance(node, body))
            if len(nodes) > MOST_NODES:
                raise ValueError(f"the functions expand to more than {MOST_NODES} nodes")
        kept = [self._copy(node) for node in nodes]
        del graph.node[:]
        graph.node.extend(kept)
        return changed

    def _copy(self, node: Any) -> Any:
        made = self.package.NodeProto()
        made.CopyFrom(node)
        return made

    def _function(self, node: Any) -> Any:
        """Return the function that defines an operator, or None."""
        domain = DOMAINS.get(node.domain, node.domain)
        version = self.opsets.get(domain, 0)
        defs = self.package.defs
        try:
            schema = defs.get_schema(node.op_type, version, domain)
        except Exception:
            return None
        made = None
        if schema.has_function:
            usable = [v for v in schema.function_opset_versions if v <= version]
            if usable:
                made = schema.get_function_with_opset_version(max(usable))
        elif schema.has_context_dependent_function:
            usable = [v for v in schema.context_dependent_function_opset_versions if v <= version]
            types = [self._type(name) for name in node.input]
            if usable and all(t is not None for t in types):
                made = schema.get_context_dependent_function_with_opset_version(
                    max(usable), node.SerializeToString(), types
                )
        if not made:
            return None
        function = self.package.FunctionProto()
        function.ParseFromString(made)
        return function, schema

    def _type(self, name: str) -> bytes | None:
        if not name:
            return b""
        found = self.types.get(name)
        return None if found is None else found.SerializeToString()

    def _instance(self, node: Any, defined: Any) -> list[Any]:
        """Return the nodes of a function, for the inputs and outputs of one node."""
        function, schema = defined
        self.count += 1
        prefix = f"{node.name or node.op_type}_{self.count}/"
        names = {"": ""}
        names |= dict.fromkeys(function.input, "")
        names |= dict(zip(function.input, node.input, strict=False))
        names |= {a: b for a, b in zip(function.output, node.output, strict=False) if b}
        given = {a.name: a for a in node.attribute}
        for name in function.attribute:
            if name not in given and name in schema.attributes:
                default = schema.attributes[name].default_value
                if default.name or default.type:
                    given[name] = default
        for inner in function.node:  # its results; other values come from outside
            names |= {name: prefix + name for name in inner.output if name not in names}
        return [self._renamed(inner, prefix, names, given) for inner in function.node]

    def _renamed(self, node: Any, prefix: str, names: dict[str, str], given: Any) -> Any:
        made = self._copy(node)
        made.name = prefix + (node.name or node.op_type)
        del made.input[:], made.output[:]
        made.input.extend(names.get(n, n) for n in node.input)
        made.output.extend(names.setdefault(n, prefix + n) for n in node.output)
        del made.attribute[:]
        for attribute in node.attribute:
            if attribute.ref_attr_name:
                source = given.get(attribute.ref_attr_name)
                if source is None:
                    continue
                added = made.attribute.add()
                added.CopyFrom(source)
                added.name = attribute.name
                continue
            added = made.attribute.add()
            added.CopyFrom(attribute)
            if added.HasField("g"):
                self._rename_graph(added.g, prefix, dict(names), given)
        return made

    def _rename_graph(self, graph: Any, prefix: str, names: dict[str, str], given: Any) -> None:
        for value in (*graph.input, *graph.initializer):
            names[value.name] = prefix + value.name
            value.name = prefix + value.name
        for inner in graph.node:
            names |= {name: prefix + name for name in inner.output if name}
        nodes = [self._renamed(inner, prefix, names, given) for inner in graph.node]
        del graph.node[:]
        graph.node.extend(nodes)
        for value in graph.output:
            value.name = names.get(value.name, value.name)
