"""The table that ``summary`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._check import show_shape

if TYPE_CHECKING:
    from lamina.models.network import Network

HEAD = ("Layer (type)", "Output shape", "Weights")


def table(model: Network, line_length: int | None = None) -> str:
    """Return the layers with output shapes and weight counts, and the totals."""
    rows = []
    shapes = model.input_row_shapes
    shape = None if shapes is None else shapes[0]
    if shape is not None:
        model.count_params()  # builds
    for layer in model.layers:
        if shape is not None:
            shape = layer.compute_output_shape(shape)
        shown = "?" if shape is None else show_shape(shape)
        count = f"{layer.count_params():,}" if layer.built else "?"
        kind = getattr(layer, "class_name", type(layer).__name__)  # of a model, its own
        rows.append((f"{layer.name} ({kind})", shown, count))
    widths = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(3)]
    spare = (line_length or 0) - sum(widths) - 8
    widths[0] += max(spare, 0)
    width = sum(widths) + 8
    lines = [f'Model: "{model.name}"', _line(HEAD, widths), "-" * width]
    lines += [_line(row, widths) for row in rows]
    lines += ["-" * width, totals(model)]
    return "\n".join(lines)


def _line(row: tuple[str, str, str], widths: list[int]) -> str:
    return f"{row[0]:<{widths[0]}}    {row[1]:<{widths[1]}}    {row[2]:>{widths[2]}}"


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
