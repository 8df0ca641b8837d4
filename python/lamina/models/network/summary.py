"""The table printed by ``summary``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina._check import show_shape
from lamina.models.network.recorded import for_any_rows

if TYPE_CHECKING:
    from lamina.layers import Layer
    from lamina.models.network.network import Network
    from lamina.models.sequential import Sequential

HEAD = ("Layer (type)", "Output shape", "Weights")
GAP = 4  # between columns

Rows = list[tuple["Layer", Sequence[str]]]  # each layer with the cells of its line


@dataclass
class Shown:
    """The arguments of ``summary``: see its parameters."""

    line_length: int | None
    positions: Sequence[float] | None
    expand_nested: bool
    show_trainable: bool
    layer_range: Sequence[str] | None


def rows_of_chain(model: Sequential) -> tuple[Sequence[str], Rows]:
    """Return the head, and the layers with output shapes and weight counts."""
    if model.input_row_shapes is not None:
        model.count_params()  # builds
    shapes, batch = model.shapes_by_place(), model.batch_given()
    shown = [show_shape(shape, batch) for shape in shapes] or ["?"] * len(model.parts)
    pairs = zip(model.parts, shown, strict=True)
    return HEAD, [(layer, (label(layer), shape, _count(layer))) for layer, shape in pairs]


def rows_of_calls(model: Network) -> tuple[Sequence[str], Rows]:
    """Return the same for a model with ``call``: its layers with their output shapes."""
    seen: dict[int, list[Any]] = {}
    batch = model.batch_given()
    if model.input_row_shapes is not None:
        model.count_params()  # builds
        seen = for_any_rows(model, model.input_row_shapes).recording.returned
    rows: Rows = []
    for layer in model.parts:
        shapes = seen.get(id(layer))
        shown = "?" if shapes is None else ", ".join(show_shape(each, batch) for each in shapes)
        rows.append((layer, (label(layer), shown, _count(layer))))
    return HEAD, rows


def table(model: Network, shown: Shown) -> str:
    """Return the text: a head, the lines of the layers, and the totals."""
    head, rows = model.summary_rows()
    rows = _between(rows, shown.layer_range)
    if shown.expand_nested:
        rows = [line for row in rows for line in _expanded(row, len(head), "")]
    lines: list[Sequence[str]] = [cells for _, cells in rows]
    if shown.show_trainable:
        head = (*head, "Trainable")
        lines = [(*cells, _trains(layer)) for layer, cells in rows]
    return _laid_out(model, head, lines, shown)


def _between(rows: Rows, names: Sequence[str] | None) -> Rows:
    """Return the rows from the first layer that matches to the last: names or patterns."""
    if names is None:
        return rows
    if isinstance(names, str) or len(names) != 2:
        raise ValueError(f"summary: layer_range must hold two names of layers; got {names!r}")
    places = []
    for name in names:
        fits = [i for i, (la, _) in enumerate(rows) if la.name == name or re.match(name, la.name)]
        if not fits:
            known = ", ".join(layer.name for layer, _ in rows)
            raise ValueError(f"summary: layer_range: no layer is named {name!r}; known: {known}")
        places.append(fits)
    first, last = sorted((places[0][0], places[1][-1]))
    return rows[first : last + 1]


def _expanded(row: tuple[Layer, Sequence[str]], columns: int, indent: str) -> Rows:
    """Return a row, followed by those of the layers of the model that it represents."""
    layer, cells = row
    found: Rows = [(layer, (indent + cells[0], *cells[1:]))]
    if layer.stands_for is not None:
        for each, inner in layer.stands_for.summary_rows()[1]:
            filled = (*inner, *[""] * columns)[:columns]
            found += _expanded((each, filled), columns, indent + "  ")
    return found


def _count(layer: Layer) -> str:
    return f"{layer.count_params():,}" if layer.built else "?"


def _trains(layer: Layer) -> str:
    return "" if layer.built and not layer.parameters else "yes" if layer.trainable else "no"


def label(layer: Layer) -> str:
    """Return the name and class of a layer; a model's own class for a nested model."""
    return f"{layer.name} ({layer.class_name})"


def _laid_out(
    model: Network, head: Sequence[str], rows: Sequence[Sequence[str]], shown: Shown
) -> str:
    """Return the rows in columns under a head, the counts aligned right, and the totals."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    gaps = GAP * (len(widths) - 1)
    starts = [0, *_starts(shown)]
    for i, (start, end) in enumerate(itertools.pairwise(starts)):
        if i < len(widths) - 1:
            widths[i] = max(widths[i], end - start - GAP)
    widths[0] += max((shown.line_length or 0) - sum(widths) - gaps, 0)

    def line(row: Sequence[str]) -> str:
        cells = [f"{cell:{'>' if i == 2 else '<'}{widths[i]}}" for i, cell in enumerate(row)]
        return (" " * GAP).join(cells).rstrip()

    rule = "-" * (sum(widths) + gaps)
    lines = [f'Model: "{model.name}"', line(head), rule, *map(line, rows), rule, totals(model)]
    return "\n".join(lines)


def _starts(shown: Shown) -> list[int]:
    """Return the positions at which the columns after the first start."""
    given = list(shown.positions or ())
    share = bool(given) and max(given) <= 1
    return [int(p * (shown.line_length or 80)) if share else int(p) for p in given]


def totals(model: Network) -> str:
    """Return the line with the number of weights, their memory, and how many are trainable."""
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
    mixed = "" if model.compute_dtype == model.dtype else f", {model.dtype_policy.name}"
    return f"Weights: {total:,} ({shown}), trainable: {trainable:,}{fixed}{mixed}"
