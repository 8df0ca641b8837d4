"""Multilayer perceptrons against scikit-learn's with the same seed, and lamina's additions."""

import copy
import inspect
import pickle
import re

import numpy as np
import pytest

import lamina

RNG = np.random.default_rng(5)
X = RNG.normal(size=(130, 6))
CLASSES = np.array(["ant", "bee", "cat"])[
    np.clip(np.rint(X[:, 0] + X[:, 1] ** 2), 0, 2).astype(int)
]
TWO = X[:, 0] * X[:, 1] > 0
LABELS = (X[:, :3] + X[:, 3:] > 0).astype(int)
NUMBERS = X[:, 0] - X[:, 1] * X[:, 2]
SEVERAL = np.column_stack([NUMBERS, X[:, 3] ** 2, X[:, 4]])
COUNTS = RNG.poisson(np.exp(X[:, 0] / 2))
WEIGHTS = RNG.uniform(0.2, 3.0, 130)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def rooms():
    """Return scikit-learn's module of networks, and lamina's."""
    pytest.importorskip("sklearn", minversion="1.9")  # before, networks took fewer arguments
    from sklearn import neural_network as theirs

    from lamina import sklearn as ours

    return theirs, ours


@pytest.fixture
def ours():
    pytest.importorskip("sklearn")
    from lamina import sklearn as ours

    return ours


CLASSIFIER, REGRESSOR = "MLPClassifier", "MLPRegressor"
EARLY = {"early_stopping": True, "max_iter": 40, "n_iter_no_change": 4}
SGD = {"solver": "sgd", "learning_rate_init": 0.1}
CASES = {
    "adam": (CLASSIFIER, CLASSES, None, {}),
    "tanh, two layers": (CLASSIFIER, CLASSES, None, {"activation": "tanh",
                                                     "hidden_layer_sizes": (9, 7)}),
    "weights": (CLASSIFIER, CLASSES, WEIGHTS, {"alpha": 3.0}),
    "bools, logistic, in order": (CLASSIFIER, TWO, None, {"activation": "logistic",
                                                          "shuffle": False}),
    "labels": (CLASSIFIER, LABELS, None, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-4}),
    "sgd": (CLASSIFIER, CLASSES, None, SGD),
    "sgd without Nesterov": (CLASSIFIER, TWO, None, {**SGD, "nesterovs_momentum": False}),
    "sgd without momentum": (REGRESSOR, NUMBERS, None, {"solver": "sgd", "momentum": 0.0}),
    "invscaling": (CLASSIFIER, CLASSES, None, {**SGD, "learning_rate": "invscaling",
                                               "power_t": 0.3}),
    "adaptive": (CLASSIFIER, CLASSES, None, {**SGD, "learning_rate": "adaptive", "tol": 0.1,
                                             "n_iter_no_change": 1, "max_iter": 40}),
    "early": (CLASSIFIER, CLASSES, None, EARLY),
    "early, labels": (CLASSIFIER, LABELS, None, EARLY),
    "early, weights": (CLASSIFIER, CLASSES, WEIGHTS, EARLY),
    "early, numbers": (REGRESSOR, NUMBERS, None, {**EARLY, "validation_fraction": 0.3}),
    "early, several": (REGRESSOR, SEVERAL, None, EARLY),
    "to the end": (REGRESSOR, NUMBERS, None, {"tol": 0.05, "n_iter_no_change": 2,
                                              "max_iter": 200}),
    "several": (REGRESSOR, SEVERAL, None, {"alpha": 5.0}),
    "weights, several": (REGRESSOR, SEVERAL, WEIGHTS, {"alpha": 5.0, "batch_size": 50}),
    "counts": (REGRESSOR, COUNTS, WEIGHTS, {"loss": "poisson", "alpha": 1.0}),
    "lbfgs, classes": (CLASSIFIER, CLASSES, None, {"solver": "lbfgs"}),
    "lbfgs, labels": (CLASSIFIER, LABELS, None, {"solver": "lbfgs", "activation": "tanh"}),
    "lbfgs, numbers": (REGRESSOR, NUMBERS, WEIGHTS, {"solver": "lbfgs", "alpha": 2.0}),
    "lbfgs, counts": (REGRESSOR, COUNTS, None, {"solver": "lbfgs", "loss": "poisson",
                                                "activation": "identity"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_same_seed_gives_the_fit_of_scikit_learn(rooms, case):
    name, y, weight, settings = CASES[case]
    settings = {"hidden_layer_sizes": 12, "batch_size": 32, "max_iter": 12, "random_state": 4,
                **settings}  # fmt: skip
    theirs, ours = (
        getattr(room, name)(**settings).fit(X, y, sample_weight=weight) for room in rooms
    )
    # Rounding errors grow over some hundred steps; those of a line search grow more.
    tolerance = 1e-7 if settings.get("solver") == "lbfgs" else 1e-9
    for kind in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(theirs, kind), getattr(ours, kind), strict=True):
            np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)
    for kind in ("loss_", "best_loss_", "loss_curve_", "validation_scores_",
                 "best_validation_score_"):  # fmt: skip
        expected = getattr(theirs, kind, "none")
        if expected is None or isinstance(expected, str):
            assert getattr(ours, kind, "none") == expected, kind
        else:
            np.testing.assert_allclose(getattr(ours, kind), expected, rtol=1e-7, err_msg=kind)
    for kind in ("t_", "n_iter_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, kind) == getattr(theirs, kind), kind
    np.testing.assert_allclose(
        ours.predict(X), theirs.predict(X), rtol=1e-5
    ) if name == REGRESSOR else np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    if name == CLASSIFIER:
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        for method in ("predict_proba", "predict_log_proba"):
            np.testing.assert_allclose(
                getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-5, atol=1e-9
            )


def test_further_fits_go_on_as_scikit_learns_do(rooms):
    made = []
    for room in rooms:
        mlp = room.MLPClassifier(8, solver="sgd", random_state=2, momentum=0.8, max_iter=3)
        mlp.partial_fit(X[:50], CLASSES[:50], classes=np.unique(CLASSES))
        mlp.partial_fit(X[50:], CLASSES[50:], sample_weight=WEIGHTS[50:])
        mlp.set_params(warm_start=True).fit(X, CLASSES)
        made.append(mlp)
    theirs, ours = made
    for a, b in zip(theirs.coefs_, ours.coefs_, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-10)
    assert (ours.t_, ours.n_iter_) == (theirs.t_, theirs.n_iter_)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)


def test_several_outputs_have_the_gradient_of_their_loss(ours):
    """L-BFGS needs both of the same function: scikit-learn's differ, and its minimum is worse."""
    mlp = ours.MLPRegressor(
        hidden_layer_sizes=4, activation="tanh", solver="lbfgs", alpha=2.0, random_state=1,
        max_iter=3000, tol=1e-9,
    ).fit(X, SEVERAL, WEIGHTS)  # fmt: skip
    share = WEIGHTS / WEIGHTS.sum()

    def value(weights):
        hidden = np.tanh(X @ weights[0] + weights[1])
        error = np.square(hidden @ weights[2] + weights[3] - SEVERAL).sum(axis=1) / 2
        squares = np.square(weights[0]).sum() + np.square(weights[2]).sum()
        return share @ error + 2.0 / 2 * squares / WEIGHTS.sum()

    weights = [mlp.coefs_[0], mlp.intercepts_[0], mlp.coefs_[1], mlp.intercepts_[1]]
    weights = [w.copy() for w in weights]
    for w in weights:
        for place in np.ndindex(*w.shape):
            sides = []
            for step in (1e-5, -1e-5):
                w[place] += step
                sides.append(value(weights))
                w[place] -= step
            assert abs(sides[0] - sides[1]) / 2e-5 < 1e-4
    # It is reported as in scikit-learn: half the mean over the outputs.
    squares = sum(np.square(coef).sum() for coef in mlp.coefs_) / WEIGHTS.sum()
    error = share @ np.square(mlp.predict(X) - SEVERAL).mean(axis=1) / 2
    assert mlp.loss_ == pytest.approx(error + 2.0 / 2 * squares, rel=1e-12)


@pytest.mark.parametrize("name", [CLASSIFIER, REGRESSOR])
def test_arguments_are_those_of_scikit_learn_and_more(rooms, name):
    theirs, ours = (inspect.signature(getattr(room, name)).parameters for room in rooms)
    assert list(ours)[: len(theirs)] == list(theirs)
    for argument, parameter in theirs.items():
        assert ours[argument].default == parameter.default
        assert ours[argument].kind == parameter.kind


BAD = {
    "solver": "newton", "alpha": -1.0, "batch_size": 0, "learning_rate": "fast",
    "learning_rate_init": 0.0, "power_t": -1.0, "max_iter": 0, "shuffle": "yes",
    "random_state": "seed", "tol": -1.0, "warm_start": "no", "momentum": 2.0,
    "nesterovs_momentum": 3, "early_stopping": None, "validation_fraction": 1.5, "beta_1": 1.0,
    "beta_2": -0.1, "epsilon": 0.0, "n_iter_no_change": 0, "max_fun": 0,
    "hidden_layer_sizes": (4, -1), "verbose": "loud",
}  # fmt: skip


@pytest.mark.parametrize("argument", BAD)
def test_bad_arguments_are_told_in_scikit_learns_words(rooms, argument):
    told = []
    for room in rooms:
        with pytest.raises(ValueError, match=argument) as error:
            room.MLPRegressor(**{argument: BAD[argument]}).fit(X, NUMBERS)
        # scikit-learn lists the accepted values in the order of a set.
        told.append(sorted(re.findall(r"[\w.'-]+", str(error.value))))
    assert told[1] == told[0]


# --- lamina's additions


def test_settings_by_layer(ours):
    mlp = ours.MLPRegressor(
        hidden_layer_sizes=(8, 6), activation=["gelu", "tanh"], dropout=[0.0, 0.3], max_iter=3,
        batch_norm=True, random_state=0,
    ).fit(X, NUMBERS)  # fmt: skip
    kinds = [type(layer).__name__ for layer in mlp.model_.layers]
    block = ["Dense", "BatchNormalization", "Activation"]
    assert kinds == [*block, *block, "Dropout", "Dense"]
    assert [mlp.model_.layers[i].activation.name for i in (2, 5)] == ["gelu", "tanh"]
    assert np.abs(mlp.model_.layers[1].moving_mean).max() > 0
    np.testing.assert_array_equal(mlp.predict(X), mlp.model_.predict(X)[:, 0])
    again = ours.MLPRegressor(**mlp.get_params()).fit(X, NUMBERS)
    np.testing.assert_array_equal(again.predict(X), mlp.predict(X))
    other = ours.MLPRegressor(**{**mlp.get_params(), "dropout": 0.0}).fit(X, NUMBERS)
    assert not np.array_equal(other.predict(X), mlp.predict(X))


def test_an_l1_penalty_leaves_zeros(ours):
    settings = {"hidden_layer_sizes": (), "max_iter": 400, "learning_rate_init": 0.02,
                "random_state": 0, "alpha": 0.0, "n_iter_no_change": 400}  # fmt: skip
    y = 2 * X[:, 0] - X[:, 1]
    plain = ours.MLPRegressor(**settings).fit(X, y)
    sparse = ours.MLPRegressor(**settings, l1=40.0).fit(X, y)
    assert np.abs(plain.coefs_[0]).min() > 0
    assert (sparse.coefs_[0][2:] == 0).all()
    # The lasso's condition: the slope of the loss at each weight that is not 0.
    slope = X.T @ (sparse.predict(X) - y)
    np.testing.assert_allclose(slope[:2], [-40.0, 40.0], rtol=0.02)


@pytest.mark.parametrize("dtype", [None, "float32", np.float64])
def test_the_type_that_is_computed_in(ours, dtype):
    for given in ("float32", "float64"):
        for solver in ("adam", "lbfgs"):
            mlp = ours.MLPRegressor(hidden_layer_sizes=5, solver=solver, max_iter=2, dtype=dtype)
            mlp.fit(X.astype(given), NUMBERS)
            wanted = np.dtype(given if dtype is None else dtype)
            assert {w.dtype for w in mlp.coefs_ + mlp.intercepts_} == {wanted}
            assert mlp.predict(X).dtype == wanted


def test_classes_have_weights(ours):
    base = {"hidden_layer_sizes": 6, "random_state": 1, "max_iter": 5}
    by_class = {"ant": 1.0, "bee": 2.0, "cat": 5.0}
    given = ours.MLPClassifier(**base, class_weight=by_class).fit(X, CLASSES, WEIGHTS)
    same = ours.MLPClassifier(**base).fit(X, CLASSES, WEIGHTS * [by_class[c] for c in CLASSES])
    np.testing.assert_array_equal(given.coefs_[0], same.coefs_[0])
    counts = {c: 130 / (3 * np.sum(c == CLASSES)) for c in np.unique(CLASSES)}
    balanced = ours.MLPClassifier(**base, class_weight="balanced").fit(X, CLASSES)
    same = ours.MLPClassifier(**base, class_weight=counts).fit(X, CLASSES)
    np.testing.assert_array_equal(balanced.coefs_[0], same.coefs_[0])
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        balanced.partial_fit(X, CLASSES)


def test_held_out_rows_of_ones_own_and_callbacks(ours):
    seen = []

    class See(lamina.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(dict(logs))

    held = X[100:], NUMBERS[100:], WEIGHTS[100:]
    settings = {"hidden_layer_sizes": 6, "random_state": 0, "max_iter": 9,
                "learning_rate_init": 0.05}  # fmt: skip
    mlp = ours.MLPRegressor(**settings, validation_data=held, callbacks=See())
    mlp.fit(X[:100], NUMBERS[:100])
    assert [logs["val_score"] for logs in seen] == mlp.validation_scores_
    assert [logs["loss"] for logs in seen] == mlp.loss_curve_
    assert mlp.validation_scores_[-1] == pytest.approx(mlp.score(*held), rel=1e-12)
    error = np.average(np.square(mlp.predict(held[0]) - held[1]), weights=held[2]) / 2
    squares = sum(np.square(c).sum() for c in mlp.coefs_)
    expected = error + 1e-4 / 2 * squares / held[2].sum()
    assert seen[-1]["val_loss"] == pytest.approx(expected, rel=1e-12)
    plain = ours.MLPRegressor(**settings).fit(X[:100], NUMBERS[:100])
    np.testing.assert_array_equal(plain.coefs_[0], mlp.coefs_[0])  # the rest is unchanged
    early = ours.MLPRegressor(**settings, early_stopping=True)
    early.fit(X[:100], NUMBERS[:100], validation_data=held)
    assert early.validation_scores_ == mlp.validation_scores_
    assert early.score(*held) == pytest.approx(max(early.validation_scores_), rel=1e-12)
    fewer = ours.MLPClassifier(hidden_layer_sizes=6, max_iter=1, warm_start=True)
    one = CLASSES == "bee"
    for _ in range(2):  # the rows held out need not contain all classes
        fewer.fit(X, CLASSES, validation_data=(X[one], CLASSES[one]))
    assert len(fewer.validation_scores_) == 2
    stopped = ours.MLPRegressor(
        **settings, callbacks=[lamina.callbacks.EarlyStopping("val_score", mode="max",
                                                               min_delta=9.0, patience=1)],
        validation_data=held,
    ).fit(X[:100], NUMBERS[:100])  # fmt: skip
    assert stopped.n_iter_ == 2
    (given,), (used,) = stopped.callbacks, stopped.callbacks_
    assert (used.stopped_epoch, given.stopped_epoch, given.model) == (1, 0, None)


def test_losses_of_laminas(ours):
    mlp = ours.MLPRegressor("mae", hidden_layer_sizes=8, alpha=0.0, random_state=0, max_iter=4).fit(
        X, NUMBERS
    )
    before = copy.deepcopy(mlp)
    mlp.partial_fit(X, NUMBERS)  # its loss is that of one batch, before the steps
    expected = np.abs(before.predict(X) - NUMBERS).mean()
    assert mlp.loss_ == pytest.approx(expected, rel=1e-12)
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        named = ours.MLPClassifier(8, loss=loss, random_state=0, max_iter=4).fit(X, CLASSES)
        usual = ours.MLPClassifier(8, random_state=0, max_iter=4).fit(X, CLASSES)
        np.testing.assert_allclose(named.coefs_[0], usual.coefs_[0], rtol=1e-10)
    focal = ours.MLPClassifier(8, loss=lamina.losses.BinaryFocalCrossentropy(gamma=0.0),
                               random_state=0, max_iter=4).fit(X, TWO)  # fmt: skip
    usual = ours.MLPClassifier(8, random_state=0, max_iter=4).fit(X, TWO)
    np.testing.assert_allclose(focal.coefs_[0], usual.coefs_[0], rtol=1e-5)


# --- forms of data


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


# --- errors


def test_ctrl_c_keeps_what_is_learned(ours):
    class Stop(lamina.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.history.epoch and self.model.history.epoch[-1] == 2:
                raise KeyboardInterrupt

    mlp = ours.MLPRegressor(hidden_layer_sizes=7, random_state=3, callbacks=[Stop()])
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        mlp.fit(X, NUMBERS)
    assert mlp.n_iter_ == 3
    assert np.isfinite(mlp.predict(X)).all()


def test_a_fit_that_diverges(ours):
    mlp = ours.MLPRegressor(
        hidden_layer_sizes=7, solver="sgd", learning_rate_init=1e9, random_state=0
    )
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights") as told:
        mlp.fit(X, NUMBERS)
    assert "learning rate 1e+09" in str(told.value.__cause__)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": "rely"}, "The 'activation' parameter of MLPRegressor must be a str among"),
        ({"activation": ["relu", "tanh"]}, "activation must be one value, or one for each of 1"),
        ({"dropout": [0.1, 0.2]}, "dropout must be one value, or one for each of 1 hidden"),
        ({"dropout": 1.0}, "The 'dropout' parameter of MLPRegressor must be"),
        ({"loss": "squared_eror"}, "squared_eror"),
        ({"solver": "lbfgs", "dropout": 0.5}, "lbfgs needs a smooth loss .*got dropout=0.5"),
        ({"solver": "lbfgs", "l1": 1.0}, "lbfgs needs a smooth loss .*got l1=1.0"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes must be > 0, got \[3, 0\]"),
        ({"validation_data": (X,)}, r"validation_data must be \(X, y\) or \(X, y, sample_weight"),
        ({"dtype": "float16"}, "The 'dtype' parameter of MLPRegressor must be"),
        ({"loss": "poisson"}, "out of the valid range of the loss 'poisson'"),
    ],
)
def test_bad_settings_are_told(ours, settings, message):
    mlp = ours.MLPRegressor(**{"hidden_layer_sizes": 5, **settings})
    with pytest.raises(ValueError, match=message):
        mlp.fit(X, NUMBERS)
    assert not hasattr(mlp, "model_")


def test_layers_of_another_size_need_a_new_fit(ours):
    mlp = ours.MLPRegressor(hidden_layer_sizes=5, max_iter=2, warm_start=True).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"continues with the layers of the first, of \[6, 5, 1\]"):
        mlp.set_params(hidden_layer_sizes=4).fit(X, NUMBERS)


def test_names_of_parameters_are_those_of_each_class(ours):
    class Own(ours.MLPRegressor):
        def __init__(self, units=3):
            super().__init__(units)
            self.units = units

    assert "class_weight" in ours.MLPClassifier().get_params()
    assert "class_weight" not in ours.MLPRegressor().get_params()
    assert Own(4).get_params() == {"units": 4}
