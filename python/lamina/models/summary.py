"""The table that ``summary`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina._check import show_shape
from lamina.models.recorded import for_any_rows

if TYPE_CHECKING:
    from lamina.layers import Layer
    from lamina.models.network import Network
    from lamina.models.sequential import Sequential

HEAD = ("Layer (type)", "Output shape", "Weights")


def table(model: Sequential, line_length: int | None = None, show_trainable: bool = False) -> str:
    """Return the layers with output shapes and weight counts, and the totals."""
    if model.input_row_shapes is not None:
        model.count_params()  # builds
    shapes, batch = model.shapes_by_place(), model.batch_given()
    shown = [show_shape(shape, batch) for shape in shapes] or ["?"] * len(model.parts)
    rows = [
        (label(layer), shape, f"{layer.count_params():,}" if layer.built else "?")
        for layer, shape in zip(model.parts, shown, strict=True)
    ]
    if show_trainable:
        return laid_out(model, *with_trainable(HEAD, rows, model.parts), line_length)
    return laid_out(model, HEAD, rows, line_length)


def table_of_calls(model: Network, line_length: int | None, show_trainable: bool) -> str:
    """Return the table of a model with ``call``: its layers with the shapes that they returned."""
    seen: dict[int, list[Any]] = {}
    batch = model.batch_given()
    if model.input_row_shapes is not None:
        model.count_params()  # builds
        seen = for_any_rows(model, model.input_row_shapes).recording.returned
    rows = []
    for layer in model.parts:
        shapes = seen.get(id(layer))
        shown = "?" if shapes is None else ", ".join(show_shape(each, batch) for each in shapes)
        rows.append((label(layer), shown, f"{layer.count_params():,}" if layer.built else "?"))
    if show_trainable:
        return laid_out(model, *with_trainable(HEAD, rows, model.parts), line_length)
    return laid_out(model, HEAD, rows, line_length)


def with_trainable(
    head: Sequence[str], rows: Sequence[Sequence[str]], layers: Sequence[Layer]
) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Return head and rows with a column that says which layers train."""
    said = [
        "" if la.built and not la.parameters else "yes" if la.trainable else "no" for la in layers
    ]
    return (*head, "Trainable"), [(*row, each) for row, each in zip(rows, said, strict=True)]


def label(layer: Layer) -> str:
    """Return a layer's name and class; a model's class for a model within."""
    return f"{layer.name} ({layer.class_name})"


def laid_out(
    model: Network, head: Sequence[str], rows: Sequence[Sequence[str]], line_length: int | None
) -> str:
    """Return the rows in columns under a head, the third (counts) to the right, and the totals."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    gaps = 4 * (len(widths) - 1)
    widths[0] += max((line_length or 0) - sum(widths) - gaps, 0)

    def line(row: Sequence[str]) -> str:
        cells = [f"{cell:{'>' if i == 2 else '<'}{widths[i]}}" for i, cell in enumerate(row)]
        return (" " * 4).join(cells).rstrip()

    rule = "-" * (sum(widths) + gaps)
    lines = [f'Model: "{model.name}"', line(head), rule, *map(line, rows), rule, totals(model)]
    return "\n".join(lines)


def totals(model: Network) -> str:
    """Return the line of all weights, their memory, and how many train."""
    if not model.built:
        return "Weights: not built; the input shape is not known yet"
    parameters = model.parameters
    total = sum(p.size for p in parameters)
    trainable = sum(p.size for p in parameters if p.trainable)
    size = float(total * (8 if model.dtype == "float64" else 4))
    units = ["B", "KB", "MB", "GB", "TB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    shown = f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"
    fixed = f", fixed: {total - trainable:,}" if total > trainable else ""
    return f"Weights: {total:,} ({shown}), trainable: {trainable:,}{fixed}"
