"""Multilayer perceptrons against scikit-learn's with the same seed."""

import inspect
import re

import numpy as np
import pytest

from mlp_data import CLASSES, COUNTS, LABELS, NUMBERS, SEVERAL, TWO, WEIGHTS, X

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
