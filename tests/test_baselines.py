"""Simple models as baselines of a network."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.baselines import compare
from lamina.baselines.measures import OF_KIND, losses
from lamina.datasets import hitters

# Baselines do not depend on the network, which is mostly untrained here.
pytestmark = pytest.mark.filterwarnings("ignore:compare_baselines. .* has not been trained")


@pytest.fixture(autouse=True)
def _peer():
    pytest.importorskip("sklearn")


def book_folds():
    """The folds of the book's lasso, as R draws them."""
    text = (Path(__file__).parent / "files" / "hitters_lasso_folds.json").read_text()
    fold = np.array(json.loads(text)["folds"])
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(1, 11)]


def network(columns, units=1, activation=None, loss="mse"):
    model = lamina.Sequential([lamina.Input((columns,)), layers.Dense(units, activation)], seed=3)
    model.compile("adam", loss)
    return model


def drawn(rows=80, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * np.arange(1, columns + 1) + 5
    return x, x @ np.arange(columns) / 3 + rng.normal(size=rows), rng


def row(table, name):
    return table.row(table["model"].tolist().index(name))


def test_the_book_s_table_of_hitters():
    """Table 10.2 of James et al.: 254.7 and 0.56; 252.3, 0.51 and 12 variables."""
    (x, y), test = hitters.load_data()
    table = compare(network(19), x, y, test, cv=book_folds())
    least, lasso = row(table, "least squares"), row(table, "lasso")
    assert (round(least["mae"], 2), round(least["r2"], 3), least["parameters"]) == (
        254.67,
        0.561,
        20,
    )
    assert (round(lasso["mae"], 1), round(lasso["r2"], 2), lasso["parameters"]) == (252.3, 0.51, 13)
    assert row(table, "constant")["r2"] == pytest.approx(0, abs=0.01)
    by_number = compare(network(19), x, y, test, baselines="lasso")
    assert row(by_number, "lasso")["mae"] == pytest.approx(253.17, abs=0.01)


@pytest.mark.parametrize(("name", "measure"), [("lasso", "mae"), ("ridge", "mse")])
def test_penalties_are_those_of_a_grid_search(name, measure):
    from sklearn.linear_model import Lasso, Ridge
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y, _ = drawn(60)
    folds = KFold(5)
    table = compare(network(4), x, y, (x[:20], y[:20]), baselines=name, measure=measure, cv=folds)
    ours = table.baselines[name]
    scored = {"mae": "neg_mean_absolute_error", "mse": "neg_mean_squared_error"}[measure]
    z = (x - x.mean(0)) / x.std(0)
    if name == "lasso":
        top = np.abs(z.T @ (y - y.mean())).max() / 60
        penalties = top * np.geomspace(1, 1e-4, 100)
        search, scale = Lasso(tol=1e-10, max_iter=100_000), 1
    else:
        penalties, search, scale = np.geomspace(1e3, 1e-5, 100), Ridge(), 48
    best = GridSearchCV(
        make_pipeline(StandardScaler(), search), {f"{name}__alpha": penalties * scale},
        scoring=scored, cv=folds,
    ).fit(x, y).best_params_[f"{name}__alpha"] / scale  # fmt: skip
    assert ours.penalty[0] == pytest.approx(best, rel=1e-6)
    refit = search.set_params(alpha=best * (1 if name == "lasso" else 60)).fit(z, y)
    np.testing.assert_allclose(ours.predict(x[:20])[:, 0], refit.predict(z[:20]), rtol=1e-5)
    np.testing.assert_allclose(table.predictions[name], ours.predict(x[:20]))


def test_measures_and_intervals_are_scikit_learn_s_and_scipy_s():
    from scipy import stats
    from sklearn import metrics
    from sklearn.linear_model import LogisticRegression

    x, number, rng = drawn(120)
    y = np.digitize(number + rng.normal(size=120) * 3, np.quantile(number, [0.3, 0.6]))
    model = network(4, 3, "softmax", "sparse_categorical_crossentropy")
    table = compare(model, x, y, validation_rows=np.arange(80, 120), cv=4)
    p = model.predict(x[80:], verbose=0).astype(float)
    p /= p.sum(axis=1, keepdims=True)
    truth = y[80:]
    assert row(table, "network")["log_loss"] == pytest.approx(metrics.log_loss(truth, p), rel=1e-5)
    assert row(table, "network")["accuracy"] == metrics.accuracy_score(truth, p.argmax(1))
    z, held = ((r - x[:80].mean(0)) / x[:80].std(0) for r in (x[:80], x[80:]))
    q = LogisticRegression(C=np.inf, tol=1e-8).fit(z, y[:80]).predict_proba(held)
    found = row(table, "multinomial")
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, q), rel=1e-3)
    assert found["parameters"] == 2 * 5
    rows = np.arange(40)
    ours, theirs = table.losses["multinomial"], -np.log(p[rows, truth])
    test = stats.ttest_rel(ours, theirs)
    interval = test.confidence_interval(0.95)
    assert found["difference"] == pytest.approx((ours - theirs).mean())
    assert (found["lower"], found["upper"]) == pytest.approx((interval.low, interval.high))
    shares = np.bincount(y[:80]) / 80
    assert row(table, "constant")["log_loss"] == pytest.approx(-np.log(shares[truth]).mean())
    wide = compare(model, x, y, validation_rows=rows + 80, baselines="constant", level=0.99)
    assert wide["upper"][1] > table["upper"][1]


def test_logits_one_hot_and_binary_targets_are_read_as_the_loss_reads_them():
    x, number, _ = drawn(90)
    y = np.digitize(number, np.quantile(number, [0.4, 0.7]))
    held = np.arange(60, 90)
    plain = network(4, 3, "softmax", "sparse_categorical_crossentropy")
    logits = network(4, 3, None, lamina.losses.CategoricalCrossentropy(from_logits=True))
    logits.set_weights(plain.get_weights())
    names = ("constant", "linear")
    one = compare(plain, x, y, validation_rows=held, baselines=names)
    two = compare(logits, x, np.eye(3)[y], validation_rows=held, baselines=names)
    for column in ("accuracy", "log_loss", "difference"):
        np.testing.assert_allclose(one[column], two[column], rtol=1e-5)
    binary = network(4, 1, "sigmoid", "binary_crossentropy")
    labels = network(4, 2, "sigmoid", "binary_crossentropy")
    kernel, bias = binary.get_weights()
    labels.set_weights([np.hstack([kernel, kernel]), np.hstack([bias, bias])])
    both = np.column_stack([y > 0, y > 0]).astype(float)
    one = compare(binary, x, (y > 0)[:, None], validation_rows=held, cv=4)
    two = compare(labels, x, both, validation_rows=held, cv=4)
    assert one["model"].tolist() == ["network", "constant", "logistic", "lasso", "ridge"]
    for column in ("accuracy", "log_loss"):
        np.testing.assert_allclose(one[column][:3], two[column][:3], rtol=1e-5)
    assert one["parameters"][:3].tolist() == [5, 1, 5]
    assert two["parameters"][:3].tolist() == [10, 2, 10]


def test_fit_compares_on_its_validation_rows(capsys):
    x, y, _ = drawn()
    model = network(4)
    history = model.fit(x, y, epochs=1, validation_split=0.25, baselines=True, verbose=2)
    printed = capsys.readouterr().out
    assert str(history.baselines) in printed
    assert "Baselines: 60 training rows, 20 test rows" in printed
    again = model.compare_baselines(x, y)
    for column in again:
        np.testing.assert_array_equal(again[column], history.baselines[column])
    held = history.validation_rows
    kept = np.setdiff1d(np.arange(80), held)
    given = model.compare_baselines(x[kept], y[kept], (x[held], y[held]))
    np.testing.assert_array_equal(given["mae"], again["mae"])
    history = model.fit(
        x[:60], y[:60], validation_data=(x[60:], y[60:]), baselines=["linear"], verbose=0
    )
    assert capsys.readouterr().out == ""
    assert history.baselines["model"].tolist() == ["network", "least squares"]
    assert model.fit(x, y, verbose=0).baselines is None


def test_weights_count_as_repeated_rows():
    x, y, rng = drawn(40)
    counts = rng.integers(1, 4, 40)
    test = x[:9], y[:9]
    names = ("constant", "linear")
    weighted = compare(network(4), x, y, test, sample_weight=counts, baselines=names)
    repeated = compare(
        network(4), np.repeat(x, counts, 0), np.repeat(y, counts), test, baselines=names
    )
    np.testing.assert_allclose(weighted["mae"], repeated["mae"], rtol=1e-9)
    unweighted = compare(network(4), x, y, test, baselines=names)
    assert abs(unweighted["mae"][2] - repeated["mae"][2]) > 1e-4


def test_gaps_constant_columns_and_several_inputs_and_outputs():
    x, y, _ = drawn(50)
    x = np.column_stack([x, np.full(50, 7.0)])
    a, b = lamina.Input((2,), name="a"), lamina.Input((3,), name="b")
    out = layers.Dense(2)(layers.Concatenate()([a, b]))
    model = lamina.Model([a, b], out)
    model.compile("adam", "mae")
    targets = np.column_stack([y, -2 * y])
    table = compare(model, {"a": x[:, :2], "b": x[:, 2:]}, targets, validation_rows=np.arange(10))
    assert row(table, "least squares")["parameters"] == 2 * 5
    assert np.isfinite(table["mae"]).all()
    assert len(table.baselines["lasso"].penalty) == 2
    with_gap = x.copy()
    with_gap[12, 0] = np.nan
    gaps = compare(network(5), x, y, (with_gap[:10], y[:10]), baselines="linear")
    filled = compare(network(5), x, y, (x[:10], y[:10]), baselines="linear")
    np.testing.assert_array_equal(gaps["mae"], filled["mae"])
    assert np.isfinite(gaps.baselines["least squares"].predict(with_gap)).all()


def test_separable_classes_are_told():
    x = np.arange(20.0)[:, None]
    model = network(1, 1, "sigmoid", "binary_crossentropy")
    table = compare(model, x, x > 9.5, validation_rows=[3, 15], baselines="linear")
    assert "Not converged: logistic: classes that can be told apart" in table.note


def test_small_numbers_are_printed_in_fixed_columns():
    x, _, _ = drawn()
    model = network(4)
    table = compare(model, x, x[:, :1] * 2 + 1, (x, x[:, :1] * 2 + 1), baselines="linear")
    assert table["mae"][1] < 1e-9
    assert repr(table).splitlines()[3].split()[2] == "0.00"
    assert "e-" not in repr(table)


def test_large_problems_take_one_fold_and_fewer_penalties(monkeypatch):
    x, number, _ = drawn(120)
    y = np.digitize(number, np.quantile(number, [0.3, 0.6]))
    model = network(4, 3, "softmax", "sparse_categorical_crossentropy")
    rows = np.arange(30)
    whole = compare(model, x, y, validation_rows=rows)
    monkeypatch.setattr("lamina.baselines.paths.LARGE", 100)
    less = compare(model, x, y, validation_rows=rows)
    assert less["model"].tolist() == whole["model"].tolist()
    np.testing.assert_allclose(less["log_loss"], whole["log_loss"], rtol=0.2)
    tried = np.geomspace(10, 1e-4, 6)
    assert np.isclose(tried, row(less, "ridge")["penalty"]).any()
    assert not np.isclose(tried, row(whole, "ridge")["penalty"]).any()


X, Y = np.arange(24.0).reshape(12, 2) % 7, np.arange(12.0)
REGRESSION, CLASSES = network(2), network(2, 3, "softmax", "sparse_categorical_crossentropy")
TWO = lamina.Model(
    (IN := lamina.Input((2,))), [layers.Dense(1, name="p")(IN), layers.Dense(1, name="q")(IN)]
)
TWO.compile("sgd", "mse")


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: compare(REGRESSION, X, Y), ValueError,
         "needs test rows, but the last fit held none out: give validation_data="),
        (lambda: compare(REGRESSION, X, Y, validation_rows=[3, 12]), ValueError,
         "validation_rows must be rows of x, which has 12; got 3 to 12"),
        (lambda: compare(REGRESSION, X, Y, (X, Y), validation_rows=[3]), ValueError,
         "give validation_data or validation_rows, not both"),
        (lambda: compare(REGRESSION, X, Y, (X, Y), baselines="laso"), ValueError,
         "unknown baseline 'laso'; did you mean 'lasso'"),
        (lambda: compare(REGRESSION, X, Y, (X, Y), measure="auc"), ValueError,
         "unknown measure 'auc'; known: mae, mse"),
        (lambda: compare(REGRESSION, X, Y, (X, Y), cv=13), ValueError,
         "cv must be at most the number of training rows; got 13 folds of 12 rows: give fewer"),
        (lambda: compare(REGRESSION, X, Y, (X, Y), cv=[([0], [12])]), ValueError,
         "cv must hold rows of the 12 training rows; got 12 to 12"),
        (lambda: compare(REGRESSION, X, Y, (X, Y), level=1.0), ValueError, "level must be in"),
        (lambda: compare(REGRESSION, X, Y[:9], (X, Y)), ValueError,
         "y must have as many rows as x, 12; got"),
        (lambda: compare(REGRESSION, X, np.c_[Y, Y], (X, Y)), ValueError,
         "the model must predict one number for each target; y has 2 per row, the model returns"),
        (lambda: compare(CLASSES, X, Y * 0 + 1, (X, Y * 0)), ValueError,
         "the training rows must have at least two classes; all are of class 1"),
        (lambda: compare(CLASSES, X, Y, (X, Y)), ValueError,
         r"y must be classes in \[0, 3\); got 0 to 11"),
        (lambda: compare(TWO, X, [Y, Y], (X, Y)), ValueError,
         "the model must have one output with a loss; it has 2: p, q"),
        (lambda: compare(REGRESSION, X, Y, (X, Y), sample_weight=-Y), ValueError,
         "sample_weight must be 12 finite numbers >= 0"),
        (lambda: REGRESSION.fit(X, Y, baselines=True), ValueError,
         "fit: baselines are compared on validation rows: give validation_split or"),
        (lambda: REGRESSION.fit(iter([(X, Y)]), baselines=True), TypeError,
         "fit: baselines read all rows at once; x is a"),
        (lambda: REGRESSION.fit(X, Y, validation_split=0.5, baselines=3), TypeError,
         "fit: baselines must be some of constant, linear, lasso, ridge; got 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, text):
    before = REGRESSION.get_weights()
    with pytest.raises(error, match=text):
        call()
    np.testing.assert_array_equal(before[0], REGRESSION.get_weights()[0])


def test_folds_that_train_on_what_they_hold_out_are_told():
    rows = np.arange(12)
    message = (
        "compare_baselines: fold 1 of cv should hold out rows that it does not train on; 2 of 6 "
    )
    with pytest.warns(UserWarning, match=message):
        compare(REGRESSION, X, Y, (X, Y), cv=[(rows[6:], rows[:6]), (rows[:8], rows[6:])])


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for call in (
        lambda: compare(REGRESSION, X, Y, (X, Y)),
        lambda: REGRESSION.fit(X, Y, validation_split=0.5, baselines=True),
    ):
        with pytest.raises(ImportError, match=r'pip install "lamina\[sklearn\]"'):
            call()


def test_every_measure_is_less_where_predictions_are_right():
    y, right, wrong = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.full((2, 2), 0.5)
    wrong[1] = 0.6, 0.4
    for measure in OF_KIND["classes"]:
        assert losses(measure, y, right).sum() < losses(measure, y, wrong).sum()


def test_weights_that_are_all_0():
    x, y, _ = drawn()
    message = "compare_baselines: sample_weight must not be 0 in all training rows"
    with pytest.raises(ValueError, match=message):
        compare(network(4), x, y, (x, y), sample_weight=np.zeros(80))
    weights = np.where(np.arange(80) < 10, 1.0, 0.0)
    with pytest.raises(ValueError, match=message):
        compare(network(4), x, y, validation_rows=np.arange(10), sample_weight=weights)


def test_data_without_rows():
    x, y, _ = drawn()
    with pytest.raises(ValueError, match="compare_baselines: x must have at least one row"):
        compare(network(4), x[:0], y[:0], (x, y))
    with pytest.raises(ValueError, match="validation_data: x must have at least one row"):
        compare(network(4), x, y, (x[:0], y[:0]))


def test_the_texts_of_a_table_model():
    pandas = pytest.importorskip("pandas")
    _, y, rng = drawn()
    table = pandas.DataFrame({"age": rng.normal(size=80), "town": rng.choice(["a", "b"], 80)})
    model = lamina.tables.TableModel(table, hidden=(2,))
    model.compile("adam", "mse")
    with pytest.raises(TypeError, match=r"strings.*'town'.*; baselines take numbers alone: encode"):
        compare(model, table, y, (table, y))
    columns = {name: table[name].to_numpy(object) for name in table}
    columns["age"] = columns["age"].astype(float)
    with pytest.raises(
        TypeError, match=r"x\['town'\] must hold numbers.*numbers alone: categories"
    ):
        compare(model, columns, y, (columns, y))
