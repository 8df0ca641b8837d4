"""Multilayer perceptrons: forms of data, copies, the network's own weights."""

import copy
import pickle

import numpy as np
import pytest

import lamina
from mlp_data import CLASSES, NUMBERS, TWO, X

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def ours():
    pytest.importorskip("sklearn")
    from lamina import sklearn as ours

    return ours


def test_sparse_rows_give_the_fit_of_dense_ones(ours):
    sparse = pytest.importorskip("scipy.sparse")
    x = np.where(np.abs(X) > 0.7, X, 0.0)
    for settings in ({}, {"solver": "lbfgs"}, {"early_stopping": True}):
        mlp = ours.MLPRegressor(hidden_layer_sizes=6, max_iter=4, random_state=0, **settings)
        expected = mlp.fit(x, NUMBERS).predict(x)
        for form in (sparse.csr_array, sparse.csc_matrix):
            np.testing.assert_array_equal(mlp.fit(form(x), NUMBERS).predict(form(x)), expected)


def test_sparse_labels_give_sparse_labels(ours):
    sparse = pytest.importorskip("scipy.sparse")
    y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)
    for settings in ({}, {"solver": "lbfgs"}, {"early_stopping": True}):
        mlp = ours.MLPClassifier(6, max_iter=4, random_state=0, **settings)
        labels, score = mlp.fit(X, y).predict(X), mlp.score(X, y)
        mlp.fit(X, sparse.csr_matrix(y))
        assert (mlp.predict(X).toarray() == labels).all()
        assert mlp.score(X, sparse.csr_matrix(y)) == score


@pytest.mark.parametrize("room", ["pandas", "polars"])
def test_tables_have_names(ours, room):
    package = pytest.importorskip(room)
    names = ["a", "b", "c"]
    table = package.DataFrame({"a": X[:, 0], "b": X[:, 1] > 0, "c": np.arange(130)})
    if room == "pandas":
        table = table.astype({"a": "Float64", "b": "boolean", "c": "Int32"})
    mlp = ours.MLPClassifier(5, max_iter=2, random_state=0).fit(table, package.Series(CLASSES))
    assert mlp.feature_names_in_.tolist() == names
    plain = np.column_stack([X[:, 0], X[:, 1] > 0, np.arange(130)])
    expected = ours.MLPClassifier(5, max_iter=2, random_state=0).fit(plain, CLASSES)
    np.testing.assert_array_equal(mlp.predict_proba(table), expected.predict_proba(plain))
    with pytest.raises(ValueError, match="feature names should match"):
        mlp.predict(table[["b", "a", "c"]])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        mlp.predict(plain)


def test_labels_stay_what_they_are(ours):
    pandas = pytest.importorskip("pandas")
    for y in (
        TWO,
        TWO.astype("int8"),
        np.where(TWO, "x", "yy"),
        pandas.Series(TWO, dtype="boolean"),
    ):
        mlp = ours.MLPClassifier(hidden_layer_sizes=9, solver="lbfgs", random_state=0).fit(X, y)
        wanted = np.asarray(y.astype(bool) if isinstance(y, pandas.Series) else y)
        assert mlp.classes_.dtype == mlp.predict(X).dtype == wanted.dtype
        assert (mlp.predict(X) == wanted).mean() > 0.95


# --- copies, weights


def test_copies_go_on_as_the_original(ours):
    from sklearn.base import clone

    first = ours.MLPClassifier(7, random_state=3, max_iter=4, dropout=0.2).fit(X, CLASSES)
    others = [pickle.loads(pickle.dumps(first)), copy.deepcopy(first)]
    first.partial_fit(X, CLASSES)
    for other in others:
        assert other.predict(X).tolist() != first.predict_proba(X).tolist()
        other.partial_fit(X, CLASSES)
        for a, b in zip(first.coefs_, other.coefs_, strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(first.predict_proba(X), other.predict_proba(X))
        other.coefs_[0][...] = 0.0  # its own weights
        assert np.abs(first.coefs_[0]).min() > 0
        assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))
    assert not hasattr(clone(first), "model_")


def test_weights_are_the_networks_own(ours):
    mlp = ours.MLPRegressor(hidden_layer_sizes=7, random_state=3, max_iter=2).fit(X, NUMBERS)
    mlp.coefs_[1][...] = 0.0
    np.testing.assert_array_equal(mlp.predict(X), np.full(130, mlp.intercepts_[1][0]))
    mlp.intercepts_[1] = np.array([2.5])
    np.testing.assert_array_equal(mlp.predict(X), np.full(130, 2.5))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mlp)).predict(X), np.full(130, 2.5))


def test_the_network_is_a_model(ours, tmp_path):
    keep = lamina.callbacks.ModelCheckpoint(tmp_path / "best.lamina")
    mlp = ours.MLPClassifier(hidden_layer_sizes=7, random_state=3, max_iter=2, callbacks=keep)
    mlp.fit(X, CLASSES)
    assert isinstance(mlp.model_, lamina.Sequential)
    np.testing.assert_array_equal(mlp.model_.predict(X), mlp.predict_proba(X))
    own = mlp.predict_proba(X)[np.arange(130), np.searchsorted(mlp.classes_, CLASSES)]
    measured = mlp.model_.evaluate(X, np.searchsorted(mlp.classes_, CLASSES), verbose=0)
    assert measured == pytest.approx(-np.log(own).mean(), rel=1e-12)
    kept = lamina.models.load_model(tmp_path / "best.lamina")
    np.testing.assert_array_equal(kept.predict(X), mlp.predict_proba(X))


def test_within_scikit_learns_tools(ours):
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    mlp = ours.MLPRegressor(hidden_layer_sizes=8, solver="lbfgs", max_iter=60, random_state=0)
    pipe = make_pipeline(StandardScaler(), TransformedTargetRegressor(mlp))
    grid = {"transformedtargetregressor__regressor__alpha": [0.1, 1000.0]}
    search = GridSearchCV(pipe, grid, cv=3, n_jobs=2).fit(X, NUMBERS)
    assert search.best_params_ == {"transformedtargetregressor__regressor__alpha": 0.1}
    found = permutation_importance(search.best_estimator_, X, NUMBERS, n_repeats=3, random_state=0)
    assert found.importances_mean[:3].min() > found.importances_mean[3:].max()
