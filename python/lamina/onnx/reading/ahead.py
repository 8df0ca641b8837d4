"""The values of a graph that must be known while it is recorded."""

from __future__ import annotations

from lamina.onnx.reading.graph import Body, Node
from lamina.onnx.reading.registry import find

# The results of these only depend on the shapes of their inputs.
OF_SHAPES = {"Shape", "Size"}


def needed_ahead(body: Body, outputs: set[str] | None = None) -> set[str]:
    """Return the names of the values that shapes, axes and the like depend on.

    ``outputs`` are those that the surroundings of a graph need.
    """
    needed = set(outputs or ())
    for node in reversed(body.nodes):
        found = find(node)
        for place, name in enumerate(node.inputs):
            if name and found is not None and place in found.known:
                needed.add(name)
        wanted = needed.intersection(node.outputs)
        for inner in node.bodies():
            needed |= _within(node, inner, wanted)
        if wanted and node.op not in OF_SHAPES:
            needed.update(name for name in node.inputs if name)
    return needed


def _within(node: Node, inner: Body, wanted: set[str]) -> set[str]:
    """Return the values that a nested graph needs; for a loop also by the names of its inputs."""
    made = {port.name for port in inner.outputs} if wanted else set()
    needed = needed_ahead(inner, made)
    if node.op != "If":
        shift = 0 if node.op in ("Loop", "Scan") else 1
        for place, port in enumerate(inner.inputs):
            if port.name in needed and place + shift < len(node.inputs):
                needed.add(node.inputs[place + shift])
    return needed
