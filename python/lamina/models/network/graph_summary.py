"""The lines that ``summary`` prints for a graph model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina._check import show_shape
from lamina.models.network.summary import Rows, label

if TYPE_CHECKING:
    from lamina.models.functional import Functional

HEAD = ("Layer (type)", "Output shape", "Weights", "Connected to")


def rows_of_graph(model: Functional) -> tuple[Sequence[str], Rows]:
    """Return the head, and the layers with output shapes, weight counts and inputs."""
    shapes = model.output_shapes_by_layer()
    rows: Rows = []
    for layer, readings in model.connections():
        shown = ", ".join(show_shape(s, model.batch_given()) for s in shapes[layer.name])
        names = ", ".join(dict.fromkeys(r.name for r in readings))
        rows.append((layer, (label(layer), shown, f"{layer.count_params():,}", names)))
    return HEAD, rows
