"""An estimator whose next fit fails keeps its earlier fit whole."""

import copy

import numpy as np
import pytest

import lamina
from estimator_data import NAMES, THREE, X, network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def ours():
    pytest.importorskip("sklearn")
    from lamina import sklearn as ours

    return ours


def kept(estimator, fail, error):
    """Check that a failing call changes no result of a fit."""
    names = {name for name in vars(estimator) if name.endswith("_")}
    names |= {name for name in ("coefs_", "intercepts_") if hasattr(estimator, name)}
    names -= {"model_", "callbacks_"}
    before = {name: copy.deepcopy(getattr(estimator, name)) for name in names}
    answers = estimator.predict(X)
    model, weights = estimator.model_, estimator.model_.get_weights()
    with pytest.raises(error):
        fail()
    assert estimator.model_ is model
    assert all(map(np.array_equal, model.get_weights(), weights))
    for name, value in before.items():
        now = getattr(estimator, name)
        assert np.array_equal(now, value) if type(value) is np.ndarray else str(now) == str(value)
    assert np.array_equal(estimator.predict(X), answers)


DIVERGING = {"optimizer": "sgd", "learning_rate": 1e30}


@pytest.mark.parametrize("warm", [False, True])
def test_a_network_whose_next_fit_diverges(ours, warm):
    net = ours.NeuralNetClassifier(network, epochs=2, random_state=0, warm_start=warm)
    net.fit(X, THREE).set_params(**DIVERGING)
    net.model_.optimizer.learning_rate = 0.01
    kept(net, lambda: net.fit(X, THREE if warm else NAMES), lamina.TrainingDiverged)
    assert float(net.model_.optimizer.learning_rate) == pytest.approx(0.01)


def test_a_regressor_whose_next_fit_diverges(ours):
    net = ours.NeuralNetRegressor(network, epochs=2, random_state=0).fit(X, X[:, :2])
    net.set_params(**DIVERGING)
    kept(net, lambda: net.fit(X, X[:, 0]), lamina.TrainingDiverged)


def test_a_part_that_diverges(ours):
    net = ours.NeuralNetClassifier(network, optimizer="sgd", epochs=2, random_state=0)
    net.fit(X, THREE)
    again = copy.deepcopy(net).partial_fit(X, THREE)
    net.set_params(learning_rate=1e30)
    kept(net, lambda: net.partial_fit(X, THREE), lamina.TrainingDiverged)
    net.set_params(learning_rate=None).partial_fit(X, THREE)
    assert all(map(np.array_equal, net.model_.get_weights(), again.model_.get_weights()))


def test_a_first_fit_that_diverges(ours):
    net = ours.NeuralNetClassifier(network, **DIVERGING)
    with pytest.raises(lamina.TrainingDiverged):
        net.fit(X, THREE)
    assert not [name for name in vars(net) if name.endswith("_")]


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("warm", [False, True])
def test_a_perceptron_whose_next_fit_diverges(ours, solver, warm):
    mlp = ours.MLPClassifier((5,), solver=solver, max_iter=2, random_state=0, warm_start=warm)
    mlp.fit(X, THREE).set_params(learning_rate_init=1e300)
    kept(mlp, lambda: mlp.fit(X, THREE if warm else NAMES), ValueError)


def test_a_perceptrons_part_that_diverges(ours):
    mlp = ours.MLPRegressor(
        hidden_layer_sizes=5, solver="sgd", batch_size=10, max_iter=2, random_state=0
    )
    mlp.fit(X, X[:, 0])
    kept(mlp, lambda: mlp.partial_fit(X, X[:, 0] * 1e150), ValueError)


def test_refused_parts_of_a_perceptron(ours):
    mlp = ours.MLPClassifier((5,), random_state=0)
    with pytest.raises(ValueError, match="inconsistent"):
        mlp.partial_fit(X, THREE[:-1], classes=np.unique(THREE))
    assert not hasattr(mlp, "classes_")
    mlp.partial_fit(X, NAMES, classes=np.unique(NAMES))

    net = ours.MLPRegressor(hidden_layer_sizes=5, random_state=0, max_iter=2).fit(X, X[:, 0])
    kept(net, lambda: net.partial_fit(X, X[:, :2]), ValueError)


def test_a_wrapper_whose_next_fit_diverges():
    pytest.importorskip("sklearn")
    from lamina.wrappers import SKLearnClassifier

    def build(X, y, rate):
        model = lamina.Sequential(
            [lamina.Input(X.shape[1:]), lamina.layers.Dense(y.shape[1])], seed=1
        )
        model.compile(lamina.optimizers.SGD(rate), "mse")
        return model

    wrapped = SKLearnClassifier(build, model_kwargs={"rate": 0.1}, fit_kwargs={"verbose": 0})
    wrapped.fit(X, THREE).set_params(model_kwargs={"rate": 1e30})
    kept(wrapped, lambda: wrapped.fit(X, NAMES), lamina.TrainingDiverged)


def test_a_wrapper_that_continues_from_a_fit_keeps_its_weights():
    pytest.importorskip("sklearn")
    from lamina.wrappers import SKLearnRegressor

    class Stops(lamina.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("enough")

    model = lamina.Sequential([lamina.Input(X.shape[1:]), lamina.layers.Dense(1)], seed=1)
    model.compile("adam", "mse")
    wrapped = SKLearnRegressor(model, warm_start=True, fit_kwargs={"verbose": 0})
    wrapped.fit(X, X[:, 0])
    before = wrapped.predict(X)
    with pytest.raises(RuntimeError, match="enough"):
        wrapped.fit(X, X[:, 0], callbacks=[Stops()])
    np.testing.assert_array_equal(wrapped.predict(X), before)
