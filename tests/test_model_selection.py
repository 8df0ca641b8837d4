"""Cross-validation and searches, against scikit-learn's and against separate fits."""

import importlib
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.model_selection import (
    Bootstrap,
    cross_validate,
    grid_search,
    one_standard_error,
)
from search_data import FAST, B, C, X, Y, classes, numbers

sk = pytest.importorskip("sklearn.model_selection", reason="scikit-learn is not installed")
metrics = pytest.importorskip("sklearn.metrics")
FitFailedWarning = pytest.importorskip("sklearn.exceptions").FitFailedWarning
linear = pytest.importorskip("sklearn.linear_model")
LogisticRegression, Ridge = linear.LogisticRegression, linear.Ridge
DecisionTreeClassifier = pytest.importorskip("sklearn.tree").DecisionTreeClassifier


def fitted(build, setting, rows, y, seed=0):
    """A fit by hand: the model with this seed."""
    config = build(**setting).get_config() | {"seed": seed}
    model = lamina.Sequential.from_config(config)
    model.compile_from_config(build(**setting).get_compile_config())
    model.fit(X[rows], y[rows], **FAST)
    return model


# --- networks


def test_networks_are_those_of_fit_on_scikit_learn_s_folds():
    result = cross_validate(
        numbers, X, Y, cv=4, scoring=["r2", "neg_mean_absolute_error"], return_train_score=True,
        seeds=[5], **FAST,
    )  # fmt: skip
    for place, (train, test) in enumerate(sk.KFold(4).split(X)):
        model = fitted(numbers, {}, train, Y, seed=5)
        for part, rows in (("test", test), ("train", train)):
            p = model.predict(X[rows], verbose=0)[:, 0]
            assert result[f"{part}_r2"][place] == pytest.approx(
                metrics.r2_score(Y[rows], p), rel=1e-6
            )
            assert result[f"{part}_neg_mean_absolute_error"][place] == pytest.approx(
                -metrics.mean_absolute_error(Y[rows], p), rel=1e-6
            )
    np.testing.assert_array_equal(result.splits[1][1], list(sk.KFold(4).split(X))[1][1])


def test_folds_that_overlap_are_scored_as_scikit_learn_scores_them():
    rows = np.arange(75)
    twice = [(rows[30:], rows[:30]), (rows[:50], rows[50:]), (rows[20:], rows[:20])]
    ours = cross_validate(Ridge(), X, Y, cv=twice)
    np.testing.assert_array_equal(
        ours["test_score"], sk.cross_validate(Ridge(), X, Y, cv=twice)["test_score"]
    )
    within = [(rows, rows[:9])]
    message = (
        "^cross_validate: split 0 of cv should hold out rows that it does not train on; 9 of 9"
    )
    with pytest.warns(UserWarning, match=message):
        ours = cross_validate(Ridge(), X, Y, cv=within)
    np.testing.assert_array_equal(
        ours["test_score"], sk.cross_validate(Ridge(), X, Y, cv=within)["test_score"]
    )


NAMES = ["accuracy", "neg_log_loss", "f1_macro", "roc_auc_ovr"]


@pytest.mark.parametrize("kind", ["sparse", "one_hot", "logits", "binary"])
def test_classes_are_scored_by_labels_and_probabilities(kind):
    labels = B if kind == "binary" else C
    y = np.eye(3)[C] if kind == "one_hot" else labels
    settings = {
        "sparse": {},
        "one_hot": {"loss": "categorical_crossentropy"},
        "logits": {
            "activation": None,
            "loss": lamina.losses.SparseCategoricalCrossentropy(from_logits=True),
        },
        "binary": {"activation": "sigmoid", "loss": "binary_crossentropy", "outputs": 1},
    }[kind]

    def build():
        return classes(**settings)

    names = [*NAMES[:3], "roc_auc"] if kind == "binary" else NAMES
    result = cross_validate(build, X, y, cv=3, scoring=names, **FAST)
    plain = cross_validate(build, X, y, cv=3, **FAST)
    np.testing.assert_array_equal(plain["test_score"], result["test_accuracy"])
    for place, (train, test) in enumerate(sk.StratifiedKFold(3).split(X, labels)):
        p = fitted(build, {}, train, y).predict(X[test], verbose=0).astype(float)
        p = np.exp(p) / np.exp(p).sum(1)[:, None] if kind == "logits" else p
        p = np.hstack([1 - p, p]) if kind == "binary" else p / p.sum(1)[:, None]
        truth, chosen = labels[test], p.argmax(1)
        auc = metrics.roc_auc_score(truth, p[:, 1] if kind == "binary" else p, multi_class="ovr")
        expected = [
            metrics.accuracy_score(truth, chosen), -metrics.log_loss(truth, p),
            metrics.f1_score(truth, chosen, average="macro"), auc,
        ]  # fmt: skip
        found = [result[f"test_{name}"][place] for name in names]
        assert found == pytest.approx(expected, rel=1e-5)


def test_a_grid_of_networks_and_its_best():
    grid = {"units": [1, 4], "learning_rate": [0.01, 0.05], "epochs": [2, 4]}
    fast = {"batch_size": 25, "verbose": 0}
    search = grid_search(numbers, grid, X, Y, cv=3, seeds=2, **fast)
    results = search.cv_results_
    assert results["params"].tolist() == list(sk.ParameterGrid(grid))
    best = search.best_params_
    assert best == results["params"][np.argmax(results["mean_test_score"])]
    one = cross_validate(
        lambda: numbers(best["units"], best["learning_rate"]), X, Y, cv=3, seeds=2,
        epochs=best["epochs"], **fast,
    )  # fmt: skip
    by_seed = one["test_score"].reshape(2, 3)
    assert search.best_score_ == pytest.approx(by_seed.mean(), rel=1e-6)
    means = by_seed.mean(axis=0)
    place = search.best_index_
    assert results["std_test_score"][place] == pytest.approx(means.std(), rel=1e-6)
    assert results["se_test_score"][place] == pytest.approx(means.std(ddof=1) / 3**0.5, rel=1e-6)
    fresh = lamina.Sequential.from_config(numbers(best["units"]).get_config() | {"seed": 0})
    fresh.compile(lamina.optimizers.Adam(best["learning_rate"]), "mse")
    fresh.fit(X, Y, epochs=best["epochs"], **fast)
    for ours, theirs in zip(search.best_model_.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(search.predict(X), fresh.predict(X, verbose=0)[:, 0])
    assert search.score(X, Y) == pytest.approx(metrics.r2_score(Y, search.predict(X)))
    ranking = search.ranking()
    assert ranking["rank"][0] == 1
    assert ranking["mean"][0] == search.best_score_
    assert "8 settings, 3 splits" in repr(search)


def test_the_same_bits_by_any_workers():
    grid = {"units": [1, 3]}
    alone = grid_search(numbers, grid, X, Y, cv=3, n_jobs=1, **FAST)
    two = grid_search(numbers, grid, X, Y, cv=3, n_jobs=2, **FAST)
    with ThreadPoolExecutor(2) as pool:
        pooled = grid_search(numbers, grid, X, Y, cv=3, executor=pool, **FAST)
    for other in (two, pooled):
        np.testing.assert_array_equal(
            alone.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"]
        )
        np.testing.assert_array_equal(
            alone.best_model_.get_weights()[0], other.best_model_.get_weights()[0]
        )


def test_optimizers_are_settings():
    def build(optimizer):
        model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
        model.compile(optimizer, "mse")
        return model

    tried = [lamina.optimizers.SGD(0.001), lamina.optimizers.Adam(0.3)]
    search = grid_search(build, {"optimizer": tried}, X, Y, cv=3, **FAST)
    assert search.best_params_ == {"optimizer": tried[1]}
    assert [each.iterations for each in tried] == [0, 0]
    expected = fitted(lambda: build(lamina.optimizers.Adam(0.3)), {}, np.arange(75), Y)
    np.testing.assert_array_equal(search.predict(X), expected.predict(X, verbose=0)[:, 0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_diverged_fit_has_the_error_score():
    grid = {"learning_rate": [1e30, 0.01]}

    def build():
        model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
        model.compile(lamina.optimizers.SGD(0.1), "mse")
        return model

    with pytest.warns(FitFailedWarning, match=r"3 fits failed out of a total of 6.*error_score="):
        search = grid_search(build, grid, X, Y, cv=3, **FAST)
    assert np.isnan(search.cv_results_["mean_test_score"][0])
    assert search.cv_results_["rank_test_score"].tolist() == [2, 1]
    assert search.best_params_ == {"learning_rate": 0.01}
    with pytest.warns(FitFailedWarning):
        search = grid_search(build, grid, X, Y, cv=3, error_score=-7, **FAST)
    assert search.cv_results_["mean_test_score"][0] == -7
    with pytest.raises(ArithmeticError, match="must stay finite"):
        grid_search(build, grid, X, Y, cv=3, error_score="raise", **FAST)
    with pytest.raises(ValueError, match="all the 3 fits failed; error_score='raise' raises"):
        grid_search(build, {"learning_rate": [1e30]}, X, Y, cv=3, **FAST)


def test_several_inputs_weights_and_own_scores():
    a, b = lamina.Input((1,), name="a"), lamina.Input((2,), name="b")
    model = lamina.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
    model.compile(lamina.optimizers.Adam(0.1), "mse")
    inputs = {"a": X[:, :1], "b": X[:, 1:]}
    seen = []

    def worst(estimator, x, y):
        seen.append(sorted(x))
        return -np.abs(estimator.predict(x) - y).max()

    result = cross_validate(
        model, inputs, Y, cv=3, scoring=worst, return_train_score=True, return_estimator=True,
        sample_weight=np.ones(75), **FAST,
    )  # fmt: skip
    assert seen == [["a", "b"]] * 6
    test = result.splits[0][1]
    estimator = result["estimator"][0]
    p = estimator.predict({"a": X[test, :1], "b": X[test, 1:]})
    assert result["test_score"][0] == pytest.approx(-np.abs(p - Y[test]).max())
    assert "FittedRegressor" in repr(estimator)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("which", ["estimator", "network"])
def test_a_scorer_may_write_to_its_rows(which):
    from lamina.sklearn import MLPRegressor

    mlp = MLPRegressor(hidden_layer_sizes=(3,), max_iter=30, random_state=0)
    model, fit = (mlp, {}) if which == "estimator" else (numbers(), FAST)

    def lost(estimator, x, y, copied=False):
        """Return by how much the error grows where a column is made constant."""
        x = x.copy() if copied else x
        before = np.abs(estimator.predict(x) - y).mean()
        x[:, 0] = 0
        return np.abs(estimator.predict(x) - y).mean() - before

    def lost_of_a_copy(estimator, x, y):
        return lost(estimator, x, y, copied=True)

    given = X.copy()
    found = [
        cross_validate(model, given, Y, cv=3, scoring={"a": scorer, "b": scorer}, **fit)
        for scorer in (lost, lost_of_a_copy)
    ]
    assert (found[1]["test_a"] != 0).all()
    for name in ("test_a", "test_b"):
        np.testing.assert_array_equal(found[0][name], found[1]["test_a"])
    np.testing.assert_array_equal(given, X)


@pytest.mark.parametrize("which", ["estimator", "network"])
def test_weights_among_the_arguments_of_fit_are_split_with_the_rows(which):
    from sklearn.linear_model import Ridge

    model, fit = (Ridge(), {}) if which == "estimator" else (numbers(), FAST)
    weights = np.linspace(0, 2, 75)
    by_name = cross_validate(model, X, Y, cv=3, sample_weight=weights, **fit)["test_score"]
    found = cross_validate(model, X, Y, cv=3, params={"sample_weight": weights}, **fit)
    np.testing.assert_array_equal(found["test_score"], by_name)
    if which == "estimator":
        from sklearn.model_selection import cross_validate as scikit_learns

        theirs = scikit_learns(model, X, Y, cv=3, params={"sample_weight": weights})
        np.testing.assert_allclose(by_name, theirs["test_score"])
    both = {"params": {"sample_weight": weights}, "sample_weight": weights}
    with pytest.raises(ValueError, match="by its name or in params, not both"):
        cross_validate(model, X, Y, cv=3, **both)


# --- features that scikit-learn does not have


def test_arguments_of_other_functions_and_swapped_ones():
    from sklearn.linear_model import Ridge

    with pytest.raises(TypeError, match=r"give param_grid=\{'learning_rate': \[...\]\}"):
        grid_search(numbers, {"epochs": [1]}, X, Y, learning_rate=0.1)
    with pytest.raises(TypeError, match="cross_validate: unknown argument 'learning_rate'; known"):
        cross_validate(numbers, X, Y, learning_rate=0.1)
    with pytest.raises(TypeError, match="grid_search: unknown argument 'folds'; here it is 'cv'"):
        grid_search(numbers, {"units": [1]}, X, Y, folds=3)
    for model in (numbers, Ridge()):
        with pytest.raises(TypeError, match="unknown argument 'folds'; here it is 'cv'"):
            cross_validate(model, X, Y, folds=3)
    with pytest.raises(TypeError, match="did you mean 'verbose'"):
        cross_validate(numbers, X, Y, verbos=0)
    shape = r"got ndarray of shape \(\d+, \d+\)$"
    with pytest.raises(TypeError, match=shape):
        grid_search(numbers, X, Y, {"units": [1]})
    with pytest.raises(TypeError, match=shape):
        cross_validate(X, Y, numbers)


def test_bootstrap_resamples():
    drawn = list(Bootstrap(200, random_state=1).split(X))
    assert Bootstrap(200).get_n_splits() == len(drawn) == 200
    for train, left in drawn:
        assert len(train) == 75
        np.testing.assert_array_equal(left, np.setdiff1d(np.arange(75), train))
    assert np.mean([len(left) / 75 for _, left in drawn]) == pytest.approx(1 / np.e, abs=0.02)
    result = cross_validate(Ridge(), X, Y, bootstrap=40)
    by_hand = [
        Ridge().fit(X[train], Y[train]).score(X[left], Y[left])
        for train, left in Bootstrap(40).split(X)
    ]
    np.testing.assert_array_equal(result["test_score"], by_hand)
    summary = result.summary(0.9).row(0)
    assert summary["mean"] == np.mean(by_hand)
    assert summary["sd"] == np.std(by_hand, ddof=1)
    assert [summary["lower"], summary["upper"]] == np.quantile(by_hand, [0.05, 0.95]).tolist()
    tiny = list(Bootstrap(50).split(np.zeros((2, 1))))
    assert all(left.size for _, left in tiny)


def test_one_standard_error_takes_the_simplest():
    rule = one_standard_error("max_depth", "-min_samples_leaf")
    tree = DecisionTreeClassifier(random_state=0)
    grid = {"max_depth": [1, 2, 4, 8], "min_samples_leaf": [1, 2]}
    search = grid_search(tree, grid, X, C, cv=5, refit=rule)
    results = search.cv_results_
    scores = np.array([results[f"split{k}_test_score"] for k in range(5)])
    best = scores.mean(0).argmax()
    limit = scores.mean(0)[best] - scores[:, best].std(ddof=1) / 5**0.5
    good = [p for p, mean in zip(results["params"], scores.mean(0), strict=True) if mean >= limit]
    expected = min(good, key=lambda p: (p["max_depth"], -p["min_samples_leaf"]))
    assert search.best_params_ == expected
    theirs = sk.GridSearchCV(tree, grid, cv=5, refit=rule).fit(X, C)
    assert theirs.best_params_ == expected
    table = {"mean_test_score": [0.5, 0.9], "param_n": [1, 2], "split0_test_score": [0.5, 0.8],
             "split1_test_score": [0.5, 1.0]}  # fmt: skip
    assert one_standard_error("n")(table) == 1
    table["split1_test_score"] = [0.5, 2.0]
    assert one_standard_error("n")(table) == 0


def test_optimism_is_tibshiranis_correction():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    grid = {"max_depth": list(range(1, 9)), "min_samples_leaf": [1, 3, 5]}
    search = grid_search(DecisionTreeClassifier(random_state=0), grid, *noise, cv=6)
    scores = np.array([search.cv_results_[f"split{k}_test_score"] for k in range(6)])
    bias = np.mean([each.max() - each[search.best_index_] for each in scores])
    assert search.optimism() == pytest.approx(bias)
    assert bias > 0.02


# --- bad input


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "lamina.model_selection.scikit")
    with pytest.raises(ImportError, match=r'pip install "lamina\[sklearn\]"'):
        importlib.import_module("lamina.model_selection.scikit")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_fold_of_one_class_alone():
    """scikit-learn's AUC is NaN there, and the setting is ranked last."""
    y = np.r_[np.zeros(50, int), np.ones(25, int)]
    folds = [(np.arange(25, 75), np.arange(25)), (np.arange(0, 75, 2), np.arange(1, 75, 2))]
    theirs = sk.cross_validate(LogisticRegression(), X, y, cv=folds, scoring="roc_auc")
    ours = cross_validate(LogisticRegression(), X, y, cv=folds, scoring="roc_auc")
    np.testing.assert_array_equal(np.isnan(ours["test_score"]), np.isnan(theirs["test_score"]))
    build = lambda: classes(1, "sigmoid", "binary_crossentropy", 1)  # noqa: E731
    network = cross_validate(build, X, y, cv=folds, scoring="roc_auc", **FAST)
    np.testing.assert_array_equal(np.isnan(network["test_score"]), np.isnan(theirs["test_score"]))
    with pytest.warns(UserWarning, match="least populated class"):
        cross_validate(build, X[:30], np.r_[1, 1, np.zeros(28, int)], cv=3, **FAST)
    with pytest.warns(UserWarning, match="scoring failed. The score on this split will be set to"):
        broken = cross_validate(build, X, y, cv=3, scoring=lambda e, x, y: 1 / 0, **FAST)
    assert np.isnan(broken["test_score"]).all()
