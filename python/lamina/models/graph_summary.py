"""The table that ``summary`` prints of a graph model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._check import show_shape
from lamina.models.summary import label, laid_out, with_trainable

if TYPE_CHECKING:
    from lamina.models.functional import Functional

HEAD = ("Layer (type)", "Output shape", "Weights", "Connected to")


def table(model: Functional, line_length: int | None = None, show_trainable: bool = False) -> str:
    """Return the layers with output shapes, weight counts and what they read, and the totals."""
    shapes = model.output_shapes_by_layer()
    rows = []
    for layer, readings in model.connections():
        shown = ", ".join(show_shape(s, model.batch_given()) for s in shapes[layer.name])
        names = list(dict.fromkeys(r.name for r in readings))
        rows.append((label(layer), shown, f"{layer.count_params():,}", ", ".join(names)))
    if show_trainable:
        layers = [layer for layer, _ in model.connections()]
        return laid_out(model, *with_trainable(HEAD, rows, layers), line_length)
    return laid_out(model, HEAD, rows, line_length)
