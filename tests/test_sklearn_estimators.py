"""Networks as estimators: fits, seeds, further fits, parameters."""

import copy

import numpy as np
import pytest

import lamina
from estimator_data import network
from lamina import layers
from lamina.layers import Dense

pytestmark = [
    pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice"),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
]


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


def test_a_learning_rate_is_given_once(nets, iris):
    given = {"optimizer": "sgd", "optimizer__learning_rate": 0.25, "epochs": 1}
    net = nets.NeuralNetClassifier(network, **given)
    with pytest.raises(ValueError, match=r"NeuralNetClassifier: .* not both; got 0.01 and 0.25"):
        nets.NeuralNetClassifier(network, **given, learning_rate=0.01).fit(iris.x, iris.y)
    assert net.fit(iris.x, iris.y).model_.optimizer.learning_rate == 0.25


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
    with pytest.raises(
        TypeError, match=r"module__ is none of model__, .*: arguments .* model__units"
    ):
        nets.NeuralNetClassifier(network, module__units=3)
    with pytest.raises(ValueError, match="the model already exists"):
        nets.NeuralNetClassifier(network(4, 3), model__units=3).fit(iris.x, iris.y)
