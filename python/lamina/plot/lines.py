"""The lines of a drawn network: width for the size of a weight, colour and dashes for its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._check import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass
class Edge:
    """A weight between two units, or between a bias and a unit."""

    start: tuple[float, float]
    end: tuple[float, float]
    weight: float
    skips: bool  # whether it bypasses a layer
    source: int | None  # number of the unit; None for a bias
    target: int


@dataclass
class Lines:
    """How lines are drawn: their widths in points, colours and dashes."""

    by_weight: bool
    positive: str
    negative: str
    pruned: str | None
    pruned_dashes: Any
    widths: tuple[float, float]
    alpha: float
    stagger: float

    def draw(self, axes: Axes, edges: Sequence[Edge]) -> None:
        """Draw the lines in one collection, the heaviest on top."""
        from matplotlib.collections import LineCollection

        sizes = np.array([abs(edge.weight) for edge in edges])
        largest = float(sizes.max(initial=0.0)) or 1.0
        low, high = self.widths
        order = np.argsort(sizes, kind="stable")
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
    """Return the points of a line: straight, or below the layers that it bypasses."""
    start, end = np.array(edge.start), np.array(edge.end)
    along = np.linspace(0, 1, 25 if edge.skips else 2)[:, None]
    points: Array = start + along * (end - start)
    if edge.skips:
        points[:, 1] -= 1.6 * (along * (1 - along) * (end[0] - start[0]))[:, 0]
    if stagger:
        points[0] += stagger * (points[1] - points[0]) / np.linalg.norm(points[1] - points[0])
        points[-1] += stagger * (points[-2] - points[-1]) / np.linalg.norm(points[-2] - points[-1])
    return points
