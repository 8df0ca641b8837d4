"""Prediction sets of classifiers: scores against plain loops, sets, coverage."""

import numpy as np
import pytest

import lamina
from interval_lines import exact_rank, kth
from lamina import layers, losses
from lamina.inference import PredictionIntervals, coverage_report
from lamina.inference.intervals import clopper_pearson


class Fixed:
    """A classifier whose rows are their own probabilities."""

    classes_ = np.array(["a", "b", "c", "d"])

    def predict(self, x):
        return self.classes_[np.argmax(x, axis=1)]

    def predict_proba(self, x):
        return x


def draws(rows, seed, ties=False):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.6] * 4, rows)
    if ties:
        p = np.round(p * 8) + 1
    p /= p.sum(axis=1, keepdims=True)
    labels = Fixed.classes_[[rng.choice(4, p=row) for row in p]]
    return p, labels


def aps(row, k, u):
    return sum(p for p in sorted(row, reverse=True) if p > row[k]) + (1 - u) * row[k]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("method", ["aps", "randomized aps", "lac"])
def test_sets_hold_the_classes_within_the_quantile(method, ties):
    p, labels = draws(50, 0, ties)
    new = draws(20, 1, ties)[0]
    name, randomized = method.split()[-1], method != method.split()[-1]
    sets = PredictionIntervals(Fixed(), name, randomized=randomized, seed=4).calibrate(p, labels)
    at = [[np.random.default_rng(s).random(n)[i] if randomized else 1.0 for i in range(n)]
          for s, n in ((4, 50), (5, 20))]  # fmt: skip

    def score(row, k, u):
        return 1 - row[k] if name == "lac" else aps(row, k, u)

    places = [list(Fixed.classes_).index(label) for label in labels]
    scores = [score(*each) for each in zip(p, places, at[0], strict=True)]
    for level in (0.3, 0.6, 0.9):
        found = sets.predict_set(new, level)
        assert np.array_equal(found.probabilities, new)
        most = kth(scores, exact_rank(50, level))
        expected = [[score(row, k, u) for k in range(4)] for row, u in zip(new, at[1], strict=True)]
        near = np.abs(np.array(expected) - most) < 1e-12  # sums in another order
        assert ((found.sets == (np.array(expected) <= most)) | near).all()


def test_plain_aps_sets_are_never_empty_and_begin_with_the_most_probable_class():
    p, labels = draws(200, 2)
    sets = PredictionIntervals(Fixed(), "aps").calibrate(p, labels).predict_set(p, 0.3).sets
    assert sets[np.arange(200), p.argmax(axis=1)].all()
    for row, kept in zip(p, sets, strict=True):
        assert row[kept].min() > row[~kept].max(initial=-1)


@pytest.mark.parametrize(("method", "randomized"), [("aps", False), ("aps", True), ("lac", False)])
def test_coverage(method, randomized):
    hits = 0
    for seed in range(400):
        p, labels = draws(20, 100 + seed)
        sets = PredictionIntervals(Fixed(), method, randomized=randomized, seed=seed)
        found = sets.calibrate(p[:19], labels[:19]).predict_set(p[19:], 0.9)
        hits += bool(found.sets[0, list(Fixed.classes_).index(labels[19])])
    low, high = clopper_pearson(hits, 400, confidence=0.9999)
    assert low <= 0.9 <= high or (high >= 0.9 and method == "aps" and not randomized)


def model(units, loss, last):
    made = lamina.Sequential([lamina.Input((4,)), layers.Dense(units, last)], seed=1)
    made.compile("adam", loss)
    return made


@pytest.mark.filterwarnings("ignore:calibrate. .* has not been trained")
def test_models_of_logits_and_of_one_probability():
    x, labels = draws(80, 3)
    places = np.searchsorted(Fixed.classes_, labels)
    soft = model(4, "sparse_categorical_crossentropy", "softmax")
    logits = model(4, losses.CategoricalCrossentropy(from_logits=True), None)
    logits.set_weights(soft.get_weights())
    soft.calibrate(x, places)
    logits.calibrate(x, np.eye(4)[places])
    plain, made = soft.predict_set(x), logits.predict_set(x)
    np.testing.assert_allclose(made.probabilities, plain.probabilities, rtol=1e-5)
    assert np.array_equal(soft.predict(x, interval=0.9).sets, plain.sets)

    one = model(1, "binary_crossentropy", "sigmoid")
    of_logit = model(1, losses.BinaryCrossentropy(from_logits=True), None)
    of_logit.set_weights(one.get_weights())
    for each in (one, of_logit):
        each.calibrate(x, places > 1, method="lac")
        second = one.predict(x, verbose=0)[:, 0]
        found = each.predict_set(x, 0.8)
        np.testing.assert_allclose(found.probabilities, np.c_[1 - second, second], rtol=1e-5)
        assert found.sets.shape == (80, 2)


def test_report():
    p, labels = draws(300, 5)
    sets = PredictionIntervals(Fixed(), "lac").calibrate(p[:100], labels[:100])
    table = coverage_report(sets, p[100:], labels[100:], levels=(0.6, 0.9), by=labels[100:])
    assert list(table["group"][:5]) == ["all", "a", "b", "c", "d"]
    places = np.searchsorted(Fixed.classes_, labels[100:])
    for place in range(table.rows):
        line = table.row(place)
        rows = np.ones(200, bool) if line["group"] == "all" else labels[100:] == line["group"]
        found = sets.predict_set(p[100:], line["level"]).sets
        assert line["coverage"] == pytest.approx(found[np.arange(200), places][rows].mean())
        assert line["mean_size"] == pytest.approx(found[rows].sum(axis=1).mean())
        assert line["empty"] == pytest.approx((found[rows].sum(axis=1) == 0).mean())


def test_reports_that_are_refused():
    network = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, "softmax")], seed=1)
    network.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(3).normal(size=(60, 2))
    labels = np.arange(60) % 3
    network.fit(x[:9], labels[:9], verbose=0)
    network.calibrate(x, labels)
    with pytest.raises(ValueError, match="needs at least 1 row; got 0"):
        coverage_report(network, x[:0], labels[:0])
    with pytest.raises(ValueError, match="by must have a label for each row; row 2 has None"):
        coverage_report(network, x, labels, by=["a", "b", None] * 20)
    mixed = coverage_report(
        network, x, labels, levels=0.9, by=np.array([1, "b"] * 30, dtype=object)
    )
    assert list(mixed["group"]) == ["all", 1, "b"]


def test_labels_that_the_classifier_has_not():
    p, labels = draws(10, 6)
    with pytest.raises(ValueError, match=r"y must hold the classes that were fitted, .*; got 'e'"):
        PredictionIntervals(Fixed()).calibrate(p, [*labels[:9], "e"])


def test_an_estimator_that_is_fitted_again_is_stale():
    p, labels = draws(10, 7)
    made = Fixed()
    sets = PredictionIntervals(made).calibrate(p, labels)
    sets.predict_set(p, 0.5)
    made.predict_proba = lambda x: x[:, ::-1]
    with pytest.raises(ValueError, match="predict_set: the model has changed since"):
        sets.predict_set(p, 0.5)
