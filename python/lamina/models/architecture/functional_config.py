"""The structure of a graph model as plain values and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina._tensors import Arguments
from lamina._tensors.arguments import packed
from lamina.layers import InputLayer, Layer, SymbolicTensor, deserialize, serialize
from lamina.models.architecture.structure import Structure

Reference = list[Any]  # [layer name, index of its call, index of the output]


def to_config(structure: Structure, input_form: Any, output_form: Any) -> dict[str, Any]:
    """Return layers with their inbound nodes, and the positions of inputs and outputs."""
    calls: dict[int, list[Any]] = {id(layer): [] for layer in structure.layers}
    where: dict[int, Reference] = {}
    for number, layer in zip(structure.inputs, structure.input_layers, strict=True):
        where[number] = [layer.name, 0, 0]
    for step in structure.all_steps:
        inbound = calls[id(step.layer)]
        for i, number in enumerate(step.outputs):
            where[number] = [step.layer.name, len(inbound), i]
        node: dict[str, Any] = {"inputs": [where[t] for t in step.inputs]}
        if step.arguments is not None:
            node["arguments"] = step.arguments.to_config()
        if step.training is not None:
            node["training"] = step.training
        if step.masks is not None:
            node["masks"] = [None if m is None else where[m] for m in step.masks]
        inbound.append(node)
    layers = [
        {**serialize(layer), "name": layer.name, "inbound_nodes": calls[id(layer)]}
        for layer in structure.layers
    ]
    return {
        "layers": layers,
        "input_layers": packed(input_form, [where[t] for t in structure.inputs]),
        "output_layers": packed(output_form, [where[t] for t in structure.outputs]),
    }


def from_config(
    config: Mapping[str, Any],
    custom_objects: Mapping[str, type] | None,
    make: Callable[[Mapping[str, Any]], Layer] | None = None,
) -> tuple[Any, Any]:
    """Return inputs and outputs of new layers, called as in the configuration.

    ``make`` returns the layer of an entry; by default it is deserialized.
    """
    layers: dict[str, Layer] = {}
    waiting: list[tuple[str, Any]] = []
    for entry in config["layers"]:
        made = deserialize(entry, custom_objects) if make is None else make(entry)
        layer = layers[entry["name"]] = made
        waiting += [(entry["name"], node) for node in entry["inbound_nodes"]]
        if isinstance(layer, InputLayer):
            layer.tensor()
    while waiting:
        left = []
        blocked: set[str] = set()  # calls of one layer keep their order
        for name, node in waiting:
            references = [*node["inputs"], *(m for m in node.get("masks") or () if m)]
            _check_known(layers, name, references)
            if name in blocked or not all(len(layers[r[0]].nodes) > r[1] for r in references):
                left.append((name, node))
                blocked.add(name)
                continue
            _call(layers, name, node)
        if len(left) == len(waiting):
            names = ", ".join(name for name, _ in left)
            raise ValueError(f"Model.from_config: the calls of these layers form a cycle: {names}")
        waiting = left
    return _tensors(layers, config["input_layers"]), _tensors(layers, config["output_layers"])


def _call(layers: Mapping[str, Layer], name: str, node: Mapping[str, Any]) -> None:
    x = [_tensor(layers, r) for r in node["inputs"]]
    masks = node.get("masks")
    given = masks and [None if m is None else _tensor(layers, m) for m in masks]
    layer = layers[name]
    if node.get("arguments") is not None:
        args, kwargs = Arguments.from_config(node["arguments"]).filled(x)
        Layer.__call__(layer, *args, **kwargs)
        return
    # The arguments of the call are known: a subclass need not parse them again.
    Layer.__call__(layer, x, mask=given, training=node.get("training"))


def _check_known(layers: Mapping[str, Layer], reader: str, references: list[Reference]) -> None:
    for name, *_ in references:
        if name not in layers:
            raise ValueError(
                f"Model.from_config: {reader} reads {name!r}, which is not one of its layers"
            )


def _tensor(layers: Mapping[str, Layer], reference: Reference) -> SymbolicTensor:
    name, call, output = reference
    nodes = layers[name].nodes if name in layers else []
    if not (0 <= call < len(nodes) and 0 <= output < len(nodes[call].outputs)):
        raise ValueError(
            f"Model.from_config: no layer has the output {list(reference)} (name, call, output)"
        )
    return nodes[call].outputs[output]


def _tensors(layers: Mapping[str, Layer], references: Any) -> Any:
    # A reference, or a structure of them.
    if isinstance(references, Mapping):
        return {key: _tensors(layers, r) for key, r in references.items()}
    if references and isinstance(references[0], str):
        return _tensor(layers, references)
    return type(references)(_tensors(layers, r) for r in references)
