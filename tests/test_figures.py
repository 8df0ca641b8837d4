"""Properties of all figures, and the contents of each."""

import numpy as np
import pytest

import lamina
from drawn_models import network, pictures, recurrent
from lamina import inference, layers, plot

pytestmark = pytest.mark.usefixtures("plt")
RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 2))
LABELS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 1)
TRUE, FOUND = RNG.normal(size=40), RNG.normal(size=40)


def product(x):
    return np.stack([x[:, 0] * x[:, 1], x[:, 0]], axis=1)


def double_descent():
    x, grid = np.linspace(-3, 3, 12), np.linspace(-3, 3, 50)
    wanted = np.sin(x) + 0.3 * RNG.normal(size=12)
    return lamina.complexity_path("natural_spline", x, wanted, (grid, np.sin(grid)))


def compared():
    """A table with the columns that compare_baselines returns."""
    columns = {
        "model": ["network", "constant", "lasso"],
        "difference": [np.nan, 1.0, -0.2],
        "lower": [np.nan, 0.5, -0.6],
        "upper": [np.nan, 1.5, 0.2],
    }
    table = lamina.utils.Columns(columns)
    table.measure = "mae"
    return table


FIGURES = {
    "ale": lambda **o: plot.ale(product, X, 0, **o),
    "attribution": lambda **o: plot.attribution(
        inference.integrated_gradients(pictures(), np.eye(9).reshape(1, 9, 9, 1), 0),
        np.eye(9).reshape(1, 9, 9, 1), **o
    ),
    "backpropagation": lambda **o: plot.backpropagation(
        lamina.trace(network(1, None), X[0], 1.0), **o
    ),
    "baselines": lambda **o: plot.baselines(compared(), **o),
    "complexity_path": lambda **o: plot.complexity_path(double_descent(), **o),
    "fitted_curves": lambda **o: plot.fitted_curves(double_descent(), **o),
    "importance": lambda **o: plot.importance(inference.olden(network(1, None)), **o),
    "lekprofile": lambda **o: plot.lekprofile(product, X, steps=5, **o),
    "partial_dependence": lambda **o: plot.partial_dependence(product, X, 1, kind="both", **o),
    "calibration": lambda **o: plot.calibration(TRUE > 0, 1 / (1 + np.exp(-TRUE)), **o),
    "confusion_matrix": lambda **o: plot.confusion_matrix(LABELS, LABELS[::-1], **o),
    "decision_boundary": lambda **o: plot.decision_boundary(
        network(3), X, LABELS, grid=30, class_names=["a", "b", "c"], **o
    ),
    "feature_maps": lambda **o: plot.feature_maps(pictures(), np.eye(9), **o),
    "filters": lambda **o: plot.filters(pictures(), **o),
    "first_layer": lambda **o: plot.first_layer(network(), image_shape=(1, 2), **o),
    "images": lambda **o: plot.images(RNG.uniform(size=(5, 9, 7)), ["a shoe"] * 5, **o),
    "intervals": lambda **o: plot.intervals(FOUND, FOUND - 1, FOUND + 1, y=TRUE, **o),
    "learning_curves": lambda **o: plot.learning_curves({"loss": [2.0, 1.0], "mae": [1, 2]}, **o),
    "plotnet": lambda **o: plot.plotnet(network(), ["systolic pressure", "age"], **o),
    "residuals": lambda **o: plot.residuals(TRUE, FOUND, **o),
    "unrolled": lambda **o: plot.unrolled(recurrent(9), **o),
}  # fmt: skip


def first(drawn):
    return np.ravel(drawn)[0]


def texts_of(figure):
    from matplotlib.text import Text

    return [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_clipped(name, plt, tmp_path):
    axes = first(FIGURES[name](path=tmp_path / "figure.png"))
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    figure = axes.figure
    assert plt.gcf() is figure
    figure.canvas.draw()
    whole = figure.bbox
    for text in texts_of(figure):
        box = text.get_window_extent()
        if text.axes is not None and not text.get_clip_on():
            assert min(box.x0, box.y0) >= -1, text.get_text()
            assert box.x1 <= whole.x1 + 1, text.get_text()
            assert box.y1 <= whole.y1 + 1, text.get_text()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_where_the_caller_says(name, plt):
    before = dict(plt.rcParams)
    figure, (left, right) = plt.subplots(1, 2)
    drawn = np.ravel(FIGURES[name](ax=right))
    assert all(axes.figure is figure for axes in drawn)
    assert not left.has_data()
    assert len(plt.get_fignums()) == 1
    assert dict(plt.rcParams) == before
    with pytest.raises(TypeError, match=f"{name}: ax must be an Axes of matplotlib"):
        FIGURES[name](ax=figure)


def test_every_figure_is_among_the_cases():
    assert set(plot.__all__) == {*FIGURES, "learning_rate_range"}


# --- one by one


def test_counts_of_a_confusion_matrix():
    probabilities = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]
    ax = plot.confusion_matrix([0, 1, 0], probabilities, labels=["no", "yes"])
    assert [t.get_text() for t in ax.texts] == ["1", "1", "0", "1"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["no", "yes"]
    shares = plot.confusion_matrix(["b", "a", "b"], ["b", "b", "b"], normalize="true")
    np.testing.assert_array_equal(shares.images[0].get_array(), [[0, 1], [0, 1]])
    weighted = plot.confusion_matrix([0, 1], [0.4, 0.6], sample_weight=[2.0, 0.5])
    np.testing.assert_array_equal(weighted.images[0].get_array(), [[2, 0], [0, 0.5]])


def test_calibration_is_that_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.calibration")
    p = RNG.uniform(size=500)
    y = (RNG.uniform(size=500) < p).astype(int)
    for strategy in ("uniform", "quantile"):
        share, mean = sklearn.calibration_curve(y, p, n_bins=8, strategy=strategy)
        drawn = plot.calibration(y, p, 8, strategy).lines[1]
        np.testing.assert_allclose(drawn.get_xdata(), mean)
        np.testing.assert_allclose(drawn.get_ydata(), share)


def test_calibration_of_named_classes():
    p = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
    names = ["ant", "bee", "cat", "bee"]
    drawn = plot.calibration(names, p, 4).lines[1]
    np.testing.assert_allclose(drawn.get_ydata(), [2 / 3, 1])  # 0.5 to 0.75: right, right, wrong
    numbered = plot.calibration([0, 1, 2, 1], p, 4).lines[1]
    np.testing.assert_array_equal(numbered.get_xydata(), drawn.get_xydata())
    with pytest.raises(ValueError, match="labels must name the classes of the 3 columns"):
        plot.calibration(["ant", "bee", "bee", "ant"], p)


def test_wilsons_interval():
    from lamina.plot.calibration import binned

    stats = pytest.importorskip("scipy.stats")
    happened = np.repeat([1.0, 0.0], [7, 13])
    ((n, _, share, low, high),) = binned(happened, np.full(20, 0.4), np.array([0.0, 1.0]))
    wanted = stats.binomtest(7, 20).proportion_ci(0.95, method="wilson")
    assert (n, share) == (20, 0.35)
    np.testing.assert_allclose([low, high], [wanted.low, wanted.high], rtol=1e-9)


def test_residuals_against_normal_quantiles():
    stats = pytest.importorskip("scipy.stats")
    from lamina.plot.residuals import normal_quantiles

    quantiles, scaled = normal_quantiles(TRUE - FOUND)
    ranks = stats.rankdata(TRUE - FOUND)
    np.testing.assert_allclose(quantiles, stats.norm.ppf((ranks - 0.375) / 40.25), rtol=1e-9)
    np.testing.assert_allclose(scaled, stats.zscore(TRUE - FOUND, ddof=1), rtol=1e-12)
    ax = plot.residuals(TRUE, FOUND, label_rows=2)
    largest = np.argsort(-np.abs(TRUE - FOUND))[:2]
    assert [t.get_text() for t in ax.texts] == [str(i) for i in largest]
    near = plot.residuals([9.0, 9.1, 0.0, 0.1], [0.0, 0.0, 0.0, 5.0])
    assert [t.get_text() for t in near.texts] == ["1, 0", "3"]


def test_intervals_say_how_many_observations_are_within():
    ax = plot.intervals(np.zeros(4), -np.ones(4), np.ones(4), y=[0, 2, 1, -3], x=[4, 3, 2, 1])
    assert ax.get_title() == "2 of 4 observations within (50 %)"
    outside = next(line for line in ax.lines if line.get_label() == "outside")
    np.testing.assert_array_equal(outside.get_xdata(), [1, 3])
    bounds = np.zeros((5, 1)), -np.ones((5, 1)), np.ones((5, 1))
    assert len(plot.intervals(bounds).collections) == 1


def test_a_title_stands_above_the_legend():
    ax = plot.intervals(FOUND, FOUND - 1, FOUND + 1, y=TRUE)
    ax.figure.canvas.draw()
    title, legend = (a.get_window_extent() for a in (ax.title, ax.get_legend()))
    assert legend.y1 <= title.y0
    assert title.y1 <= ax.figure.bbox.height


def test_columns_of_frames_name_the_axes():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"dose": np.arange(40.0), "risk": TRUE})
    ax = plot.intervals(FOUND, FOUND - 1, FOUND + 1, x=frame["dose"], y=frame["risk"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("dose", "risk")
    ax = plot.intervals(FOUND, FOUND - 1, FOUND + 1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rows, by prediction", "value")


def test_what_one_panel_or_one_value_shows():
    ax = plot.lekprofile(lambda x: x[:, 0] * x[:, 1], X, xsel=[0], steps=3)
    assert ax.get_legend().get_title().get_text() == "others at"
    constant = np.column_stack([X[:, :1], np.ones(len(X))])
    ax = plot.partial_dependence(lambda x: x[:, 0] * x[:, 1], constant, 1)
    assert ax.lines[0].get_marker() == "o"
    same = plot.residuals(np.ones(4), np.ones(4))
    assert [t.get_text() for t in same.texts] == ["0, 1, 2"]


def test_categories_are_points_in_their_order():
    pandas = pytest.importorskip("pandas")
    kind = pandas.Categorical(["low", "top", "mid", "low"], ["low", "mid", "top", "none"])
    ax = plot.partial_dependence(
        lambda t: np.asarray(t["kind"] == "mid") * 1.0, pandas.DataFrame({"kind": kind}), "kind"
    )
    assert (ax.lines[0].get_linestyle(), ax.lines[0].get_marker()) == ("None", "o")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["low", "mid", "top"]
    assert ax.lines[0].get_ydata().tolist() == [0.0, 1.0, 0.0]


def test_profiles_and_dependence_are_those_of_inference():
    profile = inference.lekprofile(product, X, steps=5, group_vals=[0.0, 1.0])
    drawn = plot.lekprofile(profile)
    assert drawn.shape == (2, 2)
    values, responses = profile.curve("x2", "o1", profile.group_names[1])
    np.testing.assert_array_equal(drawn[0, 1].lines[1].get_xydata(), np.c_[values, responses])
    assert [t.get_text() for t in drawn[0, 0].figure.legends[0].get_texts()] == profile.group_names
    held = plot.lekprofile(profile, group_show=True).images[0].get_array()
    np.testing.assert_array_equal(held, [[0, 0], [1, 1]])
    one = plot.lekprofile(lambda x: x[:, 0], X, "x1", steps=4)
    assert one.get_ylabel() == "response"

    found = inference.partial_dependence(product, X, 0, kind="both")
    ax = plot.partial_dependence(found, output="o2")
    np.testing.assert_array_equal(ax.lines[3].get_ydata(), found.individual[1, 3])
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), found.average[1])
    two = plot.partial_dependence(product, X, (0, 1), grid_resolution=8)
    assert (two.get_xlabel(), two.get_ylabel()) == ("x1", "x2")
    effects = inference.ale(product, X, 0)
    np.testing.assert_array_equal(plot.ale(effects).lines[1].get_ydata(), effects.effects[0])
    plot.ale(inference.ale(product, X, (0, 1)))


def test_bars_are_importances_the_largest_on_top():
    found = inference.permutation_importance(
        lambda x: 3 * x[:, 0] - x[:, 1], X, 3 * X[:, 0] - X[:, 1], scoring=None
    )
    ax = plot.importance(found)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["x2", "x1"]
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, found.importances_mean[::-1])
    assert len(plot.importance(found, max_inputs=1).patches) == 1


def test_attributions_of_series_and_tables():
    table = inference.saliency(network(1, None), X[:2])
    bars = plot.attribution(table, row=1).patches
    np.testing.assert_allclose([b.get_width() for b in bars], table.values[1, ::-1])
    series = lamina.Sequential([lamina.Input((6, 2)), layers.SimpleRNN(3), layers.Dense(1)])
    steps = RNG.normal(size=(1, 6, 2)).astype("float32")
    found = inference.integrated_gradients(series, steps)
    heights = [b.get_height() for b in plot.attribution(found, steps).patches]
    np.testing.assert_allclose(heights, found.values[0].sum(axis=1))


def test_a_path_marks_the_training_rows_and_the_least_test_error():
    found = double_descent()
    ax = plot.complexity_path(found)
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), found["test_error"])
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    best = found["test_error"].argmin()
    least = f"least: {found['test_error'].min():.3g} at {found['complexity'][best]:.4g}"
    assert texts == ["training", "test", "12 training rows", least]


def test_a_figure_is_as_large_as_the_caller_s_style_says(plt):
    with plt.rc_context({"figure.figsize": (9, 3)}):
        drawn = plot.complexity_path(double_descent())
        assert drawn.figure.get_size_inches().tolist() == [9, 3]
    assert plot.complexity_path(double_descent()).figure.get_size_inches().tolist() == [5.5, 4]


def test_several_paths_are_drawn_as_medians_and_quartiles():
    paths = [double_descent() for _ in range(5)]
    ax = plot.complexity_path(paths)
    every = np.array([path["test_error"] for path in paths])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), np.median(every, axis=0))
    edge = ax.collections[1].get_paths()[0].vertices[:, 1]
    for share in (0.25, 0.75):
        assert np.isin(np.quantile(every, share, axis=0), edge).all()
    by_units = lamina.complexity_path(
        lambda units: network(1, "tanh"), X, X[:, 0], (X, X[:, 0]), [40, 90], epochs=1, verbose=0
    )
    texts = [t.get_text() for t in plot.complexity_path(by_units).get_legend().get_texts()]
    assert not [text for text in texts if "training rows" in text]  # units are no parameters


def test_curves_are_what_the_fits_predict():
    path = double_descent()
    _, y = path.training_data
    panels = plot.fitted_curves(path, [4, 12, 40], function=np.cos)
    assert [ax.get_title() for ax in panels] == [f"{d} degrees of freedom" for d in (4, 12, 40)]
    for ax, size in zip(panels, (4, 12, 40), strict=True):
        curve, true, rows = ax.lines
        at = curve.get_xdata()
        np.testing.assert_allclose(curve.get_ydata(), path.predict(size, at)[:, 0])
        np.testing.assert_array_equal(true.get_ydata(), np.cos(at))
        np.testing.assert_array_equal(rows.get_ydata(), y)
    assert len(panels[0].figure.axes) == 4  # of which one stays empty
    assert not panels[0].figure.axes[3].axison


@pytest.mark.parametrize(
    ("sizes", "text"),
    [(4, "sizes must be a list of sizes; got 4"), ([4.5], "sizes must be an integer >= 0; got 4.5"),
     ([99], "size must be one that was fitted")],
)  # fmt: skip
def test_sizes_of_curves_are_those_that_were_fitted(sizes, text):
    with pytest.raises((TypeError, ValueError), match=f"^fitted_curves: {text}"):
        plot.fitted_curves(double_descent(), sizes)


def test_baselines_are_drawn_with_their_intervals():
    ax = plot.baselines(compared(), ["lasso", "constant"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["lasso", "constant"]
    lasso, constant = ax.containers
    assert (lasso[0].get_xdata()[0], constant[0].get_xdata()[0]) == (-0.2, 1.0)
    np.testing.assert_allclose(lasso[2][0].get_segments()[0][:, 0], [-0.6, 0.2])
    assert lasso[0].get_markerfacecolor() == "white"  # holds 0
    assert constant[0].get_markerfacecolor() != "white"


def test_regions_are_the_models():
    model = network(1, "sigmoid")
    ax = plot.decision_boundary(model, X, grid=20)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x1", "x2")
    low, high = ax.get_xlim()
    assert low < X[:, 0].min() < X[:, 0].max() < high
    pandas = pytest.importorskip("pandas")
    seen = []

    class Asked:
        def predict(self, table):
            seen.append(list(table.columns))
            return np.asarray(table["age"])

    frame = pandas.DataFrame({"dose": X[:, 0], "age": X[:, 1]})
    named = plot.decision_boundary(Asked(), frame, features=("age", "dose"), grid=5)
    assert (named.get_xlabel(), named.get_ylabel(), seen[0]) == ("age", "dose", ["dose", "age"])
    regression = network(1, None)
    plot.decision_boundary(regression, X, TRUE[:1].repeat(60) + X[:, 0], grid=10)


class Stripes:
    """A classifier of several classes, side by side along the first feature."""

    def __init__(self, count):
        self.count = count

    def predict_proba(self, rows):
        place = np.clip((rows[:, 0] * self.count).astype(int), 0, self.count - 1)
        return np.eye(self.count)[place]


@pytest.mark.parametrize(("count", "apart"), [(3, 9.9), (7, 4.0), (10, 2.5)])
def test_regions_differ_in_lightness_so_that_they_differ_in_grey(count, apart):
    ax = plot.decision_boundary(Stripes(count), [[0.0, 0.0], [1.0, 1.0]], grid=40)
    areas = next(each for each in ax.collections if each.get_array() is not None)
    rgb = areas.cmap(areas.norm(np.arange(count)))[:, :3]
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    luminance = 0.2126 * light[:, 0] + 0.7152 * light[:, 1] + 0.0722 * light[:, 2]
    lightness = 116.0 * np.cbrt(luminance) - 16.0  # CIE 1976 L*
    assert np.abs(np.diff(np.sort(lightness))).min() >= apart
    assert lightness.min() > 60.0  # black lines between areas are visible
    assert np.ptp(rgb, axis=1).min() > 0.05  # and no colour is grey


def test_regions_of_fits_of_formulas():
    pytest.importorskip("formulaic")
    data = {"u": X[:, 0], "v": X[:, 1]}
    kind = np.where(X.sum(axis=1) > 0, "hi", "lo")
    more = {"decay": 0.1, "trace": False}
    for fit in (
        lamina.nnet("kind ~ u + v", {**data, "kind": kind}, size=2, **more),
        lamina.nnet.multinom("kind ~ u + v", {**data, "kind": kind}, **more),
        lamina.nnet.avNNet("kind ~ u + v", {**data, "kind": kind}, size=2, repeats=2, **more),
    ):
        ax = plot.decision_boundary(fit, data, kind, grid=10)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("u", "v")


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: plot.importance(3),
            TypeError,
            "needs the result of garson, olden or permutation_importance",
        ),
        (lambda: plot.attribution(3), TypeError, "needs the result of saliency"),
        (lambda: plot.complexity_path({}), TypeError, "needs the result of lamina.complexity_path"),
        (lambda: plot.complexity_path([]), ValueError, "needs at least one path"),
        (lambda: plot.fitted_curves({}), TypeError, "needs the result of lamina.complexity_path"),
        (lambda: plot.fitted_curves(double_descent(), [99]), ValueError, "was fitted.*got 99"),
        (lambda: plot.fitted_curves(double_descent(), []), ValueError, "at least one"),
        (lambda: plot.baselines({}), TypeError, "needs the result of model.compare_baselines"),
        (lambda: plot.baselines(compared(), ["rigde"]), ValueError, "constant, lasso; got 'rigde'"),
        (lambda: plot.lekprofile(product, X, xsel="x9"), ValueError, "among x1, x2; got 'x9'"),
        (lambda: plot.ale(product, X, 0, output="o7"), ValueError, "among o1, o2; got 'o7'"),
        (lambda: plot.confusion_matrix([0], [0, 1]), ValueError, "same number.*got 1 and 2"),
        (lambda: plot.confusion_matrix([0], [0], normalize="rows"), ValueError, "got 'rows'"),
        (lambda: plot.confusion_matrix(["a"], ["b"], labels=["a"]), ValueError, "'b' is not among"),
        (lambda: plot.calibration([0, 1], [0.5, 1.5]), ValueError, "from 0 to 1; got 0.5 to 1.5"),
        (lambda: plot.calibration([0, 2], [0.5, 0.5]), ValueError, "must be 0 or 1"),
        (lambda: plot.calibration([1], [0.5], strategy="wide"), ValueError, "got 'wide'"),
        (lambda: plot.residuals([1.0], [1.0], "box"), ValueError, "got 'box'"),
        (lambda: plot.residuals(np.ones((2, 2)), [1.0]), ValueError, r"got \(2, 2\)"),
        (lambda: plot.residuals(network(), X, TRUE), TypeError, "y_true must hold numbers"),
        (lambda: plot.residuals([1.0], [1.0], np.ones(3)), ValueError, "kind must be one of"),
        (lambda: plot.intervals(network(), X, TRUE), TypeError, "prediction must hold numbers"),
        (lambda: plot.intervals([1.0], [0.0]), ValueError, "needs prediction, lower and upper"),
        (lambda: plot.intervals([1.0], [0.0], [1, 2]), ValueError, "upper must have as many rows"),
        (lambda: plot.filters(network()), ValueError, "must have a two-dimensional convolution"),
        (lambda: plot.filters(pictures(), "dense"), ValueError, "dense is not"),
        (lambda: plot.filters(pictures(), "conv9"), ValueError, "got 'conv9'"),
        (lambda: plot.filters(pictures(), channel=1), ValueError, "below 1; got 1"),
        (lambda: plot.plotnet(pictures()), ValueError, "plotnet: "),
        (lambda: plot.plotnet([1.0], struct=[1, 1]), ValueError, r"\(2,\); got \(1,\)"),
        (lambda: plot.plotnet(network(), ["a"]), ValueError, "x_names must have 2 names"),
        (lambda: plot.plotnet(network(), all_in="z"), ValueError, "among x1, x2; got 'z'"),
        (lambda: plot.plotnet(network(), max_units=1), ValueError, "max_units must be an integer"),
        (lambda: plot.plotnet(network(), node_labs=["$x_{%d}$"]), ValueError, "each of the"),
        (lambda: plot.plotnet(network(), layer_names="in"), ValueError, "each of the"),
        (
            lambda: plot.plotnet(network(), node_labs=["a", "b", ["c"] * 3]),
            ValueError,
            "labels for layer 2; got 3",
        ),
        (lambda: plot.decision_boundary(network(), X, features=(0, 2)), ValueError, "below 2"),
        (lambda: plot.unrolled(network()), ValueError, "must have a recurrent layer"),
        (lambda: plot.unrolled(recurrent(3), max_steps=3), ValueError, "max_steps"),
        (lambda: plot.unrolled(lamina.Sequential([layers.GRU(2)])), ValueError, "give .* an Input"),
        (lambda: plot.learning_curves({"loss": [1]}, metrics="f1"), ValueError, "got 'f1'"),
    ],
)
def test_bad_input(call, error, text, plt):
    with pytest.raises(error, match=text):
        call()
    assert plt.get_fignums() == []
