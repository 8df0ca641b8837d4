"""Figures with many inputs, classes and groups, with long names, and in little room."""

import itertools
import sys

import numpy as np
import pytest

import lamina
from lamina import layers, plot
from lamina.plot.style import line, points
from test_figures import FIGURES, first, texts_of

pytestmark = pytest.mark.usefixtures("plt")
RNG = np.random.default_rng(7)
X = RNG.normal(size=(80, 7))
NAMES = [
    "per capita crime rate by town", "proportion of residential land", "average number of rooms",
    "weighted distance to employment centres", "full-value property-tax rate per $10,000",
    "pupil_teacher_ratio_by_town_and_by_year_of_survey", "a_b$c",
]  # fmt: skip
HUNDRED = np.arange(100)


def response(x):
    return np.tanh(x[:, 0]) + x[:, 1] * x[:, 3]


def network(*sizes):
    dense = [layers.Dense(size, "tanh") for size in sizes[1:]]
    return lamina.Sequential([lamina.Input((sizes[0],)), *dense], seed=1)


class Sectors:
    """A classifier of sectors around the origin."""

    def __init__(self, count):
        self.count = count

    def predict_proba(self, rows):
        turn = (np.arctan2(rows[:, 1], rows[:, 0]) + np.pi) / (2 * np.pi)
        return np.eye(self.count)[np.minimum((turn * self.count).astype(int), self.count - 1)]


SPECIES = [f"species number {i} of the genus" for i in range(10)]
CROWDED = {
    "profiles": lambda **o: plot.lekprofile(response, X, names=NAMES, steps=5, **o),
    "groups": lambda **o: plot.lekprofile(
        response, X, names=NAMES, group_vals=X[:8], group_show=True, **o
    ),
    "classes": lambda **o: plot.confusion_matrix(HUNDRED, HUNDRED[::-1], **o),
    "many classes": lambda **o: plot.confusion_matrix(np.arange(400), np.arange(400), **o),
    "named classes": lambda **o: plot.confusion_matrix(SPECIES, SPECIES[::-1], **o),
    "large counts": lambda **o: plot.confusion_matrix(
        [0, 1, 2], [0, 1, 2], sample_weight=[1e12, 1e12, 1e12], **o
    ),
    "network": lambda **o: plot.plotnet(network(7, 5, 1), NAMES, ["median value of homes"], **o),
    "deep": lambda **o: plot.plotnet(network(3, 4, 4, 4, 4, 4, 4, 1), NAMES[3:6], ["price"], **o),
    "regions": lambda **o: plot.decision_boundary(
        Sectors(10), X[:, :2], Sectors(10).predict_proba(X).argmax(axis=1), grid=40,
        class_names=SPECIES, **o
    ),
}  # fmt: skip


def boxes(figure):
    """Return the boxes of all texts that are drawn, those of ticks outside of the axes excluded."""
    figure.canvas.draw()
    drawn = figure.canvas.get_renderer()
    hidden = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in {*axis.get_major_ticks(), *axis.get_minor_ticks()}
        - set(axis._update_ticks() if axes.axison else ())
        for label in (tick.label1, tick.label2)
    }
    return {
        f"{text.get_text()} ({place})": text.get_window_extent(drawn)
        for place, text in enumerate(texts_of(figure))
        if id(text) not in hidden
    }


@pytest.mark.parametrize("name", CROWDED)
def test_no_text_is_clipped_or_on_another(name, tmp_path):
    figure = first(CROWDED[name](path=tmp_path / "figure.png")).figure
    found = boxes(figure)
    assert len(found) > 5
    for text, box in found.items():
        assert min(box.x0, box.y0) >= -1, text
        assert box.x1 <= figure.bbox.x1 + 1, text
        assert box.y1 <= figure.bbox.y1 + 1, text
    for (one, a), (other, b) in itertools.combinations(found.items(), 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        upwards = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, upwards) < 1.5, f"{one} is on {other}"


def test_long_names_leave_the_panels_their_size():
    ax = CROWDED["groups"]()
    ax.figure.canvas.draw()
    assert ax.get_window_extent().height > 0.2 * ax.figure.dpi * 8  # eight groups
    ax = CROWDED["network"]()
    ax.figure.canvas.draw()
    one, other = ax.transData.transform([[0, 0], [1, 0]])
    assert other[0] - one[0] > 2.0 * ax.figure.dpi


def test_the_legend_of_several_classes_hides_no_region():
    ax = CROWDED["regions"]()
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    assert [t.get_text() for t in legend.get_texts()] == SPECIES
    assert legend.get_window_extent().x0 >= ax.get_window_extent().x1 - 1


def test_names_of_classes_that_do_not_occur_are_not_given_to_others():
    y = np.where(X[:, 0] > 0, 2, 1)
    ax = plot.decision_boundary(Sectors(3), X[:, :2], y, grid=10, class_names=["a", "b", "c"])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["b", "c"]
    every = plot.decision_boundary(Sectors(3), X[:, :2], np.arange(80) % 3, grid=10)
    styles = [
        [each.get_facecolor().tolist() for each in drawn.collections if each.get_label()[0] != "_"]
        for drawn in (ax, every)
    ]
    assert styles[0] == styles[1][1:]  # in the colours of their regions


def test_styles_of_many_curves_and_points_differ():
    assert len({repr(line(place)) for place in range(49)}) == 49
    assert len({repr(points(place)) for place in range(49)}) == 49


def test_circles_of_a_network_do_not_touch_in_small_axes(plt):
    _, grid = plt.subplots(2, 2)
    ax = plot.plotnet(network(2, 20, 1), ax=grid[1, 1])
    ax.figure.canvas.draw()
    across = max(mark.get_markersize() for mark in ax.lines) * ax.figure.dpi / 72
    one, other = ax.transData.transform([[0, 0], [0, 1]])
    assert across < other[1] - one[1]
    wide = plot.plotnet(network(2, 3, 1))
    assert max(mark.get_markersize() for mark in wide.lines) == 26.0


def test_rows_and_counts_are_whole_numbers():
    middle = np.arange(3.0)
    ax = plot.intervals(middle, middle - 1, middle + 1)
    ax.figure.canvas.draw()
    assert (ax.get_xticks() % 1 == 0).all()
    ax = plot.confusion_matrix([0, 1, 1, 0], [0, 1, 0, 0])
    ax.figure.canvas.draw()
    bar = next(each for each in ax.figure.axes if each is not ax)
    assert (bar.get_yticks() % 1 == 0).all()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_names_the_extra_without_matplotlib(name, monkeypatch):
    for module in [each for each in sys.modules if each.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"{name}: needs matplotlib.*'lamina\[plot\]'"):
        FIGURES[name]()


def test_regions_of_a_function_in_other_units():
    ax = plot.decision_boundary(lambda x: x[:, 0] * 1e-6, X[:, :2] * [1e6, 1e-6], X[:, 0], grid=9)
    low, high = ax.get_xlim()
    assert low < X[:, 0].min() * 1e6 < X[:, 0].max() * 1e6 < high


GAP = np.where(np.arange(80) == 3, np.nan, X[:, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.residuals(GAP, X[:, 0]), "y_true must be finite; got nan at row 3"),
        (lambda: plot.residuals(X[:, 0], GAP), "y_pred must be finite; got nan at row 3"),
        (lambda: plot.confusion_matrix(["a", None], ["a", "b"]), "y_true .* row 1 has None"),
        (lambda: plot.confusion_matrix([0, 1], [0.2, np.nan]), "y_pred .* row 1 has nan"),
        (lambda: plot.confusion_matrix([0, 1], [0.2, 7.5]), "probabilities .*; got 0.2 to 7.5"),
        (
            lambda: plot.confusion_matrix([0, 1], [0, 1], sample_weight=[np.nan, 1]),
            "sample_weight must be finite and >= 0",
        ),
        (lambda: plot.intervals([], [], []), "at least one row; got none"),
        (lambda: plot.intervals([1.0], [2.0], [0.5]), "row 0 has 2 and 0.5"),
        (
            lambda: plot.decision_boundary(response, X[:, :4], ["a", None] * 40),
            "y must have a class or number for each row; row 1 has None",
        ),
        (
            lambda: plot.decision_boundary(
                response, X[:, :4], [1, 7] * 40, grid=4, class_names=["a", "b", "c"]
            ),
            "class_names must name the 2 classes of y, or all 8 from 0 to 7; got 3",
        ),
        (
            lambda: plot.decision_boundary(lambda x: x[:3, 0], X[:, :2], grid=4),
            r"an output for each of 16 rows; got an array of shape \(3,\)",
        ),
    ],
)
def test_values_that_cannot_be_drawn(call, message, plt):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


def test_what_is_not_observed_yet_is_not_outside():
    ax = plot.intervals(X[:, 0], X[:, 0] - 1, X[:, 0] + 1, y=GAP)
    assert ax.get_title() == "79 of 79 observations within (100 %)"
    assert plot.intervals([1.0], [0.0], [2.0], y=[np.nan]).get_title() == ""
