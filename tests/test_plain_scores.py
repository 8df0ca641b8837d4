"""Scores of plain arrays equal scikit-learn's scorers to the bit, or are left to them."""

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
base = pytest.importorskip("sklearn.base")

from lamina.model_selection.plain_scores import plain_score  # noqa: E402
from lamina.model_selection.scorers import Scoring  # noqa: E402

RNG = np.random.default_rng(8)
NUMBERS = ["r2", "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error"]


class Known(base.RegressorMixin, base.BaseEstimator):
    """An estimator with given predictions that counts its calls."""

    def __init__(self, predicted=None):
        self.predicted, self.calls = predicted, 0

    def fit(self, X, y):
        return self

    def predict(self, X):
        self.calls += 1
        return self.predicted


class KnownClasses(base.ClassifierMixin, Known):
    classes_ = np.arange(2)


def scored(kind, predicted, targets, name):
    """Return a score computed as in a search, after comparing it with scikit-learn's."""
    estimator = kind(predicted)
    with np.errstate(all="ignore"):
        found = Scoring("test", name).of(estimator, None, targets, "raise")["score"]
        scorer = metrics.get_scorer(name) if name else lambda mlp, x, y: mlp.score(x, y)
        expected = scorer(kind(predicted), None, targets)
    np.testing.assert_array_equal(found, expected)
    return estimator.calls


@pytest.mark.parametrize("name", [None, *NUMBERS])
@pytest.mark.parametrize("rows", [2, 7, 41, 130, 1000])
def test_scores_of_numbers_are_scikit_learn_s_to_the_bit(name, rows):
    for dtype in ("float32", "float64"):
        for shape in ((rows,), (rows, 1), (rows, 3)):
            y, p = RNG.normal(3, 2, shape), RNG.normal(3, 2, shape).astype(dtype)
            for targets in (
                y,
                y.astype("float32"),
                np.round(100 * y).astype(int),
            ):
                assert plain_score(name, Known(), targets)(targets, p) is not None
                assert scored(Known, p, targets, name) == 1


@pytest.mark.parametrize("name", [None, "accuracy"])
def test_accuracies_are_scikit_learn_s_to_the_bit(name):
    y, p = RNG.integers(0, 4, (2, 70))
    for labels in (np.arange(4), np.array(["a", "b", "cc", "d"]), np.array([-1, 5, 7, 2], "int8")):
        assert plain_score(name, KnownClasses(), labels[y])(labels[y], labels[p]) is not None
        assert scored(KnownClasses, labels[p], labels[y], name) == 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_not_plain_is_scikit_learn_s(name):
    y = RNG.normal(size=30)
    scored(Known, np.zeros(30), np.ones(30), name)  # R2 without a spread
    scored(Known, y, y, name)  # or without an error
    scored(Known, y.tolist(), y.tolist(), name)
    scored(Known, y[:, None], y, name)
    scored(Known, y.astype(object), y, name)
    scored(Known, y[:1], y[:1], name)
    for spoilt in (np.nan, np.inf):
        with pytest.raises(ValueError, match="contains"):
            scored(Known, np.where(y > 1, spoilt, y), y, name)


@pytest.mark.filterwarnings("ignore")
def test_labels_that_are_not_plain_are_scikit_learn_s():
    y, p = RNG.integers(0, 2, (2, 30, 2))
    scored(KnownClasses, p, y, "accuracy")  # several labels a row
    words = np.array(["ant", "bee"], dtype=object)
    scored(KnownClasses, words[p[:, 0]], words[y[:, 0]], "accuracy")
    scored(KnownClasses, p[:, 0].astype(float), y[:, 0], "accuracy")
    with pytest.raises(ValueError, match="mix of"):
        scored(KnownClasses, np.linspace(0, 1, 30), y[:, 0], "accuracy")
    scored(KnownClasses, np.arange(30), np.arange(30), "accuracy")  # as many as rows


def test_a_score_of_one_s_own_is_asked():
    class Own(Known):
        def score(self, X, y):
            return 0.25

    assert Scoring("test", None).of(Own(np.zeros(9)), None, np.arange(9), "raise") == {
        "score": 0.25
    }
