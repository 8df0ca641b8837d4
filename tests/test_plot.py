"""Figures: contents, display, errors."""

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import lamina
from lamina import plot
from lamina.layers import Conv2D, Dense, Flatten, Input


@pytest.fixture(autouse=True)
def plt():
    """Return pyplot, without a window and with no figure left open."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


def figure_of(drawn):
    return np.ravel(drawn)[0].figure


def fitted(metrics=("mae",), **options):
    model = lamina.Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse", metrics=list(metrics))
    x = np.linspace(-1, 1, 12)
    return model.fit(x, 2 * x, verbose=0, **options)


# --- learning curves


def test_learning_curves(tmp_path):
    history = {"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "accuracy": [0.5, 0.6]}
    loss, accuracy = plot.learning_curves(
        SimpleNamespace(history=history, epoch=[3, 4]), tmp_path / "c.svg"
    )
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    np.testing.assert_array_equal(loss.lines[1].get_xdata(), [4, 5])
    np.testing.assert_array_equal(accuracy.lines[0].get_ydata(), [0.5, 0.6])
    assert (tmp_path / "c.svg").exists()


def test_learning_curves_of_many_fits_and_estimators():
    pytest.importorskip("sklearn")
    x = np.random.default_rng(0).normal(size=(60, 2))
    side = x[:, 0] > 0
    net = lamina.sklearn.MLPClassifier((4,), max_iter=3, early_stopping=True, random_state=0)
    with pytest.warns(Warning, match="Maximum iterations"):
        net.fit(x, side)
    loss, accuracy = plot.learning_curves(net)
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), net.loss_curve_)
    assert [line.get_label() for line in accuracy.lines] == ["validation"]
    assert (accuracy.lines[0].get_ydata() == net.validation_scores_).all()
    model = lamina.Sequential([lamina.Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    fits = lamina.fit_many(model, x, x[:, 0], seeds=2, epochs=2, verbose=0)
    assert len(plot.learning_curves(fits.histories[1]).lines[0].get_ydata()) == 2
    net = lamina.sklearn.NeuralNetRegressor(model, epochs=2).fit(x, x[:, 0])
    assert plot.learning_curves(net).get_ylabel() == "loss"
    with pytest.raises(TypeError, match="a dictionary or a fitted estimator; got 3"):
        plot.learning_curves(3)


def test_a_history_draws_itself_where_pyplot_shows_it(plt, tmp_path):
    before = dict(plt.rcParams)
    other = plt.figure()
    history = fitted(epochs=3, validation_split=0.25)
    figure = history.plot(tmp_path / "curves.png", log=True)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert plt.gcf() is figure
    assert plt.fignum_exists(other.number)
    assert dict(plt.rcParams) == before
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "mae"]
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log"]
    assert history.plot().axes[0].get_yscale() == "linear"
    pickle.loads(pickle.dumps(figure))


def test_what_cannot_be_saved_leaves_no_figure(plt, tmp_path):
    with pytest.raises(ValueError, match="Format 'nothing' is not supported"):
        plot.learning_curves({"loss": [1.0]}, tmp_path / "c.nothing")
    assert plt.get_fignums() == []


def test_validation_stands_at_the_epochs_it_was_done_after():
    x = np.linspace(-1, 1, 12)
    history = fitted(epochs=7, initial_epoch=1, validation_data=(x, x), validation_freq=[3, 6])
    loss = history.plot().axes[0]
    np.testing.assert_array_equal(loss.lines[0].get_xdata(), [2, 3, 4, 5, 6, 7])
    np.testing.assert_array_equal(loss.lines[1].get_xdata(), [3, 6])
    known = {"loss": [3.0, 2.0, 1.0, 0.5, 0.4], "val_loss": [2.0, 1.0]}
    np.testing.assert_array_equal(plot.learning_curves(known).lines[1].get_xdata(), [2, 4])
    with pytest.raises(ValueError, match="'val_loss' has 3 values for 5 epochs"):
        plot.learning_curves({**known, "val_loss": [1.0, 2.0, 3.0]})


def stars(figure):
    return [
        tuple(axes.collections[0].get_offsets()[0]) if axes.collections else None
        for axes in figure.axes
    ]


def test_a_star_marks_the_best_epoch():
    nan = float("nan")
    columns = {
        "loss": [3.0, 2.0, 1.0], "val_loss": [nan, 1.5, 1.7],
        "accuracy": [0.1, 0.3, 0.2],
        "leaf1": [1.0, 2.0, 3.0],
        "auc": [nan, nan, nan],
        "val_f1": [0.5, 0.9, 0.1],
    }  # fmt: skip
    figure = figure_of(plot.learning_curves(columns))
    assert stars(figure) == [(2, 1.5), (2, 0.3), None, None, (2, 0.9)]
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == ["training", "validation", "best: 1.5, epoch 2"]
    assert figure.axes[4].lines[0].get_label() == "validation"
    # The metric decides, regardless of its name.
    gap = lamina.metrics.MeanMetricWrapper(lambda y, p: p[:, 0], "leaf1", direction="up")
    history = fitted([gap], epochs=4)
    assert stars(history.plot())[1][1] == max(history.history["leaf1"])


def test_columns_that_are_no_numbers_and_names_with_signs(tmp_path):
    columns = {
        "loss": [0.0, 1.0],
        "note": ["a", "b"],
        "pair": [[1, 2], [3, 4]],
        "$a$ $": [1, 2],
        "acc": [1, 2],
    }
    figure = figure_of(plot.learning_curves(columns, tmp_path / "c.png", log=True))
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "$a$ $", "acc"]
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log", "linear"]


def test_many_quantities_take_several_rows():
    figure = figure_of(plot.learning_curves({f"q{i}": [1.0] for i in range(7)}))
    assert {axes.get_gridspec().get_geometry() for axes in figure.axes} == {(3, 3)}


CELLS = (
    """
import numpy as np, lamina
from lamina.layers import Dense, Input
model = lamina.Sequential([Input((4,)), Dense(1)])
model.compile("sgd", "mse")
history = model.fit(np.eye(4), np.ones(4), verbose=0)
""",
    "history.plot()\nprint('more')",
    "history.plot()",
    "figure = history.plot()",
    "import matplotlib.pyplot as plt\nhistory.plot()\nplt.show()",
    "lamina.plot.first_layer(model)[0].figure",
    "figure",
    "lamina.utils.plot_model(model, __import__('tempfile').mkdtemp() + '/model.png', dpi=50)",
    "plt.get_fignums()",
)


def test_a_notebook_shows_a_figure_once(notebook):
    _, *outputs, numbers = notebook(*CELLS)
    images = [sum("image/png" in output.get("data", {}) for output in cell) for cell in outputs]
    assert images == [1, 1, 1, 1, 1, 1, 1]
    assert numbers[0].data["text/plain"] == "[]"


# --- first layer


def fake_model(*weights):
    layers = [SimpleNamespace(get_weights=lambda w=w: w, name="dense") for w in weights]
    return SimpleNamespace(layers=layers)


def test_first_layer(plt):
    kernel = np.arange(24.0).reshape(6, 4)
    figure = figure_of(
        plot.first_layer(fake_model([], [np.zeros(6)], [kernel]), image_shape=(2, 3))
    )
    *images, bar = figure.axes
    for unit, axes in enumerate(images):
        np.testing.assert_array_equal(axes.images[0].get_array(), kernel[:, unit].reshape(2, 3))
        assert axes.images[0].get_clim() == (-23.0, 23.0)  # one scale
    assert len(images) == 4
    assert bar.get_ylabel() == "weight"
    assert plt.gcf() is figure
    assert "4 units" in figure.get_suptitle()
    few = figure_of(plot.first_layer(fake_model([np.ones((4, 9))]), max_units=2))
    assert len(few.axes) == 3
    assert "2 of its 9 units" in few.get_suptitle()


def test_images_have_the_shape_of_the_input():
    model = lamina.Sequential([Input((2, 8, 1)), Flatten(), Dense(3)])
    assert plot.first_layer(model)[0].images[0].get_array().shape == (2, 8)
    convolution = lamina.Sequential([Input((6, 6, 1)), Conv2D(2, 3), Flatten(), Dense(3)])
    with pytest.raises(ValueError, match="must be dense; conv2d has weights of shape"):
        plot.first_layer(convolution)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: plot.learning_curves(3), TypeError, "got 3"),
        (lambda: plot.learning_curves({}), ValueError, "at least one epoch"),
        (lambda: plot.learning_curves({"loss": []}), ValueError, "at least one epoch"),
        (lambda: plot.first_layer(3), TypeError, "needs a model; got 3"),
        (lambda: plot.first_layer(fake_model([np.zeros(3)])), ValueError, "found no matrix"),
        (lambda: plot.first_layer(fake_model([np.zeros((6, 2))])), ValueError, "give image_shape"),
        (
            lambda: plot.first_layer(fake_model([np.zeros((6, 2))]), image_shape=(2, 2)),
            ValueError,
            "6; got 2 x 2",
        ),
        (
            lambda: plot.first_layer(fake_model([np.zeros((4, 2))]), max_units=0),
            ValueError,
            "max_units",
        ),
    ],
)
def test_figures_of_bad_input(call, error, text, plt):
    with pytest.raises(error, match=text):
        call()
    assert plt.get_fignums() == []


def test_figures_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(ImportError, match=r"pip install 'lamina\[plot\]'"):
        plot.learning_curves({"loss": [1.0]})


def test_few_values_are_marked():
    """A line through one point is invisible, and so is one whose neighbours are NaN."""
    nan = float("nan")
    history = {"loss": [1.0], "mae": [nan, 1.0, nan], "mse": np.linspace(1, 2, 10), "r": range(99)}
    for key, marker in {"loss": "o", "mae": "o", "mse": "o", "r": "None"}.items():
        axes = plot.learning_curves({key: list(history[key])})
        assert axes.lines[0].get_marker() == marker


# --- confusion matrices and boundaries


@pytest.mark.parametrize(
    ("true", "found", "message"),
    [
        (["a", "b"], [0, 1], "labels of one kind; got strings in y_true, other labels in y_pred"),
        (["a", "b"], np.eye(2), "y_true must hold their numbers, 0 to 1; got 'a': pass numpy.uni"),
        ([0, 10, 20], np.eye(3), "y_pred holds probabilities .* of 3 classes, .*0 to 2; got 10"),
        ([1, 2, 2], [0.2, 0.7, 0.4], "of 2 classes, so that y_true must hold .*; got 2"),
        (np.eye(3), ["a", "b", "c"], "y_true holds probabilities .* y_pred must hold .*; got 'a'"),
        (np.array(["a", 1], object), np.array(["a", 1], object), "labels of one kind; got other"),
    ],
)
def test_labels_that_do_not_fit_each_other(true, found, message):
    with pytest.raises(ValueError, match=f"confusion_matrix: .*{message}"):
        plot.confusion_matrix(true, found)


def test_probabilities_for_numbers_of_classes():
    for true in ([0, 1, 2], [0.0, 1.0, 2.0], np.eye(3), np.array([0, 1, 2], object)):
        drawn = plot.confusion_matrix(true, np.eye(3)[[0, 2, 2]], ["a", "b", "c"])
        assert [text.get_text() for text in drawn.texts] == list("100001001")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"features": ("u", "zz")}, "unknown feature 'zz'; known: u, v"),
        ({"features": (0, 0)}, r"features must be two different columns of X; got \(0, 0\)"),
        ({"features": (0, "u")}, "features must be two different columns"),
        ({"grid": 1}, "grid must be an integer >= 2; got 1"),
        ({"feature_names": ["a", "a"]}, "feature_names must differ .* 'a' occurs twice"),
    ],
)
def test_wrong_settings_of_a_boundary(settings, message):
    x = {"u": np.arange(5.0), "v": np.arange(5.0) ** 2}
    with pytest.raises(ValueError, match=f"decision_boundary: {message}"):
        plot.decision_boundary(lambda rows: rows["u"], x, **settings)
