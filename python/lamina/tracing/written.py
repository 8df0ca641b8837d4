"""A trace as text, LaTeX and HTML, with the same tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from lamina.tracing.symbols import Symbol, unit_symbol

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina.tracing.traced import LayerTrace, Trace


@dataclass
class Table:
    """Rows of a symbol and numbers, with a title and a formula."""

    title: str
    formulas: list[str]  # LaTeX
    columns: list[tuple[str, str]]  # as text and as LaTeX
    rows: list[tuple[Symbol, list[float]]]


def tables(traced: Trace) -> list[Table]:
    """Return two tables of each layer: its units, and its weights."""
    named = _Names(len(traced.layers), len(traced.layers[-1].outputs))
    found = []
    for i, layer in enumerate(traced.layers):
        found += [_units(traced, i, named), _weights(i, layer, named)]
    return found


class _Names:
    """The letters of the units and weights of a layer."""

    def __init__(self, layers: int, outputs: int) -> None:
        self.layers, self.outputs = layers, outputs

    def is_last(self, i: int) -> bool:
        return i == self.layers - 1

    def above(self, i: int) -> int | None:
        """Return the layer's number in the symbols, if there are several such layers."""
        return None if self.is_last(i) or self.layers <= 2 else i + 1

    def weight(self, i: int, source: int, unit: int) -> Symbol:
        if not self.is_last(i):
            return Symbol("alpha", self.above(i), (source, unit + 1))
        return Symbol("beta", None, (source, unit + 1) if self.outputs > 1 else (source,))


def _units(traced: Trace, i: int, named: _Names) -> Table:
    layer = traced.layers[i]
    last = named.is_last(i)
    function, weights, outer = ("f", r"\beta", r"\hat{y}_c") if last else ("g", r"\alpha", "z_m")
    index, source = ("c", "m") if last and named.layers > 1 else ("m", "j")
    index = "c" if last else index
    inner = "x_j" if i == 0 else "z_m" if last else "z_j"
    sums = (
        rf"s_{index} = {weights}_{{0{index}}} + \sum_{source} {weights}_{{{source}{index}}} {inner}"
    )
    delta = (
        r"\delta_c = \partial R / \partial s_c"
        if last
        else rf"\delta_m = {function}'(s_m) \sum_c \beta_{{mc}} \delta_c"
    )
    columns = [("s", "s"), (f"{function}(s)", f"{function}(s)")]
    columns += [] if layer.slopes is None else [(f"{function}'(s)", f"{function}'(s)")]
    columns += [("δ = ∂R/∂s", r"\delta")]
    values: list[Array] = [layer.sums, layer.outputs]
    values += [] if layer.slopes is None else [layer.slopes]
    values += [layer.deltas]
    rows = [
        (unit_symbol(traced, i, u), [float(v[u]) for v in values]) for u in range(len(layer.sums))
    ]  # fmt: skip
    where = "Output" if last else f"Hidden layer {i + 1}" if named.layers > 2 else "Hidden layer"
    title = f"{where} ({layer.name}), {function} = {layer.function}"
    return Table(title, [sums, rf"{outer} = {function}(s_{index})", delta], columns, rows)


def _weights(i: int, layer: LayerTrace, named: _Names) -> Table:
    last = named.is_last(i)
    letter, index = (r"\beta", "c") if last else (r"\alpha", "m")
    source, inner = ("m", "z_m") if i > 0 and last else ("j", "x_j" if i == 0 else "z_j")
    formula = (
        rf"\partial R / \partial {letter}_{{{source}{index}}} = \delta_{index} {inner}, \quad "
        rf"\partial R / \partial {letter}_{{0{index}}} = \delta_{index}"
    )
    rows: list[tuple[Symbol, list[float]]] = []
    for u in range(len(layer.sums)):
        if layer.bias is not None and layer.bias_difference is not None:
            rows.append((
                named.weight(i, 0, u),
                [float(layer.bias[u]), float(layer.deltas[u]), float(layer.bias_difference[u])],
            ))  # fmt: skip
        rows += [
            (
                named.weight(i, j + 1, u),
                [
                    float(layer.kernel[j, u]),
                    float(layer.kernel_gradient[j, u]),
                    float(layer.kernel_difference[j, u]),
                ],
            )
            for j in range(len(layer.inputs))
        ]
    columns = [
        ("weight", r"\text{weight}"),
        ("gradient", r"\text{gradient}"),
        ("finite difference", r"\text{finite difference}"),
    ]
    return Table(f"Weights of {layer.name}", [formula], columns, rows)


def _number(value: float) -> str:
    return f"{value + 0.0:.6g}"  # no -0


def _ended(table: Table, most: int) -> tuple[Sequence[tuple[Symbol, list[float]]], str]:
    left = len(table.rows) - most
    return table.rows[:most], f"and {left} more" if left > 0 else ""


def _head(traced: Trace, listed: Callable[[Array], str]) -> tuple[str, str]:
    row = f"x = {listed(traced.x)}, y = {listed(traced.y)}"
    return row, f"R = {_number(traced.loss)} ({traced.loss_name})"


def _list(values: Array) -> str:
    shown = [_number(float(v)) for v in values[:10]]
    return ", ".join(shown + (["..."] if len(values) > 10 else []))


def text(traced: Trace, most: int) -> str:
    """Return tables of plain text."""
    lines = list(_head(traced, _list))
    for table in tables(traced):
        rows, more = _ended(table, most)
        cells = [["", *(name for name, _ in table.columns)]]
        cells += [[symbol.text(), *map(_number, values)] for symbol, values in rows]
        widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
        lines += ["", table.title]
        lines += [
            "  " + "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in cells
        ]
        lines += [f"  {more}"] if more else []
    lines += ["", _verdict(traced)]
    return "\n".join(line.rstrip() for line in lines)


def _verdict(traced: Trace) -> str:
    return f"Largest difference from finite differences: {traced.largest_difference:.1e}"


def latex(traced: Trace, most: int) -> str:
    """Return formulas and tables in LaTeX."""
    name = traced.loss_name.replace("_", r"\_")
    parts = [rf"\[ R = {_number(traced.loss)} \quad \text{{({name})}} \]"]
    for table in tables(traced):
        rows, more = _ended(table, most)
        formulas = " \\\\\n".join(f"  {formula}" for formula in table.formulas)
        parts.append("\\paragraph{" + table.title.replace("_", r"\_") + "}")
        parts.append("\\begin{gather*}\n" + formulas + "\n\\end{gather*}")
        head = " & ".join(["", *(f"${name}$" for _, name in table.columns)])
        lines = [
            " & ".join([f"${symbol.latex()}$", *(f"${_number(v)}$" for v in values)])
            for symbol, values in rows
        ]
        body = " \\\\\n".join([head + " \\\\\n\\hline", *lines]).replace("\\hline \\\\", "\\hline")
        columns = "l" + "r" * len(table.columns)
        parts.append(f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}")
        parts += [more] if more else []
    return "\n\n".join([*parts, _verdict(traced)]) + "\n"


def html(traced: Trace, most: int) -> str:
    """Return tables in HTML."""
    row, loss = _head(traced, _list)
    parts = [f"<p>{escape(row)}<br>{escape(loss)}</p>"]
    for table in tables(traced):
        rows, more = _ended(table, most)
        head = "".join(f"<th>{escape(name)}</th>" for name, _ in table.columns)
        body = "".join(
            f"<tr><th>{symbol.html()}</th>{''.join(f'<td>{_number(v)}</td>' for v in values)}</tr>"
            for symbol, values in rows
        )
        parts.append(
            f"<table><caption>{escape(table.title)}</caption>"
            f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        parts += [f"<p>{more}</p>"] if more else []
    return "\n".join([*parts, f"<p>{_verdict(traced)}</p>"])
