"""Searches over lamina's MLPs: fits in parallel in C++ equal separate fits."""

import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest

sk = pytest.importorskip("sklearn.model_selection", reason="scikit-learn is not installed")
base = pytest.importorskip("sklearn.base")
exceptions = pytest.importorskip("sklearn.exceptions")
ConvergenceWarning, FitFailedWarning = exceptions.ConvergenceWarning, exceptions.FitFailedWarning

from lamina import callbacks  # noqa: E402
from lamina.many import stated  # noqa: E402
from lamina.model_selection import cross_validate, estimators, grid_search  # noqa: E402
from lamina.sklearn import MLPClassifier, MLPRegressor, mlp_together  # noqa: E402

RNG = np.random.default_rng(5)
X = RNG.normal(size=(90, 4))
NUMBERS = X[:, 0] - X[:, 1] * X[:, 2]
SEVERAL = np.column_stack([NUMBERS, X[:, 3] ** 2])
COUNTS = RNG.poisson(np.exp(X[:, 0] / 2))
CLASSES = np.array(["ant", "bee", "cat"])[np.digitize(X[:, 0] + X[:, 1] ** 2, [0.0, 1.0])]
TWO = X[:, 0] * X[:, 1] > 0
LABELS = (X[:, :2] + X[:, 2:] > 0).astype(int)
WEIGHTS = RNG.uniform(0.2, 3.0, 90)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLAIN = {"hidden_layer_sizes": 5, "batch_size": 16, "max_iter": 8, "random_state": 4}
EARLY = {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 3, "validation_fraction": 0.3}
SGD = {"solver": "sgd", "learning_rate_init": 0.1}
CASES = {
    "adam": (MLPRegressor, NUMBERS, None, {}),
    "several, penalised": (MLPRegressor, SEVERAL, None, {"alpha": 5.0, "activation": "tanh"}),
    "the loss stops it": (MLPRegressor, SEVERAL, WEIGHTS, {"tol": 0.1, "n_iter_no_change": 1,
                                                           "max_iter": 60}),
    "counts": (MLPRegressor, COUNTS, WEIGHTS, {"loss": "poisson"}),
    "another loss": (MLPRegressor, NUMBERS, None, {"loss": "huber", "dtype": "float32"}),
    "dropout, true zeros": (MLPRegressor, NUMBERS, None, {"dropout": 0.3, "l1": 0.5}),
    "early, numbers": (MLPRegressor, SEVERAL, WEIGHTS, EARLY),
    "classes, in order": (MLPClassifier, CLASSES, WEIGHTS, {"shuffle": False,
                                                            "class_weight": {"ant": 3.0}}),
    "normalised": (MLPClassifier, CLASSES, None, {"batch_norm": True,
                                                  "hidden_layer_sizes": (5, 4)}),
    "early, classes": (MLPClassifier, CLASSES, WEIGHTS, EARLY),
    "early, one-hot": (MLPClassifier, CLASSES, WEIGHTS, {**EARLY,
                                                         "loss": "categorical_crossentropy"}),
    "early, two": (MLPClassifier, TWO, None, {**EARLY, "activation": "logistic"}),
    "early, labels": (MLPClassifier, LABELS, None, EARLY),
    "invscaling": (MLPClassifier, TWO, None, {**SGD, "learning_rate": "invscaling"}),
    "adaptive": (MLPClassifier, CLASSES, None, {**SGD, "learning_rate": "adaptive", "tol": 0.1,
                                                "n_iter_no_change": 1, "max_iter": 40}),
    "a random state": (MLPRegressor, NUMBERS, None, {"random_state": np.random.RandomState(3)}),
}  # fmt: skip
# Cases that must be fitted separately.
ALONE = {
    "lbfgs": (MLPRegressor, NUMBERS, None, {"solver": "lbfgs"}),
    "balanced": (MLPClassifier, CLASSES, None, {"class_weight": "balanced"}),
    "callbacks": (MLPRegressor, NUMBERS, None, {"callbacks": callbacks.TerminateOnNaN()}),
    "other bits": (
        MLPRegressor,
        NUMBERS,
        None,
        {"random_state": np.random.RandomState(np.random.PCG64(3))},
    ),
    "held out": (MLPRegressor, NUMBERS, None, {"validation_data": (X[:9], NUMBERS[:9])}),
}


@pytest.fixture
def left(monkeypatch):
    """Return a list that records the number of fits that each search leaves to workers."""
    counts, by_workers = [], estimators._by_workers

    def noted(jobs, *arguments):
        counts.append(len(jobs))
        return by_workers(jobs, *arguments)

    monkeypatch.setattr(estimators, "_by_workers", noted)
    return counts


@pytest.mark.parametrize("case", [*CASES, *ALONE])
def test_scores_are_those_of_each_estimator_alone_to_the_bit(case, left):
    kind, y, weight, settings = {**CASES, **ALONE}[case]
    estimator = kind(**{**PLAIN, **settings})
    found = cross_validate(
        estimator, X, y, cv=2, sample_weight=weight, return_train_score=True, n_jobs=2
    )
    assert left == [0 if case in CASES else 2]
    for place, (train, test) in enumerate(found.splits):
        alone = base.clone(estimator)
        alone.fit(X[train], y[train], None if weight is None else weight[train])
        assert found["test_score"][place] == alone.score(X[test], y[test])
        assert found["train_score"][place] == alone.score(X[train], y[train])


def test_a_search_has_scikit_learn_s_results(left):
    grid = {
        "hidden_layer_sizes": [2, (4, 3)], "alpha": [0.0, 1.0], "activation": ["relu", "tanh"],
        "learning_rate_init": [1e-3, 0.05],
    }  # fmt: skip
    theirs = pytest.importorskip("sklearn.neural_network").MLPRegressor
    made = [
        search(kind(**PLAIN))
        for search, kind in (
            (lambda mlp: sk.GridSearchCV(mlp, grid, cv=3).fit(X, NUMBERS), theirs),
            (lambda mlp: grid_search(mlp, grid, X, NUMBERS, cv=3, verbose=0), MLPRegressor),
        )
    ]
    assert left == [0]
    for name in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_allclose(*(each.cv_results_[name] for each in made), rtol=1e-9)
    assert made[0].best_params_ == made[1].best_params_
    np.testing.assert_allclose(*(each.predict(X[:5]) for each in made), rtol=1e-9)


def test_results_do_not_depend_on_threads_and_global_seeds_count():
    scores = []
    for jobs in (1, 3):
        np.random.seed(7)  # noqa: NPY002 -- what random_state=None draws from
        scores.append(
            cross_validate(
                MLPRegressor(**{**PLAIN, "random_state": None}), X, NUMBERS, cv=3, n_jobs=jobs
            )["test_score"]
        )
    np.testing.assert_array_equal(*scores)
    assert len(set(scores[0])) == 3


def test_a_fold_without_one_of_the_classes_is_fitted_by_itself(left):
    rows = np.arange(9, 90)
    splits = [(rows[CLASSES[9:] != "ant"], np.arange(9)), (rows, np.arange(9))]
    found = cross_validate(MLPClassifier(**PLAIN), X, CLASSES, cv=splits)
    assert left == [1]
    alone = MLPClassifier(**PLAIN).fit(X[splits[0][0]], CLASSES[splits[0][0]])
    assert found["test_score"][0] == alone.score(X[:9], CLASSES[:9])


def test_rows_that_no_fit_sees_need_not_be_numbers(left):
    spoilt = X.copy()
    spoilt[80] = np.nan
    splits = [(np.arange(60), np.arange(60, 80))]
    scores = [
        cross_validate(MLPRegressor(**PLAIN), x, NUMBERS, cv=splits)["test_score"]
        for x in (spoilt, X)
    ]
    np.testing.assert_array_equal(*scores)
    assert left == [1, 0]


def test_settings_that_are_refused_and_fits_that_diverge_are_rows(left):
    with pytest.warns(FitFailedWarning, match="'alpha' parameter"):
        found = grid_search(
            MLPRegressor(**PLAIN, solver="sgd"),
            [{"alpha": [0.1, -1.0]}, {"learning_rate_init": [1e9]}],
            X, NUMBERS, cv=2, verbose=0,
        )  # fmt: skip
    assert left == [4]
    np.testing.assert_array_equal(
        np.isnan(found.cv_results_["mean_test_score"]), [False, True, True]
    )


def test_warnings_that_are_errors_are_failures_of_their_fits(left):
    grid = {"max_iter": [1, 200], "tol": [0.1], "n_iter_no_change": [1]}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("always", FitFailedWarning)
        found = grid_search(MLPRegressor(**PLAIN), grid, X, NUMBERS, cv=2, verbose=0)
    assert "ConvergenceWarning: Stochastic Optimizer" in str(told[0].message)
    assert left == [2]
    assert np.isnan(found.cv_results_["mean_test_score"]).tolist() == [True, False]


def test_scores_of_rows_held_out_are_accuracies_whatever_the_loss_takes():
    one_hot, numbers = (
        MLPClassifier(**{**PLAIN, **EARLY}, loss=f"{kind}categorical_crossentropy").fit(X, CLASSES)
        for kind in ("", "sparse_")
    )
    assert one_hot.predict_proba(X).max(axis=1).min() < 0.5  # no class above 1/2
    assert one_hot.validation_scores_ == numbers.validation_scores_


def test_messages_of_arguments_are_of_the_search_that_was_called():
    with pytest.raises(ValueError, match="grid_search: n_jobs must be a positive integer; got 0"):
        grid_search(MLPRegressor(**PLAIN), {"alpha": [0.0]}, X, NUMBERS, cv=2, n_jobs=0, verbose=0)


def test_a_class_of_one_s_own_that_defines_fit_is_heard(left):
    heard = []

    class Own(MLPRegressor):
        def fit(self, X, y, sample_weight=None):
            heard.append(len(X))
            return super().fit(X, y, sample_weight)

    cross_validate(Own(**PLAIN), X, NUMBERS, cv=2)
    assert left == [2]
    assert heard == [45, 45]


def test_fits_are_held_some_at_a_time(monkeypatch, left):
    held, run_fits = [], stated._core.run_fits

    def noted(requests, *arguments):
        found = run_fits(requests, *arguments)
        held.append(len(found[0]))
        return found

    monkeypatch.setattr(stated._core, "run_fits", noted)
    grid = {"solver": ["adam", "lbfgs", "sgd"], "alpha": [0.0, 1.0]}
    found = []
    for most in (stated.MOST_BYTES, 6 * stated.BESIDE):
        monkeypatch.setattr(stated, "MOST_BYTES", most)
        monkeypatch.setattr(stated, "LEAST", 1)
        found.append(
            grid_search(MLPRegressor(**PLAIN), grid, X, NUMBERS, cv=3, n_jobs=2, verbose=0)
        )
    assert held == [12, 5, 5, 2]
    assert left == [6, 6]
    np.testing.assert_array_equal(*(each.cv_results_["mean_test_score"] for each in found))


def test_scorers_that_train_further_do_not_reach_other_fits():
    def scorer(mlp, x, y):
        return mlp.partial_fit(x, y).score(x, y)

    splits = [(np.arange(60), np.arange(60, 90)), (np.arange(30, 90), np.arange(30))]
    alone = [
        cross_validate(MLPRegressor(**PLAIN), X, NUMBERS, cv=[split], scoring=scorer)["test_score"]
        for split in splits
    ]
    both = cross_validate(MLPRegressor(**PLAIN), X, NUMBERS, cv=splits, scoring=scorer)
    np.testing.assert_array_equal(both["test_score"], np.ravel(alone))


def test_settings_are_of_estimators_that_live_as_long():
    """Otherwise another estimator might get the same id."""
    together, mlp = mlp_together._Together((X, NUMBERS, None)), MLPRegressor(**PLAIN)
    alive = weakref.ref(mlp)
    together.setting(mlp)
    del mlp
    gc.collect()
    assert alive() is not None


@pytest.mark.parametrize(("kind", "y"), [(MLPRegressor, X[:, 0]), (MLPClassifier, CLASSES)])
def test_networks_share_one_copy_of_the_rows(kind, y):
    together, rows = (
        mlp_together._Together((X, y, None)),
        (np.arange(60), (np.arange(60, 90), X[60:])),
    )
    first, second = (
        together.setting(kind(**PLAIN, alpha=alpha)).begun(*rows).network.replicas
        for alpha in (0.0, 1.0)
    )
    assert first is not second
    for one, other in zip(first.data.arrays, second.data.arrays, strict=True):
        assert np.shares_memory(one, other)


def test_a_fault_of_preparing_is_not_passed_over_in_silence(monkeypatch):
    def broken(*arguments):
        raise AttributeError("a fault")

    monkeypatch.setattr(mlp_together._Setting, "begun", broken)
    with pytest.raises(AttributeError, match="a fault"):
        cross_validate(MLPRegressor(**PLAIN), X, NUMBERS, cv=2)


def test_scorers_may_ask_for_all_of_an_estimator_and_keep_it():
    kept = []

    def scorer(mlp, x, y):
        kept.append((mlp, mlp.predict(x), mlp.model_.predict(x)))
        return mlp.score(x, y) - sum(np.abs(w).sum() for w in mlp.coefs_)

    splits = cross_validate(MLPRegressor(**PLAIN), X, NUMBERS, cv=2, scoring=scorer).splits
    for (mlp, *predicted), (train, test) in zip(kept, splits, strict=True):
        alone = MLPRegressor(**PLAIN).fit(X[train], NUMBERS[train])
        for other in (mlp, pickle.loads(pickle.dumps(mlp))):
            np.testing.assert_array_equal(other.predict(X[test]), alone.predict(X[test]))
        for each in predicted:
            np.testing.assert_array_equal(np.ravel(each), alone.predict(X[test]))
        for name in ("loss_curve_", "best_loss_", "n_iter_", "t_", "n_layers_", "n_outputs_"):
            assert getattr(mlp, name) == getattr(alone, name), name
        mlp.partial_fit(X[test], NUMBERS[test])


def test_usual_scores_are_of_predictions_that_the_fits_have_made(monkeypatch):
    def lent(self, mlp):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(mlp_together.Trained, "lend_network", lent)
    scoring = [
        "r2",
        "neg_mean_squared_error",
        "neg_max_error",
    ]  # scikit-learn's own function is one of them
    cross_validate(MLPRegressor(**PLAIN), X, NUMBERS, cv=2, scoring=scoring, error_score="raise")
    cross_validate(MLPClassifier(**PLAIN), X, CLASSES, cv=2, error_score="raise")


@pytest.mark.parametrize("other_rows", [False, True])
def test_predictions_follow_weights_that_a_scorer_has_changed(other_rows):
    def scorer(mlp, x, y):
        x = x.copy() if other_rows else x
        first = mlp.predict(x)
        first[:] = np.nan  # a copy
        before = mlp.predict(x)
        mlp.intercepts_[-1][:] += 1.0
        inside = mlp.predict(x)
        mlp.intercepts_ = [*mlp.intercepts_[:-1], mlp.intercepts_[-1] + 1.0]
        return np.abs([inside - before - 1.0, mlp.predict(x) - inside - 1.0]).max()

    found = cross_validate(
        MLPRegressor(**PLAIN), X, NUMBERS, cv=2, scoring=scorer, error_score="raise"
    )
    np.testing.assert_allclose(found["test_score"], 0.0, atol=1e-14)
