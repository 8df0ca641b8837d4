"""Estimators in lamina's cross-validation and searches, against scikit-learn's own."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import lamina
from lamina.model_selection import cross_validate, grid_search, random_search
from search_data import FAST, C, X, Y, classes, numbers

sk = pytest.importorskip("sklearn.model_selection", reason="scikit-learn is not installed")
FitFailedWarning = pytest.importorskip("sklearn.exceptions").FitFailedWarning
linear = pytest.importorskip("sklearn.linear_model")
LogisticRegression, Ridge = linear.LogisticRegression, linear.Ridge
DecisionTreeClassifier = pytest.importorskip("sklearn.tree").DecisionTreeClassifier
NeuralNetClassifier = pytest.importorskip("lamina.sklearn").NeuralNetClassifier


TIMES = ("fit_time", "score_time", "mean_fit_time", "std_fit_time", "mean_score_time",
         "std_score_time")  # fmt: skip


def same(ours, theirs):
    for name, values in theirs.items():
        if name in TIMES:
            assert len(ours[name]) == len(values)
        elif name == "params":
            assert ours[name].tolist() == list(values)
        elif name.startswith("param_"):
            assert [v for v in ours[name] if v is not None] == list(values.compressed())
        else:
            np.testing.assert_allclose(ours[name], values, rtol=1e-12, err_msg=name)


GROUPS = np.arange(75) % 5


@pytest.mark.parametrize(
    "options",
    [
        {}, {"cv": 4, "return_train_score": True}, {"scoring": "neg_log_loss"},
        {"scoring": ["accuracy", "f1_macro"], "return_train_score": True},
        {"scoring": {"a": "accuracy", "b": lambda e, x, y: len(x)}},
        {"scoring": lambda e, x, y: {"one": e.score(x, y), "two": 2.0}},
        {"cv": sk.GroupKFold(3), "groups": GROUPS},
        {"cv": sk.ShuffleSplit(3, random_state=0)},
        {"cv": [(np.arange(40), np.arange(40, 75)), (np.arange(30, 75), np.arange(30))]},
    ],
)  # fmt: skip
def test_cross_validate_is_scikit_learn_s(options):
    for estimator, y in ((LogisticRegression(), C.astype(str)), (Ridge(), Y)):
        if (
            isinstance(estimator, Ridge)
            and "scoring" in options
            and not callable(options["scoring"])
        ):
            continue
        same(cross_validate(estimator, X, y, **options), sk.cross_validate(estimator, X, y,
             **options))  # fmt: skip


def simplest(results):
    return int(np.argmin(results["param_max_depth"]))


@pytest.mark.parametrize(
    "options",
    [
        {}, {"return_train_score": True, "cv": 3}, {"scoring": "neg_log_loss", "refit": False},
        {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro"},
        {"scoring": ["accuracy", "f1_macro"], "refit": False}, {"refit": simplest},
        {"scoring": {"a": "accuracy"}, "refit": simplest},
        {"scoring": lambda e, x, y: {"one": e.score(x, y)}, "refit": "one"},
    ],
)  # fmt: skip
def test_grid_search_is_scikit_learn_s(options):
    grid = [{"max_depth": [1, 2, 3], "min_samples_leaf": [1, 40]}, {"max_depth": [2]}]
    tree = DecisionTreeClassifier(random_state=0)
    ours = grid_search(tree, grid, X, C, **options)
    theirs = sk.GridSearchCV(tree, grid, **options).fit(X, C)
    same(ours.cv_results_, theirs.cv_results_)
    for name in ("best_index_", "best_score_", "best_params_", "n_splits_", "multimetric_"):
        assert hasattr(ours, name) >= hasattr(theirs, name), name
        if hasattr(theirs, name):
            assert getattr(ours, name) == getattr(theirs, name), name
    assert hasattr(ours, "best_estimator_") == hasattr(theirs, "best_estimator_")
    if hasattr(theirs, "best_estimator_"):
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    else:
        with pytest.raises(AttributeError, match="with refit=False nothing is fitted"):
            ours.predict(X)


def test_random_search_is_scikit_learn_s():
    from scipy.stats import loguniform

    given = {"C": loguniform(1e-3, 1e2), "fit_intercept": [True, False]}
    ours = random_search(LogisticRegression(), given, X, C, n_iter=5, random_state=3)
    theirs = sk.RandomizedSearchCV(LogisticRegression(), given, n_iter=5, random_state=3).fit(X, C)
    same(ours.cv_results_, theirs.cv_results_)
    assert ours.best_params_ == theirs.best_params_


def test_failing_estimators_are_ranked_as_scikit_learn_ranks_them():
    grid = {"alpha": [-1.0, 1.0, 1.0, 5.0]}
    with pytest.warns(FitFailedWarning):
        ours = grid_search(Ridge(), grid, X, Y)
    with pytest.warns(), np.errstate(all="ignore"):
        theirs = sk.GridSearchCV(Ridge(), grid).fit(X, Y)
    same(ours.cv_results_, theirs.cv_results_)
    assert ours.cv_results_["rank_test_score"].tolist() == [4, 1, 1, 3]


def test_estimators_of_lamina_and_workers():
    net = NeuralNetClassifier(classes, epochs=3, verbose=0, random_state=1)
    grid = {"model__units": [1, 3]}
    theirs = sk.GridSearchCV(net, grid, cv=3).fit(X, C)
    ours = grid_search(net, grid, X, C, cv=3)
    with ThreadPoolExecutor(2) as pool:
        pooled = grid_search(net, grid, X, C, cv=3, executor=pool, error_score="raise")
    for each in (ours, pooled):
        same(each.cv_results_, theirs.cv_results_)
        assert each.best_params_ == theirs.best_params_
    assert isinstance(ours.best_model_, lamina.Sequential)
    seeds = cross_validate(net, X, C, cv=3, seeds=[1, 2])
    np.testing.assert_array_equal(seeds["seed"], [1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(
        seeds["test_score"][:3], sk.cross_validate(net, X, C, cv=3)["test_score"]
    )
    assert (seeds["test_score"][3:] != seeds["test_score"][:3]).any()


@pytest.mark.parametrize("backend", ["multiprocessing", "threading"])
def test_backends_of_joblib_with_and_without_generators(backend):
    joblib = pytest.importorskip("joblib")
    grid = {"alpha": [0.1, 1.0]}
    with joblib.parallel_config(backend=backend, n_jobs=2):
        by_workers = grid_search(Ridge(), grid, X, Y, cv=2)
    same(by_workers.cv_results_, sk.GridSearchCV(Ridge(), grid, cv=2).fit(X, Y).cv_results_)


def test_a_search_has_the_attributes_of_its_best():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c"])
    search = grid_search(LogisticRegression(), {"C": [1.0]}, table, C, cv=2)
    np.testing.assert_array_equal(search.classes_, [0, 1, 2])
    assert search.n_features_in_ == 3
    assert search.feature_names_in_.tolist() == ["a", "b", "c"]
    search = grid_search(Ridge(), {"alpha": [1.0]}, X, Y, cv=2, refit=False)
    assert not hasattr(search, "n_features_in_")


def test_splitters_get_the_targets_of_networks_of_numbers():
    class ByTarget:
        def split(self, X, y=None, groups=None):
            high = np.asarray(y) > np.median(y)
            yield np.flatnonzero(high), np.flatnonzero(~high)

        def get_n_splits(self, X=None, y=None, groups=None):
            return 1

    found = cross_validate(numbers, X, Y, cv=ByTarget(), **FAST)
    assert Y[found.splits[0][0]].min() > Y[found.splits[0][1]].max()


def test_sparse_rows_of_all_formats():
    sparse = pytest.importorskip("scipy.sparse")
    tree = DecisionTreeClassifier(random_state=0)
    expected = cross_validate(tree, X, C, cv=2)["test_score"]
    for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
        found = cross_validate(tree, sparse.csr_array(X).asformat(form), C, cv=2)["test_score"]
        np.testing.assert_array_equal(found, expected)


def test_one_bar_counts_all_fits(capsys):
    from lamina.sklearn import MLPRegressor

    mlp = MLPRegressor(hidden_layer_sizes=2, max_iter=2, n_iter_no_change=9)
    for estimator, name in ((Ridge(), "alpha"), (mlp, "alpha"), (numbers, "units")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            grid_search(estimator, {name: [1, 2]}, X, Y, cv=3, verbose=1)
        assert "grid_search: 100%" in (shown := capsys.readouterr().err)
        assert "6/6" in shown
        with pytest.raises(ValueError, match=r"grid_search: verbose must be .*; got 9"):
            grid_search(estimator, {name: [1]}, X, Y, verbose=9)
