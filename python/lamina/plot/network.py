"""The units of a network and the weights between them: the figure of R's NeuralNetTools."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "plotnet"
BETWEEN = 2.4  # inches from layer to layer
EACH = 0.52  # inches from unit to unit


@dataclass
class Edge:
    """A weight between two units, or between a bias and a unit."""

    start: tuple[float, float]
    end: tuple[float, float]
    weight: float
    skips: bool  # whether it leads past a layer
    source: int | None  # number of the unit; None for a bias
    target: int


@answering_calls
def plotnet(
    model: Any,
    x_names: Sequence[str] | None = None,
    y_names: Sequence[str] | None = None,
    path: Path = None,
    *,
    struct: Sequence[int] | None = None,
    nid: bool = True,
    all_out: bool | str | Sequence[str] = True,
    all_in: bool | str | Sequence[str] = True,
    bias: bool = True,
    bias_y: float | None = None,
    rel_rsc: tuple[float, float] | None = None,
    circle_cex: float = 1.0,
    node_labs: bool = True,
    var_labs: bool = True,
    line_stag: float | None = None,
    cex_val: float = 1.0,
    alpha_val: float = 1.0,
    circle_col: str | Sequence[str] = "lightgrey",
    pos_col: str = "black",
    neg_col: str = "#9A9A9A",
    bord_col: str = "black",
    max_sp: bool = False,
    pad_x: float = 1.0,
    prune_col: str | None = None,
    prune_lty: Any = "dashed",
    skip: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network of dense layers: circles for units, lines for weights.

    Inputs stand on the left, hidden units in the middle, outputs on the right, and biases (B1, B2,
    ...) above.  The wider a line the larger its weight's magnitude; positive weights are black,
    negative ones grey and dashed.  The arguments are those of ``plotnet`` in R's NeuralNetTools
    (Beck 2018, Journal of Statistical Software 85(11)).

    Parameters
    ----------
    model : Model, ``lamina.nnet`` fit, fitted estimator, or array_like
        Whatever ``lamina.inference.connections`` reads: dense layers with skip connections through
        ``Add`` and ``Concatenate``; fits of ``lamina.nnet``, skip layers included; estimators with
        ``coefs_`` and ``intercepts_`` or a ``model_``.  Or a vector of weights with `struct`.
    x_names, y_names : sequence of str, optional
        Names of inputs and outputs.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    struct : sequence of int, optional
        Units of each layer, inputs first, for a vector of weights in the order of R's ``wts``: for
        each unit its bias and the weights of the units before it.
    nid : bool, default True
        Whether widths and colours follow the weights; False draws thin black lines.
    all_out, all_in : bool, str or sequence of str, default True
        The outputs, and inputs, whose lines are drawn: all, none, or those named.
    bias : bool, default True
        Whether biases are drawn, in networks that have any.
    bias_y : float, optional
        Their height: 1 is the top of the tallest layer; by default a little above.
    rel_rsc : (float, float), optional
        Widths, in points, of the smallest and the largest weight; by default up to (0.6, 5.0), less
        where there are many lines.
    circle_cex : float, default 1.0
        Size of the circles, relative to one that suits the number of units.
    node_labs, var_labs : bool, default True
        Whether units are labelled I1, H1, O1, B1, ..., and inputs and outputs with their names.
    line_stag : float, optional
        How far from the units' middles lines begin and end, in distances between layers; by
        default they go from middle to middle, behind the circles.
    cex_val : float, default 1.0
        Size of the labels, relative to the default.
    alpha_val : float, default 1.0
        Opacity of the lines.
    circle_col : str or (str, str), default "lightgrey"
        Colour of the circles; with two, of the inputs and of the others.
    pos_col, neg_col, bord_col : str
        Colours of positive and negative weights, and of the circles' borders.
    max_sp : bool, default False
        Whether the units of each layer spread over the whole height.
    pad_x : float, default 1.0
        Distance between layers, relative to the default.
    prune_col : str, optional
        Colour of weights that are exactly 0, drawn thin with dashes `prune_lty`; not drawn if None.
    prune_lty : str, default "dashed"
    skip : bool, optional
        True draws skip connections alone, False leaves them out; by default all lines are drawn.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's, as large as the network asks for, if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the model is not made of dense layers, or names or weights do not fit it.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, "sigmoid"),
    ...                            lamina.layers.Dense(1)])
    >>> ax = lamina.plot.plotnet(model, ["age", "dose"], ["risk"])
    >>> sorted(text.get_text() for text in ax.texts)
    ['B1', 'B2', 'H1', 'H2', 'H3', 'I1', 'I2', 'O1', 'age', 'dose', 'risk']
    """
    from lamina.inference import connections

    given = model if struct is None else _of_weights(model, struct)
    net = connections(given, x_names, y_names, who=WHO)
    drawing = Drawing(net, max_sp, bias and any(la.bias is not None for la in net.layers), bias_y)
    kept = [
        edge for edge in drawing.edges
        if skip in (None, edge.skips)
        and (edge.source not in net.inputs or _is_wanted("all_in", all_in, net, edge.source))
        and (edge.target not in net.outputs or _is_wanted("all_out", all_out, net, edge.target))
    ]  # fmt: skip
    most = min(5.0, 60.0 / max(len(kept), 1) ** 0.5)
    low, high = (0.12 * most, most) if rel_rsc is None else rel_rsc
    if not 0 < low <= high:
        raise ValueError(f"{WHO}: rel_rsc must be two widths, the smaller first; got {rel_rsc!r}")
    lines = _Lines(nid, pos_col, neg_col, prune_col, prune_lty, (low, high), alpha_val,
                   line_stag or 0.0)  # fmt: skip
    circles = (circle_col, circle_col) if isinstance(circle_col, str) else tuple(circle_col)

    def draw(axes: Axes) -> None:
        lines.draw(axes, kept)
        drawing.draw_units(axes, circle_cex, circles, bord_col, cex_val if node_labs else 0.0)
        if var_labs:
            drawing.draw_names(axes, cex_val)
        drawing.frame(axes)

    width = BETWEEN * _check.number(WHO, "pad_x", pad_x, 0.1, 10.0) * drawing.last + 2.2
    size = min(max(width, 4.0), 16.0), min(max(EACH * drawing.tallest + 1.0, 3.2), 14.0)
    return on_axes(WHO, draw, ax, path, size)


class Drawing:
    """Where the units and biases of a network stand, and the lines between them."""

    def __init__(self, net: Any, spread: bool, biases: bool, bias_y: float | None) -> None:
        self.net = net
        self.last = max(net.depth)
        layers = [[i for i, d in enumerate(net.depth) if d == k] for k in range(self.last + 1)]
        self.layers = layers
        self.tallest = max(map(len, layers)) + (1.5 if biases else 0.0)
        top = max(map(len, layers)) - 1.0
        self.places: dict[int, tuple[float, float]] = {}
        for depth, units in enumerate(layers):
            step = top / (len(units) - 1) if spread and len(units) > 1 else 1.0
            middle = (len(units) - 1) / 2
            for place, unit in enumerate(units):
                self.places[unit] = (float(depth), top / 2 + (middle - place) * step)
        above = top + 1.2 if bias_y is None else bias_y * (top or 1.0)
        self.biases: dict[int, tuple[float, float]] = {}  # by the depth of what they lead to
        self.edges: list[Edge] = []
        for layer in net.layers:
            self._add(layer, above if biases else None)

    def _add(self, layer: Any, above: float | None) -> None:
        depth = self.net.depth
        for i, source in enumerate(layer.sources):
            for j, target in enumerate(layer.targets):
                skips = depth[target] - depth[source] > 1
                ends = self.places[source], self.places[target]
                self.edges.append(Edge(*ends, float(layer.kernel[i, j]), skips, source, target))
        if above is None or layer.bias is None:
            return
        for j, target in enumerate(layer.targets):
            at = self.biases.setdefault(depth[target], (depth[target] - 0.5, above))
            self.edges.append(
                Edge(at, self.places[target], float(layer.bias[j]), False, None, target)
            )

    def labels(self) -> list[tuple[tuple[float, float], str, bool]]:
        """Return place, label and whether it is an input, of each circle."""
        made = []
        inputs, outputs = set(self.net.inputs), set(self.net.outputs)
        counts = {"I": 0, "H": 0, "O": 0}
        for units in self.layers:
            for unit in units:
                kind = "I" if unit in inputs else "O" if unit in outputs else "H"
                counts[kind] += 1
                made.append((self.places[unit], f"{kind}{counts[kind]}", kind == "I"))
        for place, depth in enumerate(sorted(self.biases)):
            made.append((self.biases[depth], f"B{place + 1}", False))
        return made

    def draw_units(
        self, axes: Axes, size: float, colours: Sequence[str], border: str, text: float
    ) -> None:
        """Draw circles, of a size at which neighbours do not touch, with their labels."""
        points = min(18.0, 400.0 / max(self.tallest, 1.0)) * size
        for (x, y), label, is_input in self.labels():
            axes.plot(
                [x], [y], "o", markersize=points + 8 * min(size, 1.0) * (points > 8),
                markerfacecolor=colours[0] if is_input else colours[-1], markeredgecolor=border,
                markeredgewidth=0.8, zorder=3, clip_on=False,
            )  # fmt: skip
            if text and points > 6:
                axes.text(x, y, label, ha="center", va="center", zorder=4,
                          fontsize=min(9.0, 0.5 * points + 1) * text)  # fmt: skip

    def draw_names(self, axes: Axes, size: float) -> None:
        """Write the names of inputs and outputs beside them."""
        points = min(10.0, 300.0 / max(self.tallest, 1.0)) * size
        for units, side, align in ((self.net.inputs, -1, "right"), (self.net.outputs, 1, "left")):
            for unit in units:
                x, y = self.places[unit]
                axes.annotate(
                    self.net.units[unit], (x, y), xytext=(side * 17, 0), ha=align, va="center",
                    textcoords="offset points", fontsize=points, parse_math=False,
                    annotation_clip=False,
                )  # fmt: skip

    def frame(self, axes: Axes) -> None:
        """Leave the axes out, and room for circles at the edges."""
        heights = [y for _, y in (*self.places.values(), *self.biases.values())]
        axes.set_axis_off()
        axes.set_xlim(-0.2, self.last + 0.2)
        axes.set_ylim(min(heights) - 0.6, max(heights) + 0.6)


@dataclass
class _Lines:
    by_weight: bool
    positive: str
    negative: str
    pruned: str | None
    pruned_dashes: Any
    widths: tuple[float, float]
    alpha: float
    stagger: float

    def draw(self, axes: Axes, edges: Sequence[Edge]) -> None:
        from matplotlib.collections import LineCollection

        sizes = np.array([abs(edge.weight) for edge in edges])
        largest = float(sizes.max(initial=0.0)) or 1.0
        low, high = self.widths
        order = np.argsort(sizes, kind="stable")  # the heaviest on top
        paths, colours, widths, dashes = [], [], [], []
        for edge in (edges[i] for i in order):
            if edge.weight == 0 and self.pruned is None:
                continue
            paths.append(_curve(edge, self.stagger))
            if edge.weight == 0:
                colours.append(self.pruned)
                widths.append(low)
                dashes.append(self.pruned_dashes)
                continue
            size = abs(edge.weight) / largest
            colours.append(self._colour(edge.weight))
            widths.append(low + (high - low) * size if self.by_weight else low)
            dashes.append("--" if self.by_weight and edge.weight < 0 else "-")
        axes.add_collection(
            LineCollection(
                paths, colors=colours, linewidths=widths, linestyles=dashes, alpha=self.alpha,
                zorder=1, capstyle="butt",
            )
        )  # fmt: skip

    def _colour(self, weight: float) -> str:
        if not self.by_weight:
            return "black"
        return self.positive if weight > 0 else self.negative


def _curve(edge: Edge, stagger: float) -> Array:
    """Return the points of a line: straight, or below the layers that it leads past."""
    start, end = np.array(edge.start), np.array(edge.end)
    along = np.linspace(0, 1, 25 if edge.skips else 2)[:, None]
    points: Array = start + along * (end - start)
    if edge.skips:
        points[:, 1] -= 1.6 * (along * (1 - along) * (end[0] - start[0]))[:, 0]
    if stagger:
        points[0] += stagger * (points[1] - points[0]) / np.linalg.norm(points[1] - points[0])
        points[-1] += stagger * (points[-2] - points[-1]) / np.linalg.norm(points[-2] - points[-1])
    return points


def _is_wanted(what: str, wanted: Any, net: Any, unit: Any) -> bool:
    if isinstance(wanted, (bool, np.bool_)):
        return bool(wanted)
    names = [wanted] if isinstance(wanted, str) else [str(name) for name in wanted]
    ends = net.inputs if what == "all_in" else net.outputs
    known = [net.units[i] for i in ends]
    for name in names:
        if name not in known:
            raise ValueError(f"{WHO}: {what} must be among {', '.join(known)}; got {name!r}")
    return net.units[unit] in names


def _of_weights(weights: Any, struct: Sequence[int]) -> Any:
    """Return what has ``coefs_`` and ``intercepts_`` made of a vector of weights as R keeps it."""
    sizes = [_check.integer(WHO, "struct", each) for each in struct]
    given = np.asarray(weights, np.float64)
    needed = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    if len(sizes) < 2 or given.shape != (needed,):
        raise ValueError(
            f"{WHO}: the weights of a network of {list(struct)} units must have shape "
            f"({needed},); got {given.shape}"
        )
    kernels, biases, begin = [], [], 0
    for before, behind in itertools.pairwise(sizes):
        block = given[begin : begin + (before + 1) * behind].reshape(behind, before + 1)
        biases.append(block[:, 0])
        kernels.append(block[:, 1:].T)
        begin += block.size
    return SimpleNamespace(coefs_=kernels, intercepts_=biases)
