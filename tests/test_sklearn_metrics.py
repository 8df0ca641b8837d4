"""Metrics and losses equal scikit-learn's, regardless of batches; its scorers are metrics."""

import copy
import functools

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, losses, metrics

theirs = golden.Peer("sklearn.metrics")
ROWS = 40
RNG = np.random.default_rng(17)
CHANCE = RNG.uniform(0.02, 0.98, ROWS)
OUTCOME = (RNG.uniform(size=ROWS) < CHANCE).astype(float)
SHARES = RNG.dirichlet(np.ones(3), ROWS)
LABELS = RNG.integers(0, 3, ROWS)
MANY = RNG.uniform(size=(ROWS, 3))
TRUE = RNG.integers(0, 2, (ROWS, 3)).astype(float)
REAL = RNG.normal(size=(2, ROWS, 2)) + 3.0
WEIGHT = RNG.uniform(0.2, 2.0, ROWS)
ONE_HOT = np.eye(3)[LABELS]

BINARY = [
    (metrics.BinaryAccuracy(), lambda t, p, w: theirs.accuracy_score(t, p > 0.5, sample_weight=w)),
    (metrics.Precision(), lambda t, p, w: theirs.precision_score(t, p > 0.5, sample_weight=w)),
    (metrics.Recall(), lambda t, p, w: theirs.recall_score(t, p > 0.5, sample_weight=w)),
    (metrics.BinaryCrossentropy(), lambda t, p, w: theirs.log_loss(t, p, sample_weight=w)),
    (metrics.BrierScore(), lambda t, p, w: theirs.brier_score_loss(t, p, sample_weight=w)),
    (metrics.BinaryIoU([1], 0.5),
     lambda t, p, w: theirs.jaccard_score(t, p > 0.5, sample_weight=w)),
    (metrics.ConfusionMatrix(),
     lambda t, p, w: theirs.confusion_matrix(t, p > 0.5, sample_weight=w)),
]  # fmt: skip
CLASSES = [
    (metrics.SparseCategoricalAccuracy(),
     lambda t, p, w: theirs.accuracy_score(t, p.argmax(1), sample_weight=w)),
    (metrics.SparseTopKCategoricalAccuracy(2),
     lambda t, p, w: theirs.top_k_accuracy_score(t, p, k=2, sample_weight=w)),
    (metrics.SparseCategoricalCrossentropy(),
     lambda t, p, w: theirs.log_loss(t, p, sample_weight=w)),
    (metrics.BrierScore(), lambda t, p, w: np.average(
        ((np.eye(3)[t] - p) ** 2).sum(1), weights=w) + 0 * theirs.accuracy_score(t, t)),
    *[(metrics.ConfusionMatrix(normalize), lambda t, p, w, n=normalize: theirs.confusion_matrix(
        t, p.argmax(1), sample_weight=w, normalize=n)) for normalize in ("true", "pred", "all")],
]  # fmt: skip
SEVERAL = [
    (metrics.FBetaScore(average, beta, 0.5), lambda t, p, w, a=average, b=beta: theirs.fbeta_score(
        t, p > 0.5, beta=b, average=a, sample_weight=w))
    for average in (None, "micro", "macro", "weighted") for beta in (0.5, 1.0, 2.0)
]  # fmt: skip
OF_REALS = [
    (metrics.MeanSquaredError(), lambda t, p, w: theirs.mean_squared_error(t, p, sample_weight=w)),
    (metrics.MeanAbsoluteError(),
     lambda t, p, w: theirs.mean_absolute_error(t, p, sample_weight=w)),
    (metrics.R2Score(), lambda t, p, w: theirs.r2_score(t, p, sample_weight=w)),
    (metrics.R2Score(None),
     lambda t, p, w: theirs.r2_score(t, p, sample_weight=w, multioutput="raw_values")),
    (metrics.R2Score("variance_weighted_average"),
     lambda t, p, w: theirs.r2_score(t, p, sample_weight=w, multioutput="variance_weighted")),
    (metrics.MeanAbsolutePercentageError(), lambda t, p, w: 100
     * theirs.mean_absolute_percentage_error(t, p, sample_weight=w)),
    (metrics.MeanSquaredLogarithmicError(),
     lambda t, p, w: theirs.mean_squared_log_error(t, p, sample_weight=w)),
]  # fmt: skip
GROUPS = [
    *[(*case, OUTCOME, CHANCE) for case in BINARY], *[(*case, LABELS, SHARES) for case in CLASSES],
    *[(*case, TRUE, MANY) for case in SEVERAL], *[(*case, *np.abs(REAL)) for case in OF_REALS],
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(GROUPS)), ids=lambda i: f"{i}-{GROUPS[i][0].name}")
@pytest.mark.parametrize("weighted", [False, True])
def test_values_are_scikit_learn_s(place, weighted):
    metric, question, y, p = GROUPS[place]
    weight = WEIGHT if weighted else None

    def asked():
        return np.asarray(question(y, p, weight), float)

    expected = golden.ask(asked, metric.name, place, weighted, y, p)
    for batch in (1, 7, ROWS):
        metric.reset_state()
        for start in range(0, ROWS, batch):
            rows = slice(start, start + batch)
            metric.update_state(y[rows], p[rows], None if weight is None else weight[rows])
        np.testing.assert_allclose(metric.result(), expected, rtol=1e-9)


def test_many_thresholds_reach_the_area_of_all_predictions():
    expected = golden.ask(lambda: float(theirs.roc_auc_score(OUTCOME, CHANCE)), OUTCOME, CHANCE)
    got = metrics.AUC(num_thresholds=20_001)(OUTCOME, CHANCE)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_pinball_is_scikit_learn_s():
    def question():
        return [theirs.mean_pinball_loss(REAL[0], REAL[1], alpha=q) for q in (0.1, 0.7)]

    expected = golden.ask(question, REAL)
    for share, value in zip((0.1, 0.7), expected, strict=True):
        np.testing.assert_allclose(losses.Pinball(share)(REAL[0], REAL[1]), value, rtol=1e-12)


# --- scorers


def model_of(given, units=1):
    end = "sigmoid" if units == 1 else "softmax"
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(units, end)], seed=2)
    loss = "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy"
    model.compile(lamina.optimizers.SGD(0.0), loss, metrics=given, weighted_metrics=given)
    return model


@pytest.mark.parametrize("units", [1, 3])
def test_scorers_and_functions_see_all_rows(units):
    sk = pytest.importorskip("sklearn.metrics")
    x, y = RNG.normal(size=(30, 3)), RNG.integers(0, max(2, units), 30)
    weight = RNG.uniform(size=30)
    given = [metrics.Scorer("balanced_accuracy"), sk.get_scorer("neg_log_loss"),
             metrics.Scorer(sk.cohen_kappa_score, "predict", weights="linear")]  # fmt: skip
    if units == 1:
        given += [sk.roc_auc_score, metrics.Scorer("roc_auc")]
    model = model_of(given, units)
    p = model.predict(x)
    said = (p[:, 0] > 0.5) if units == 1 else p.argmax(1)
    shares = p[:, 0] if units == 1 else p
    for batch in (4, 30):
        logs = model.evaluate(x, y, batch, sample_weight=weight, return_dict=True, verbose=0)
        for start, w in (("", None), ("weighted_", weight)):
            expected = {
                "balanced_accuracy": sk.balanced_accuracy_score(y, said, sample_weight=w),
                "log_loss": -sk.log_loss(y, shares, sample_weight=w),
                "cohen_kappa_score": sk.cohen_kappa_score(
                    y, said, weights="linear", sample_weight=w
                ),
            }
            if units == 1:
                expected["roc_auc_score"] = sk.roc_auc_score(y, shares, sample_weight=w)
                expected["roc_auc"] = expected["roc_auc_score"]
            for key, value in expected.items():
                np.testing.assert_allclose(logs[start + key], value, rtol=1e-6)
    same = copy.deepcopy(model.metrics[1])
    assert same.result() == model.metrics[1].result()


def squared(y_true, y_pred):
    return float(np.mean((y_true - y_pred) ** 2))


def test_scorers_of_numbers_get_numbers():
    sk = pytest.importorskip("sklearn.metrics")
    real, whole = RNG.normal(size=40), RNG.integers(0, 2, 40)
    several, guess = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 3))
    r2, mae = sk.get_scorer("r2"), sk.get_scorer("neg_mean_absolute_error")
    own = sk.make_scorer(squared, greater_is_better=False)
    for y in (real, real[:, None], whole):
        assert metrics.Scorer(r2)(y, guess[:, :1]) == sk.r2_score(y, guess[:, 0])
        assert metrics.Scorer(mae)(y, guess[:, :1]) == -sk.mean_absolute_error(y, guess[:, 0])
    assert metrics.Scorer(own)(real, guess[:, :1]) == -squared(real, guess[:, 0])
    assert metrics.Scorer(own)(whole, guess[:, :1]) == -squared(whole, guess[:, 0])
    said = metrics.Scorer(own, "predict")(whole, guess[:, :1])
    assert said == -squared(whole, guess[:, 0] > 0.5)
    assert metrics.Scorer(r2)(several, guess) == sk.r2_score(several, guess)
    assert metrics.Scorer(own)(several, guess) == -squared(several, guess)
    pair = metrics.Scorer(own)
    pair(np.array([0, 1, 1, 0]), np.array([0.2, 0.7, 0.9, 0.4]))
    np.testing.assert_allclose(pair.result(), -0.075)


def test_indicators_are_thresholded_whatever_their_sums():
    """Rows with one label each are no exception; a categorical loss says that they are one-hot."""
    sk = pytest.importorskip("sklearn.metrics")
    several, guess = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 3))
    micro = functools.partial(metrics.Scorer, "f1_micro")
    classes = several.argmax(axis=1)
    for labels in ((several > 0).astype(int), np.eye(3, dtype=int)[classes]):
        assert micro()(labels, guess) == sk.f1_score(labels, guess > 0.5, average="micro")
    said = guess.argmax(axis=1)
    assert micro()(classes, guess) == sk.f1_score(classes, said, average="micro")
    known = metrics.resolve(micro(), losses.CategoricalCrossentropy(), (3,))
    assert known(np.eye(3)[classes], guess) == sk.f1_score(classes, said, average="micro")


def share(y_true, y_pred):
    return float(np.mean(y_true == y_pred))


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mean_squared_error"])
def test_functions_of_a_scorer_get_what_the_loss_has(loss):
    """Classes of a cross-entropy, and numbers of all others, for targets of the same values."""
    sk = pytest.importorskip("sklearn.metrics")
    x, y = RNG.normal(size=(30, 3)), RNG.integers(0, 2, 30)
    scorer = sk.make_scorer(share if loss == "binary_crossentropy" else squared)
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1, "sigmoid")], seed=2)
    model.compile("sgd", loss, metrics=[scorer])
    p = model.predict(x, verbose=0)[:, 0]
    expected = share(y, p > 0.5) if loss == "binary_crossentropy" else squared(y, p)
    got = model.evaluate(x, y, verbose=0, return_dict=True)
    np.testing.assert_allclose(got[scorer._score_func.__name__], expected, rtol=1e-6)


def test_sequences_are_scored_by_position():
    """One-hot or integer targets; a row's weight is that of its positions."""
    sk = pytest.importorskip("sklearn.metrics")
    classes, guess = RNG.integers(0, 3, (10, 4)), RNG.normal(size=(10, 4, 3))
    said, weight = guess.argmax(axis=-1).ravel(), RNG.uniform(size=10)
    for w in (None, weight):
        each = None if w is None else np.repeat(w, 4)
        expected = sk.accuracy_score(classes.ravel(), said, sample_weight=each)
        of_labels = metrics.Scorer("accuracy")
        np.testing.assert_allclose(of_labels(classes, guess, w), expected)
        one_hot = metrics.resolve(
            metrics.Scorer("accuracy"), losses.CategoricalCrossentropy(), (4, 3)
        )
        np.testing.assert_allclose(one_hot(np.eye(3)[classes], guess, w), expected)
    focal = losses.BinaryFocalCrossentropy()
    each = metrics.resolve(metrics.Scorer(sk.make_scorer(share)), focal, (1,))
    assert each([0, 1], [0.25, 0.75]) == 1.0
    steps, numbers = RNG.normal(size=(2, 10, 4, 1))
    got = metrics.Scorer("neg_mean_squared_error")(steps, numbers)
    np.testing.assert_allclose(got, -squared(steps, numbers))


def test_what_is_no_scorer_is_refused():
    pytest.importorskip("sklearn.metrics")
    with pytest.raises(TypeError, match="a name, a scorer or a function; got 3"):
        metrics.Scorer(3)
    with pytest.raises(ValueError, match="response must be one of"):
        metrics.Scorer("roc_auc", "probability")
