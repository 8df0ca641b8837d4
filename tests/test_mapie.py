"""Intervals and sets against MAPIE's, from the same predictions."""

import numpy as np
import pytest

import golden
import lamina
from golden import Peer
from interval_lines import Line, data
from lamina import layers, losses
from lamina.inference import PredictionIntervals

regression, classification = Peer("mapie.regression"), Peer("mapie.classification")
linear, selection = Peer("sklearn.linear_model"), Peer("sklearn.model_selection")

LEVELS = [0.5, 0.8, 0.9]
CLOSE = {"rtol": 1e-9, "atol": 1e-9}  # two solvers of least squares


def bounds(found):
    """Return MAPIE's lower and upper bounds, of shape (2, levels, rows)."""
    return np.moveaxis(found[1], (1, 2), (0, 1))


def ours(intervals, new):
    found = [intervals.predict(new, interval=level) for level in LEVELS]
    return np.array([[f.lower for f in found], [f.upper for f in found]])


def test_split():
    x, y = data(60, 20)
    new = data(12, 21)[0]

    def question():
        line = linear.LinearRegression().fit(x[:30], y[:30])
        made = regression.SplitConformalRegressor(line, LEVELS, prefit=True)
        return bounds(made.conformalize(x[30:], y[30:]).predict_interval(new))

    intervals = PredictionIntervals(Line().fit(x[:30], y[:30]), "split").calibrate(x[30:], y[30:])
    np.testing.assert_allclose(ours(intervals, new), golden.ask(question, x, y, new), **CLOSE)


@pytest.mark.parametrize(("name", "method", "folds"), [
    ("cv+", "plus", 5), ("cv-minmax", "minmax", 5),
    ("jackknife+", "plus", 40), ("jackknife-minmax", "minmax", 40),
])  # fmt: skip
def test_held_out_copies(name, method, folds):
    x, y = data(40, 22)
    new, fold = data(12, 23)[0], np.arange(40) % folds

    def question():
        made = regression.CrossConformalRegressor(
            linear.LinearRegression(), LEVELS, method=method, cv=selection.PredefinedSplit(fold)
        )
        return bounds(made.fit_conformalize(x, y).predict_interval(new))

    pairs = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]
    cv = pairs if name.startswith("cv") else None
    intervals = PredictionIntervals(Line().fit(x, y), name, cv=cv).calibrate(x, y)
    np.testing.assert_allclose(ours(intervals, new), golden.ask(question, x, y, new), **CLOSE)


class Quantile:
    """A column of given predictions."""

    def __init__(self, column):
        self.column = column

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, x, y):
        return self

    def predict(self, x):
        return x[:, self.column]


def test_quantile_regression():
    rng = np.random.default_rng(24)
    said = np.sort(rng.normal(size=(60, 3)), axis=1).astype("float32").astype(float)
    y = rng.normal(size=60)

    def question():
        made = regression.ConformalizedQuantileRegressor(
            [Quantile(0), Quantile(2), Quantile(1)], 0.8, prefit=True
        ).conformalize(said[:40], y[:40])
        return made.predict_interval(said[40:], symmetric_correction=True)[1][:, :, 0]

    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(3)], dtype="float64")
    model.compile(loss=losses.Pinball((0.1, 0.5, 0.9)))
    model.set_weights([np.eye(3), np.zeros(3)])
    model.calibrate(said[:40], y[:40])
    found = model.predict(said[40:], interval=0.8)
    answer = golden.ask(question, said, y)
    np.testing.assert_allclose(np.c_[found.lower, found.upper], answer, **CLOSE)


class Told:
    """A classifier whose rows are their own probabilities."""

    classes_ = np.arange(4)
    n_features_in_ = 4

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, x, y):
        return self

    def predict(self, x):
        return x.argmax(axis=1)

    def predict_proba(self, x):
        return x


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_sets(score):
    """MAPIE draws for "aps" in the calibration; the same draws here give the same sets."""
    rng = np.random.default_rng(25)
    p = rng.dirichlet([0.7] * 4, 90)
    labels = np.array([rng.choice(4, p=row) for row in p])

    def question():
        made = classification.SplitConformalClassifier(
            Told(), LEVELS, prefit=True, conformity_score=score, random_state=3
        ).conformalize(p[:60], labels[:60])
        options = {"include_last_label": "randomized"} if score == "aps" else {}
        found = made.predict_set(p[60:], conformity_score_params=options)[1]
        return np.moveaxis(found, 2, 0).astype(np.int32)

    sets = PredictionIntervals(Told(), score, randomized=score == "aps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lamina.inference.intervals.sets.uniform",
                      lambda rows, _: np.random.RandomState(3).uniform(size=rows))  # fmt: skip
        sets.calibrate(p[:60], labels[:60])
        found = [sets.predict_set(p[60:], level).sets for level in LEVELS]
    assert np.array_equal(np.array(found), golden.ask(question, p, labels) == 1)
