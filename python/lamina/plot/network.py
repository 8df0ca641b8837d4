"""The units of a network and the weights between them: the figure of R's NeuralNetTools."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina.plot.figures import Path, on_axes
from lamina.plot.lines import Edge, Lines
from lamina.plot.style import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "plotnet"
BETWEEN = 2.4  # inches from layer to layer
EACH = 0.52  # inches from unit to unit


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
    node_labs: bool | Sequence[str | Sequence[str]] = True,
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
    max_units: int | None = None,
    layer_names: Sequence[str] | None = None,
    dropped: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw a network of dense layers: circles for units, lines for weights.

    Inputs stand on the left, hidden units in the middle, outputs on the right, and biases (B1, B2,
    ...) above.  The wider a line the larger its weight's magnitude; positive weights are black,
    negative ones grey and dashed.  The arguments are those of ``plotnet`` in R's NeuralNetTools
    (Beck 2018, Journal of Statistical Software 85(11)), and `max_units` and `layer_names`.
    Circles and labels grow with matplotlib's ``font.size``.

    Parameters
    ----------
    model : Model, ``lamina.nnet`` fit, fitted estimator, or array_like
        Whatever ``lamina.inference.connections`` reads: dense layers with skip connections through
        ``Add`` and ``Concatenate``; fits of ``nnet``, skip layers included, and of ``multinom``;
        estimators with ``coefs_`` and ``intercepts_`` or a ``model_``.  Or a vector of weights
        with `struct`.
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
    node_labs : bool or sequence, default True
        Whether units are labelled I1, H1, O1, B1, ...; or the labels of each layer, inputs first:
        a list of them, or one such as ``"$x_{%d}$"``, where the unit's number is put for ``%d``.
    var_labs : bool, default True
        Whether the names of inputs and outputs stand beside them.
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
    max_units : int, optional
        Units drawn of a layer, at most: of one with more the first ones, dots and the last.
    layer_names : sequence of str, optional
        What to write above each layer, inputs first.
    dropped : sequence of str, optional
        Units such as "I2" and "H3" that are drawn as dropout leaves them out: crossed out, and
        without their lines.
    ax : matplotlib Axes, optional
        Where to draw, with the layers at x = 0, 1, 2, ...; if not given, a new figure
        of pyplot's, as large as the network asks for.

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

    for name, value in (("bias_y", bias_y), ("circle_cex", circle_cex), ("cex_val", cex_val),
                        ("line_stag", line_stag), ("alpha_val", alpha_val)):  # fmt: skip
        if value is not None:
            _check.number(WHO, name, value, 0.0)
    given = model if struct is None else _of_weights(model, struct)
    net = connections(given, x_names, y_names, who=WHO)
    biases = bias and any(la.bias is not None for la in net.layers)
    drawing = Drawing(net, max_sp, biases, bias_y, max_units)
    labels = [] if isinstance(node_labs, bool) else drawing.of_layers("node_labs", node_labs)
    titles = [] if layer_names is None else drawing.of_layers("layer_names", layer_names)
    drawing.drop(dropped)
    kept = [
        edge for edge in drawing.edges
        if skip in (None, edge.skips)
        and (edge.source not in net.inputs or _is_wanted("all_in", all_in, net, edge.source))
        and (edge.target not in net.outputs or _is_wanted("all_out", all_out, net, edge.target))
        and not {edge.source, edge.target} & drawing.dropped
    ]  # fmt: skip
    most = min(5.0, 60.0 / max(len(kept), 1) ** 0.5)
    widths = (0.12 * most, most) if rel_rsc is None else rel_rsc
    pair = as_numbers(WHO, "rel_rsc", widths)
    low, high = pair.tolist() if pair.shape == (2,) else (0.0, 0.0)
    if not 0 < low <= high:
        raise ValueError(f"{WHO}: rel_rsc must be two widths, the smaller first; got {rel_rsc!r}")
    lines = Lines(nid, pos_col, neg_col, prune_col, prune_lty, (low, high), alpha_val,
                   line_stag or 0.0)  # fmt: skip
    circles = (circle_col, circle_col) if isinstance(circle_col, str) else tuple(circle_col)

    def draw(axes: Axes) -> None:
        lines.draw(axes, kept)
        shown = cex_val if node_labs is not False else 0.0
        drawing.draw_units(axes, circle_cex, circles, bord_col, shown, drawing.labels(labels))
        if var_labs:
            drawing.draw_names(axes, circle_cex, cex_val)
        drawing.frame(axes, titles)

    larger = _larger()
    between = BETWEEN * _check.number(WHO, "pad_x", pad_x, 0.1, 10.0) * (1 + larger) / 2
    height = EACH * (drawing.tallest + bool(titles)) * larger + 1.0
    size = min(max(between * drawing.last + 2.2 * larger, 4.0), 16.0), min(max(height, 3.2), 14.0)
    return on_axes(WHO, draw, ax, path, size)


class Circle(NamedTuple):
    """A unit or a bias as it is drawn."""

    place: tuple[float, float]
    label: str
    is_input: bool
    gone: bool


class Drawing:
    """Where the units and biases of a network stand, and the lines between them."""

    def __init__(
        self, net: Any, spread: bool, biases: bool, bias_y: float | None, most: int | None
    ) -> None:
        self.net = net
        self.last = max(net.depth)
        layers = [[i for i, d in enumerate(net.depth) if d == k] for k in range(self.last + 1)]
        self.layers = layers
        rows = [_shown(units, most) for units in layers]
        self.tallest = max(map(len, rows)) + (1.5 if biases else 0.0)
        top = max(map(len, rows)) - 1.0
        self.places: dict[int, tuple[float, float]] = {}  # of the units that are drawn
        self.dots: list[tuple[float, float]] = []  # where others would stand
        for depth, units in enumerate(rows):
            step = top / (len(units) - 1) if spread and len(units) > 1 else 1.0
            middle = (len(units) - 1) / 2
            for place, unit in enumerate(units):
                at = (float(depth), top / 2 + (middle - place) * step)
                if unit is None:
                    self.dots.append(at)
                else:
                    self.places[unit] = at
        above = top + 1.2 if bias_y is None else bias_y * (top or 1.0)
        self.biases: dict[int, tuple[float, float]] = {}  # by the depth of what they lead to
        self.edges: list[Edge] = []
        self.dropped: set[int | None] = set()
        for layer in net.layers:
            self._add(layer, above if biases else None)

    def _add(self, layer: Any, above: float | None) -> None:
        depth = self.net.depth
        drawn = [(j, target) for j, target in enumerate(layer.targets) if target in self.places]
        for i, source in enumerate(layer.sources):
            for j, target in drawn if source in self.places else ():
                skips = depth[target] - depth[source] > 1
                ends = self.places[source], self.places[target]
                self.edges.append(Edge(*ends, float(layer.kernel[i, j]), skips, source, target))
        if above is None or layer.bias is None:
            return
        for j, target in drawn:
            at = self.biases.setdefault(depth[target], (depth[target] - 0.5, above))
            self.edges.append(
                Edge(at, self.places[target], float(layer.bias[j]), False, None, target)
            )

    def of_layers(self, what: str, given: Any) -> list[Any]:
        """Return what is given for each layer."""
        if isinstance(given, str) or len(given) != self.last + 1:
            raise ValueError(
                f"{WHO}: {what} must have an entry for each of the {self.last + 1} layers, inputs "
                f"first; got {given!r}"
            )
        return list(given)

    def units(self) -> dict[str, int]:
        """Return all units by their usual labels."""
        found: dict[str, int] = {}
        inputs, outputs = set(self.net.inputs), set(self.net.outputs)
        counts = {"I": 0, "H": 0, "O": 0}
        for unit in itertools.chain.from_iterable(self.layers):
            kind = "I" if unit in inputs else "O" if unit in outputs else "H"
            counts[kind] += 1
            found[f"{kind}{counts[kind]}"] = unit
        return found

    def drop(self, labels: Sequence[str]) -> None:
        """Leave units out."""
        known = self.units()
        for label in [labels] if isinstance(labels, str) else labels:
            if label not in known:
                raise ValueError(f"{WHO}: dropped must be among {', '.join(known)}; got {label!r}")
            self.dropped.add(known[label])

    def labels(self, given: Sequence[Any]) -> list[Circle]:
        """Return each circle that is drawn, with its label."""
        usual = {unit: label for label, unit in self.units().items()}
        made = []
        for depth, units in enumerate(self.layers):
            own = _labels(given[depth], len(units), depth) if given else None
            for place, unit in enumerate(units):
                if unit in self.places:
                    label = usual[unit] if own is None else own[place]
                    is_input, gone = usual[unit].startswith("I"), unit in self.dropped
                    made.append(Circle(self.places[unit], label, is_input, gone))
        for place, depth in enumerate(sorted(self.biases)):
            made.append(Circle(self.biases[depth], f"B{place + 1}", False, False))
        return made

    def draw_units(
        self, axes: Axes, size: float, colours: Sequence[str], border: str, text: float,
        labels: Sequence[Circle],
    ) -> None:  # fmt: skip
        """Draw circles, of a size at which neighbours do not touch, with their labels."""
        points, larger = self._points(size), _larger()
        across = self._across(size)
        for (x, y), label, is_input, gone in labels:
            fill = "white" if gone else colours[0] if is_input else colours[-1]
            edge, width = (GREY, larger) if gone else (border, 0.8)
            axes.plot(
                [x], [y], "o", linestyle="", markersize=across, markerfacecolor=fill,
                markeredgecolor=edge, markeredgewidth=width, zorder=3, clip_on=False,
            )  # fmt: skip
            if gone:
                axes.plot([x], [y], "x", linestyle="", markersize=0.7 * across, zorder=3,
                          markeredgecolor=edge, markeredgewidth=width)  # fmt: skip
            elif text and points > 6:
                axes.text(x, y, label, ha="center", va="center", zorder=4,
                          fontsize=_fitting(label, points) * text * larger)  # fmt: skip
        for x, y in self.dots:
            axes.plot([x] * 3, [y - 0.2, y, y + 0.2], ".", linestyle="", markersize=5 * larger,
                      color=border, zorder=3)  # fmt: skip

    def _points(self, size: float) -> float:
        return min(18.0, 400.0 / max(self.tallest, 1.0)) * size

    def _across(self, size: float) -> float:
        """Return the diameter of circles of a size, in points."""
        points = self._points(size)
        return (points + 8 * min(size, 1.0) * (points > 8)) * _larger()

    def draw_names(self, axes: Axes, circles: float, size: float) -> None:
        """Write the names of inputs and outputs beside their circles."""
        points, larger = min(10.0, 300.0 / max(self.tallest, 1.0)) * size, _larger()
        away = self._across(circles) / 2 + 4 * larger
        for units, side, align in ((self.net.inputs, -1, "right"), (self.net.outputs, 1, "left")):
            for unit in (each for each in units if each in self.places):
                x, y = self.places[unit]
                axes.annotate(
                    self.net.units[unit], (x, y), xytext=(side * away, 0), ha=align,
                    va="center", textcoords="offset points", fontsize=points * larger,
                    parse_math=False, annotation_clip=False,
                )  # fmt: skip

    def frame(self, axes: Axes, titles: Sequence[str]) -> None:
        """Leave the axes out, and room for circles at the edges; write titles above the layers."""
        heights = [y for _, y in (*self.places.values(), *self.biases.values())]
        axes.set_axis_off()
        axes.set_xlim(-0.2, self.last + 0.2)
        axes.set_ylim(min(heights) - 0.6, max(heights) + (1.6 if titles else 0.6))
        for depth, title in enumerate(titles):
            axes.text(depth, max(heights) + 1.1, title, ha="center", va="center")


def _is_wanted(what: str, wanted: Any, net: Any, unit: Any) -> bool:
    if isinstance(wanted, (bool, np.bool_)):
        return bool(wanted)
    names = [wanted] if isinstance(wanted, str) else _check.names(WHO, what, wanted)
    ends = net.inputs if what == "all_in" else net.outputs
    known = [net.units[i] for i in ends]
    for name in names:
        if name not in known:
            raise ValueError(f"{WHO}: {what} must be among {', '.join(known)}; got {name!r}")
    return net.units[unit] in names


def _fitting(label: str, points: float) -> float:
    """Return a font size at which a label fits its circle; formulas are shorter than their text."""
    usual = min(9.0, 0.5 * points + 1)
    return usual if "$" in label else usual * min(1.0, 3.3 / max(len(label), 1))


def _shown(units: list[int], most: int | None) -> list[int | None]:
    """Return the units of a layer that are drawn, None in the place of those that are not."""
    if most is None or len(units) <= _check.integer(WHO, "max_units", most, 2):
        return [*units]
    return [*units[: most - 1], None, units[-1]]


def _labels(given: str | Sequence[Any], count: int, layer: int) -> list[str]:
    """Return the labels of a layer's units: as given, or numbered."""
    if isinstance(given, str):
        return [given.replace("%d", str(i + 1)) for i in range(count)]
    if len(given) != count:
        raise ValueError(
            f"{WHO}: node_labs must have {count} labels for layer {layer}; got {len(given)}"
        )
    return [str(label) for label in given]


def _larger() -> float:
    """Return how many times matplotlib's usual size text has."""
    from matplotlib import rcParams

    return float(rcParams["font.size"]) / 10.0


def _of_weights(weights: Any, struct: Sequence[int]) -> Any:
    """Return what has ``coefs_`` and ``intercepts_`` made of a vector of weights as R keeps it."""
    if not isinstance(struct, (Sequence, np.ndarray)) or isinstance(struct, str):
        raise TypeError(f"{WHO}: struct must be a list of units, such as [2, 3, 1]; got {struct!r}")
    sizes = [_check.integer(WHO, "struct", each) for each in struct]
    given = as_numbers(WHO, "model", weights).astype(np.float64)
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
