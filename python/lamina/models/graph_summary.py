"""The table that ``summary`` prints of a graph model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._check import show_shape
from lamina.layers import Layer
from lamina.models.summary import totals

if TYPE_CHECKING:
    from lamina.models.functional import Functional

HEAD = ("Layer (type)", "Output shape", "Weights", "Connected to")


def table(model: Functional, line_length: int | None = None) -> str:
    """Return the layers with output shapes, weight counts and what they read, and the totals."""
    shapes = model.output_shapes_by_layer()
    rows = []
    for layer, readings in model.connections():
        shown = ", ".join(show_shape(s) for s in shapes[layer.name])
        names = list(dict.fromkeys(r.name for r in readings))
        rows.append((label(layer), shown, f"{layer.count_params():,}", ", ".join(names)))
    widths = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(4)]
    spare = (line_length or 0) - sum(widths) - 12
    widths[0] += max(spare, 0)
    width = sum(widths) + 12
    lines = [f'Model: "{model.name}"', _line(HEAD, widths), "-" * width]
    lines += [_line(row, widths) for row in rows]
    lines += ["-" * width, totals(model)]
    return "\n".join(lines)


def label(layer: Layer) -> str:
    """Return a layer's name and class; a model's class for a model within."""
    return f"{layer.name} ({getattr(layer, 'class_name', type(layer).__name__)})"


def _line(row: tuple[str, str, str, str], widths: list[int]) -> str:
    text = f"{row[0]:<{widths[0]}}    {row[1]:<{widths[1]}}    {row[2]:>{widths[2]}}    {row[3]}"
    return text.rstrip()
