"""Networks in scikit-learn's tools: searches, pipelines, calibration, ensembles, importance."""

import copy
import io
import pickle
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers
from lamina.layers import Dense

pytestmark = [
    pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice"),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
]


def network(n_features_in_: int, n_outputs_: int, units: int = 16, activation: str = "relu") -> Any:
    """Build a network for any table; its last layer returns logits or numbers."""
    return lamina.Sequential(
        [lamina.Input((n_features_in_,)), Dense(units, activation), Dense(n_outputs_)]
    )


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


@pytest.fixture
def nets() -> Any:
    """Return the classes."""
    pytest.importorskip("sklearn")
    return lamina.sklearn


@pytest.fixture
def iris() -> SimpleNamespace:
    """Return the flowers with their names, in random order."""
    datasets = pytest.importorskip("sklearn.datasets")
    found = datasets.load_iris()
    order = np.random.default_rng(0).permutation(150)
    return SimpleNamespace(x=found.data[order], y=found.target_names[found.target[order]])


@pytest.fixture
def diabetes() -> SimpleNamespace:
    """Return patients, and the standardized target."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_diabetes(return_X_y=True)
    return SimpleNamespace(x=x * 20, y=(y - y.mean()) / y.std())


@pytest.fixture
def flowers(nets: Any) -> Any:
    """Return a classifier for them."""
    return nets.NeuralNetClassifier(network, epochs=20, learning_rate=0.02, random_state=0)


@pytest.fixture
def patients(nets: Any) -> Any:
    """Return a regressor for them."""
    return nets.NeuralNetRegressor(network, epochs=20, learning_rate=0.01, random_state=0)


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


# --- fits


def test_a_fit_is_that_of_the_model(nets, iris):
    """The same bits as ``Model.fit`` with the seed that ``random_state`` draws."""
    net = nets.NeuralNetClassifier(
        network, epochs=3, batch_size=16, learning_rate=0.01, random_state=5, model__units=7
    ).fit(iris.x, iris.y)
    seed = np.random.RandomState(5).randint(np.iinfo(np.int32).max)
    with lamina.random.seeded(seed):
        model = network(4, 3, units=7)
    loss = lamina.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(lamina.optimizers.Adam(0.01), loss)
    codes = np.searchsorted(np.unique(iris.y), iris.y)
    history = model.fit(iris.x, codes, epochs=3, batch_size=16, verbose=0)
    assert net.history_ == history.history
    assert net.n_iter_ == 3
    logits = model.predict(iris.x, verbose=0).astype(np.float64)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.predict_proba(iris.x), chances, rtol=1e-5, atol=1e-7)
    assert (net.predict(iris.x) == np.unique(iris.y)[logits.argmax(axis=1)]).all()
    assert net.score(iris.x, iris.y) == (net.predict(iris.x) == iris.y).mean()


@pytest.mark.parametrize("made", [network, "model", "class"])
def test_seeds_are_scikit_learns(nets, iris, made):
    class Own(lamina.Model):
        def __init__(self, units=8):
            super().__init__()
            self.first, self.drop, self.last = Dense(units), layers.Dropout(0.3), Dense(3)

        def call(self, inputs, training=None):
            return self.last(self.drop(self.first(inputs), training=training))

    chain = lamina.Sequential([Dense(8, "relu"), layers.Dropout(0.3), Dense(3)])
    model = {"model": chain, "class": Own}.get(made, made)

    def chances(state):
        net = nets.NeuralNetClassifier(model, epochs=1, random_state=state)
        return net.fit(iris.x, iris.y).predict_proba(iris.x)

    assert (chances(0) == chances(0)).all()
    assert (chances(0) != chances(1)).any()
    state = np.random.RandomState(3)
    first, second = chances(state), chances(state)
    assert (first != second).any()
    assert (chances(np.random.RandomState(3)) == first).all()
    np.random.seed(3)  # noqa: NPY002
    assert (chances(None) == first).all()
    assert (chances(None) == second).all()


def test_nothing_else_is_seeded(flowers, iris):
    lamina.set_random_seed(1)
    before = lamina.random.next_seed(), np.random.random()  # noqa: NPY002
    lamina.set_random_seed(1)
    flowers.fit(iris.x, iris.y)
    assert (lamina.random.next_seed(), np.random.random()) == before  # noqa: NPY002


def test_partial_fits_and_warm_starts_go_on(nets, iris):
    def net(**settings):
        return nets.NeuralNetClassifier(network, random_state=0, **settings)

    whole = net(epochs=4).fit(iris.x, iris.y)
    parts = net()
    for _ in range(4):
        parts.partial_fit(iris.x, iris.y, classes=np.unique(iris.y))
    warm = net(epochs=2, warm_start=True).fit(iris.x, iris.y).fit(iris.x, iris.y)
    for other in (parts, warm):
        assert (other.predict_proba(iris.x) == whole.predict_proba(iris.x)).all()
        assert (other.history_, other.n_iter_) == (whole.history_, 4)
    assert net(epochs=2).fit(iris.x, iris.y).fit(iris.x, iris.y).n_iter_ == 2
    parts.partial_fit(iris.x[:1], iris.y[:1])  # only one of the known classes
    with pytest.raises(ValueError, match=r"classes as before.*\['setosa', 'versicolor'\]"):
        warm.fit(iris.x[iris.y != "virginica"], iris.y[iris.y != "virginica"])
    with pytest.raises(ValueError, match="no classes but those of before"):
        parts.partial_fit(iris.x, np.full(150, "rosa"))
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        net().partial_fit(iris.x, iris.y)


def test_a_rate_that_is_set_counts_in_the_next_part(patients, diabetes):
    patients.partial_fit(diabetes.x, diabetes.y)
    patients.model_.optimizer.learning_rate = 0.5  # as a callback might
    patients.partial_fit(diabetes.x, diabetes.y)
    assert float(patients.model_.optimizer.learning_rate) == 0.5
    patients.set_params(learning_rate=0.25).partial_fit(diabetes.x, diabetes.y)
    assert float(patients.model_.optimizer.learning_rate) == 0.25


def test_a_refused_fit_changes_nothing(flowers, iris):
    with pytest.raises(ValueError, match="at least 2 classes"):
        flowers.fit(iris.x, np.full(150, "setosa"))
    assert set(vars(flowers)) == set(flowers.get_params(deep=False))
    chances = flowers.fit(iris.x, iris.y).predict_proba(iris.x)
    with pytest.raises(ValueError, match="batch_size"):
        flowers.set_params(batch_size=0).fit(iris.x[:, :2], iris.y)
    assert (flowers.predict_proba(iris.x) == chances).all()


def test_models_keep_what_they_are(nets, iris):
    """A model is a template: it is not trained, and copies have the weights of its fixed layers."""
    norm = layers.Normalization()
    norm.adapt(iris.x)
    frozen = Dense(8, "relu", trainable=False)
    model = lamina.Sequential([lamina.Input((4,)), norm, frozen, Dense(3)])
    model.compile(lamina.optimizers.Adam(0.01), "mse", metrics=["accuracy"])
    before = copy.deepcopy(model.get_weights())
    net = nets.NeuralNetClassifier(model, epochs=2, random_state=0).fit(iris.x, iris.y)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert int(model.optimizer.iterations) == 0
    ours = net.model_.layers
    assert (ours[-2].get_weights()[0] == frozen.get_weights()[0]).all()
    assert (np.asarray(ours[0].mean) == np.asarray(norm.mean)).all()
    assert (ours[-1].get_weights()[0] != model.layers[-1].get_weights()[0]).any()
    assert set(net.history_) == {"loss", "accuracy"}
    assert net.model_.loss.name == "mean_squared_error"


# --- parameters


def test_parameters_of_what_is_held(nets, iris):
    from sklearn.base import clone

    net = nets.NeuralNetClassifier(network, optimizer="sgd", epochs=1, optimizer__momentum=0.5)
    assert net.get_params()["model__units"] == 16
    assert "model__n_outputs_" not in net.get_params()
    assert "model__units" not in net.get_params(deep=False)
    net = clone(net.set_params(model__units=3, loss="categorical_crossentropy",
                               loss__from_logits=True, fit__time_ordered=True,
                               validation_split=0.5))  # fmt: skip
    assert net.get_params()["model__units"] == 3
    net.fit(iris.x, iris.y)
    assert net.model_.layers[0].units == 3
    assert net.model_.optimizer.momentum == 0.5
    assert net.model_.loss.from_logits
    assert net.model_.history.validation_rows.tolist() == list(range(75, 150))
    assert "model__units=3" in repr(net)
    assert "momentum" in net._repr_html_()


def test_parameters_that_are_not_there(nets, flowers, iris):
    from sklearn.model_selection import GridSearchCV

    before = flowers.get_params()
    with pytest.raises(ValueError, match="no parameter 'unts'; did you mean 'model__units'"):
        GridSearchCV(flowers, {"model__unts": [3]}, cv=2).fit(iris.x, iris.y)
    for wrong in ({"epoch": 3}, {"model__x": 1, "epochs": 7}, {"epochs": 7, "callbacks__x": 1}):
        with pytest.raises(ValueError, match="Invalid parameter"):
            flowers.set_params(**wrong)
    assert flowers.get_params() == before
    with pytest.raises(TypeError, match="unknown argument 'epoch'; did you mean 'epochs'"):
        nets.NeuralNetClassifier(network, epoch=3)
    with pytest.raises(TypeError, match="model__units"):
        nets.NeuralNetClassifier(network, units=3)
    with pytest.raises(ValueError, match="the model already exists"):
        nets.NeuralNetClassifier(network(4, 3), model__units=3).fit(iris.x, iris.y)


# --- tools


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
    for found in (StackingClassifier(each, cv=2), AdaBoostClassifier(flowers, n_estimators=2)):
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
