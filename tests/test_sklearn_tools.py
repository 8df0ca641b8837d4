"""Networks in scikit-learn's tools: searches, calibration, ensembles, importance, files."""

import copy
import io
import pickle
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lamina
from estimator_data import network
from lamina import callbacks, layers
from lamina.layers import Dense

pytestmark = [
    pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice"),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
]


def pictures(X_shape_: tuple[int, ...], n_classes_: int, filters: int = 4) -> Any:
    """Build a convolutional network."""
    return lamina.Sequential(
        [
            lamina.Input(X_shape_[1:]),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            Dense(n_classes_, "softmax"),
        ]
    )


def recurrent(meta: dict[str, Any], units: int = 6) -> Any:
    """Build a recurrent network with the sizes in ``meta``."""
    shape = meta["X_shape_"][1:]
    return lamina.Sequential([lamina.Input(shape), layers.SimpleRNN(units), Dense(1)])


@pytest.fixture(params=["NeuralNet", "MLP"])
def doors(request: pytest.FixtureRequest, nets: Any, flowers: Any, patients: Any) -> Any:
    """Return a classifier and a regressor of each kind."""
    if request.param == "NeuralNet":
        return SimpleNamespace(flowers=flowers, patients=patients)
    settings = {"hidden_layer_sizes": (16,), "max_iter": 20, "batch_size": 17, "tol": 0.0}
    settings |= {"learning_rate_init": 0.02, "random_state": 0}
    return SimpleNamespace(
        flowers=nets.MLPClassifier(**settings), patients=nets.MLPRegressor(**settings)
    )


def test_a_grid_on_all_cores(iris, doors):
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    whole = Pipeline([("scale", StandardScaler()), ("net", doors.flowers)])
    own = {"model__units": [2, 16], "learning_rate": [1e-6, 0.02]}
    if "epochs" not in doors.flowers.get_params():
        own = {"hidden_layer_sizes": [(2,), (16,)], "learning_rate_init": [1e-6, 0.02]}
    grid = {f"net__{name}": values for name, values in own.items()}
    found = GridSearchCV(whole, grid, cv=2, n_jobs=-1).fit(iris.x, iris.y)
    rates = [value for name, value in found.best_params_.items() if "learning_rate" in name]
    assert rates == [0.02]
    assert found.best_score_ > 0.85
    here = cross_val_score(whole.set_params(**found.best_params_), iris.x, iris.y, cv=2)
    assert found.best_score_ == here.mean()  # the same bits in other processes


def test_images_in_a_grid(nets):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV

    digits = load_digits(n_class=4)
    x = digits.images[:200, :, :, None] / 16
    net = nets.NeuralNetClassifier(pictures, epochs=10, learning_rate=0.01, random_state=0)
    found = GridSearchCV(net, {"model__filters": [1, 6]}, cv=2).fit(x, digits.target[:200])
    assert found.best_score_ > 0.9
    assert found.predict(x[:3]).shape == (3,)
    with pytest.raises(ValueError, match=r"rows of shape \(8, 4, 1\)"):
        found.predict(x[:, :, :4])
    flat = nets.NeuralNetClassifier(pictures((1, 8, 8, 1), 4))
    with pytest.raises(ValueError, match=r"put layers.Reshape\(\(8, 8, 1\)\) first"):
        flat.fit(x.reshape(200, 64), digits.target[:200])


def test_series_in_a_grid(nets):
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

    wave = np.sin(np.arange(300) / 5)
    x = np.lib.stride_tricks.sliding_window_view(wave, 8)[:-1, :, None]
    net = nets.NeuralNetRegressor(recurrent, epochs=8, learning_rate=0.02, random_state=0)
    found = GridSearchCV(net, {"model__units": [1, 8]}, cv=TimeSeriesSplit(2)).fit(x, wave[8:])
    assert found.best_params_ == {"model__units": 8}
    assert found.best_score_ > 0.9


def test_calibration(iris, doors):
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    fitted = FrozenEstimator(doors.flowers.fit(iris.x, iris.y))
    for net in (doors.flowers, fitted):
        found = CalibratedClassifierCV(net, cv=2).fit(iris.x, iris.y)
        assert found.score(iris.x, iris.y) > 0.9
        assert found.classes_.tolist() == doors.flowers.classes_.tolist()


def test_calibration_of_scores(nets, iris):
    from sklearn.calibration import CalibratedClassifierCV

    scores = nets.NeuralNetClassifier(network, loss="hinge", epochs=20, learning_rate=0.02)
    two = iris.y != "setosa"
    found = CalibratedClassifierCV(scores, cv=2).fit(iris.x[two], iris.y[two])
    assert found.score(iris.x[two], iris.y[two]) > 0.8


def test_ensembles(iris, diabetes, doors):
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import (
        AdaBoostClassifier,
        BaggingRegressor,
        StackingClassifier,
        VotingClassifier,
    )
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    flowers, patients = doors.flowers, doors.patients
    other = LogisticRegression(max_iter=1000)
    each = [("net", flowers), ("logistic", other)]
    alone = flowers.fit(iris.x, iris.y).predict_proba(iris.x)
    voted = VotingClassifier(each, voting="soft").fit(iris.x, iris.y)
    mean = (alone + other.fit(iris.x, iris.y).predict_proba(iris.x)) / 2
    np.testing.assert_allclose(voted.predict_proba(iris.x), mean, rtol=1e-6)
    boosted = AdaBoostClassifier(flowers, n_estimators=2, random_state=0)  # it seeds the networks
    for found in (StackingClassifier(each, cv=2), boosted):
        assert found.fit(iris.x, iris.y).score(iris.x, iris.y) > 0.9
    raw = 100 + 50 * diabetes.y
    found = TransformedTargetRegressor(patients, transformer=StandardScaler())
    assert found.fit(diabetes.x, raw).score(diabetes.x, raw) > 0.45
    assert found.regressor_.predict(diabetes.x).std() < 2  # it is fitted to scaled targets
    bags = BaggingRegressor(patients, n_estimators=2).fit(diabetes.x, diabetes.y)
    assert bags.score(diabetes.x, diabetes.y) > 0.45


def test_importance_and_curves(iris, doors):
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import cross_val_predict, cross_validate, learning_curve

    x = np.column_stack([iris.x, np.random.default_rng(0).normal(size=150)])
    flowers = doors.flowers.fit(x, iris.y)
    found = permutation_importance(flowers, x, iris.y, n_repeats=3, random_state=0)
    assert found.importances_mean.argmax() in (2, 3)  # the petals
    assert found.importances_mean[4] < 0.1
    chances = cross_val_predict(flowers, iris.x, iris.y, method="predict_proba", cv=2)
    assert (np.unique(iris.y)[chances.argmax(axis=1)] == iris.y).mean() > 0.9
    _, train, test = learning_curve(flowers, iris.x, iris.y, cv=2, train_sizes=[0.3, 1.0])
    assert train.shape == test.shape == (2, 2)
    assert test[-1].mean() > 0.9
    scores = cross_validate(
        flowers, iris.x, iris.y, cv=2, scoring=["accuracy", "neg_log_loss", "roc_auc_ovr"]
    )
    assert scores["test_neg_log_loss"].min() > -0.5
    assert scores["test_roc_auc_ovr"].min() > 0.95


def test_weights_are_routed(iris, doors):
    import sklearn
    from sklearn.model_selection import cross_validate

    weights = (iris.y == "setosa") + 1e-3
    with sklearn.config_context(enable_metadata_routing=True):
        net = doors.flowers.set_fit_request(sample_weight=True).set_score_request(
            sample_weight=True
        )
        found = cross_validate(net, iris.x, iris.y, cv=2, params={"sample_weight": weights})
    assert found["test_score"].min() > 0.99  # other rows have weight 0.001


def test_early_stopping_in_each_fit(nets, iris):
    from sklearn.model_selection import cross_val_score

    stop = callbacks.EarlyStopping(monitor="val_loss", patience=1)
    net = nets.NeuralNetClassifier(
        network, epochs=200, learning_rate=0.01, validation_split=0.2, callbacks=[stop],
        random_state=0,
    )  # fmt: skip
    epochs = net.fit(iris.x, iris.y).n_iter_
    assert 2 < epochs < 200
    assert len(net.history_["val_loss"]) == epochs
    assert net.fit(iris.x, iris.y).n_iter_ == epochs  # the callback can be reused
    assert net.callbacks_[0] is not stop
    assert cross_val_score(net, iris.x, iris.y, cv=2).min() > 0.8
    held_out = (iris.x[100:], iris.y[100:])
    net.set_params(validation_split=0.0).fit(iris.x[:100], iris.y[:100], validation_data=held_out)
    assert len(net.history_["val_loss"]) == net.n_iter_ < 200


def test_files_and_copies(iris, doors):
    joblib = pytest.importorskip("joblib")
    flowers = doors.flowers
    flowers.fit(iris.x, iris.y)
    chances = flowers.predict_proba(iris.x)
    held = io.BytesIO()
    joblib.dump(flowers, held)
    held.seek(0)
    for other in (pickle.loads(pickle.dumps(flowers)), joblib.load(held), copy.deepcopy(flowers)):
        assert (other.predict_proba(iris.x) == chances).all()
        other.partial_fit(iris.x, iris.y)
        again = copy.deepcopy(flowers).partial_fit(iris.x, iris.y)  # the optimizer's moments too
        assert (other.predict_proba(iris.x) == again.predict_proba(iris.x)).all()


def test_a_fit_that_diverges_is_a_nan_in_a_search(nets, diabetes):
    from sklearn.exceptions import FitFailedWarning
    from sklearn.model_selection import GridSearchCV

    net = nets.NeuralNetRegressor(network, optimizer="sgd", epochs=3, random_state=0)
    search = GridSearchCV(net, {"learning_rate": [0.01, 1e30]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.simplefilter("ignore", UserWarning)
        search.fit(diabetes.x, diabetes.y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"learning_rate": 0.01}
