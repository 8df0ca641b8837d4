"""Where the units of a network stand, and how they are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina import _check
from lamina.plot.lines import Edge
from lamina.plot.style import GREY, SMALLEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "plotnet"


class Circle(NamedTuple):
    """A unit or a bias as it is drawn."""

    place: tuple[float, float]
    label: str
    is_input: bool
    gone: bool


class Drawing:
    """The positions of a network's units and biases, and the lines between them."""

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
        self.dots: list[tuple[float, float]] = []  # in place of the others
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
        self.biases: dict[int, tuple[float, float]] = {}  # by the depth that they lead to
        self.span = max(above, top) - min(above, 0.0) + 1.2 if biases else top + 1.2
        self.room: float | None = None  # points from unit to unit, if the axes are given
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
        """Return the value given for each layer."""
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
        """Draw circles with their labels, of a size at which neighbours do not touch."""
        points, larger = self._points(size), scale_of_text()
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

    def fit_into(self, height: float) -> None:
        """Draw circles and letters small enough for axes of a height in inches."""
        self.room = 72.0 * height / self.span

    def _points(self, size: float) -> float:
        most = min(18.0, 400.0 / max(self.tallest, 1.0))
        if self.room is not None:
            most = min(most, 0.62 * self.room / scale_of_text())
        return most * size

    def _across(self, size: float) -> float:
        """Return the diameter of circles of a given size, in points."""
        points = self._points(size)
        wider = points + 8 * min(size, 1.0) * (points > 8)
        if self.room is not None:
            wider = min(wider, 0.9 * self.room * size / scale_of_text())
        return wider * scale_of_text()

    def draw_names(self, axes: Axes, circles: float, size: float) -> None:
        """Write the names of inputs and outputs beside their circles."""
        points, larger = min(10.0, 300.0 / max(self.tallest, 1.0)) * size, scale_of_text()
        if self.room is not None:
            points = min(points, max(0.8 * self.room, SMALLEST) / larger)
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
        """Hide the axes, leave room for circles at the edges, and write titles above the layers."""
        heights = [y for _, y in (*self.places.values(), *self.biases.values())]
        axes.set_axis_off()
        axes.set_xlim(-0.2, self.last + 0.2)
        axes.set_ylim(min(heights) - 0.6, max(heights) + (1.6 if titles else 0.6))
        for depth, title in enumerate(titles):
            axes.text(depth, max(heights) + 1.1, title, ha="center", va="center")


def _fitting(label: str, points: float) -> float:
    """Return a font size at which a label fits its circle; formulas are shorter than their text."""
    usual = min(9.0, 0.5 * points + 1)
    return usual if "$" in label else usual * min(1.0, 3.3 / max(len(label), 1))


def _shown(units: list[int], most: int | None) -> list[int | None]:
    """Return the units of a layer that are drawn, with None for those that are not."""
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


def scale_of_text() -> float:
    """Return the size of text relative to Matplotlib's default."""
    from matplotlib import rcParams

    return float(rcParams["font.size"]) / 10.0
