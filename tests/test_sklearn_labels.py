"""Labels of all kinds, and all kinds of outputs from which classes are predicted."""

from typing import Any

import numpy as np
import pytest

import lamina
from estimator_data import NAMES, ROWS, SIDE, THREE, X, network
from lamina import layers
from lamina.layers import Dense

pytestmark = [
    pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice"),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
]
RNG = np.random.default_rng(4)


@pytest.fixture
def classifier() -> Any:
    """Return a function that makes a classifier."""
    pytest.importorskip("sklearn")
    settings = {"epochs": 30, "learning_rate": 0.02, "random_state": 0}
    return lambda model=network, **s: lamina.sklearn.NeuralNetClassifier(model, **{**settings, **s})


LABELS = {
    "strings": NAMES,
    "objects": NAMES.astype(object),
    "list": NAMES.tolist(),
    "bools": SIDE,
    "list of bools": SIDE.tolist(),
    "-1 and 1": np.where(SIDE, 1, -1),
    "floats": np.where(SIDE, 2.0, 1.0),
    "three": THREE,
    "unsigned": np.digitize(X[:, 0], [-0.5, 0.5]).astype(np.uint8),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_come_back(classifier, kind):
    y = LABELS[kind]
    net = classifier().fit(X, y)
    expected = np.asarray(y)
    assert net.classes_.tolist() == np.unique(expected).tolist()
    assert net.classes_.dtype == net.predict(X).dtype == expected.dtype
    assert net.score(X, y) > 0.9
    chances = net.predict_proba(X)
    assert chances.shape == (ROWS, len(net.classes_))
    assert (net.classes_[chances.argmax(axis=1)] == net.predict(X)).all()
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.exp(net.predict_log_proba(X)), chances, rtol=1e-5)


def test_labels_of_tables(classifier):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    for y, classes in (
        (pandas.Series(SIDE, dtype="boolean"), [False, True]),
        (pandas.Series(SIDE.astype(int), dtype="Int64"), [0, 1]),
        (pandas.Series(NAMES, dtype="string"), ["left", "right"]),
        (pandas.Categorical(NAMES), ["left", "right"]),
        (polars.Series(SIDE), [False, True]),
        (polars.Series(NAMES.tolist()), ["left", "right"]),
    ):
        net = classifier(epochs=1).fit(X, y)
        assert net.classes_.tolist() == classes
        assert type(net.classes_.tolist()[0]) is type(classes[0])
    missing = pandas.Series(SIDE, dtype="boolean")
    missing[3] = pandas.NA
    with pytest.raises(ValueError, match="<NA>, first in row 3"):
        classifier().fit(X, missing)
    with pytest.raises(ValueError, match="contains None, first in row 7"):
        classifier().fit(X, [None if i == 7 else name for i, name in enumerate(NAMES)])


def test_outputs_of_all_kinds(classifier):
    """One unit or two for two classes; probabilities, logits or scores; any loss."""
    for units, activation, loss in (
        (1, "sigmoid", "binary_crossentropy"),
        (1, "sigmoid", None),
        (1, None, None),
        (2, "softmax", "sparse_categorical_crossentropy"),
        (2, "softmax", "categorical_crossentropy"),
        (2, "sigmoid", "binary_crossentropy"),
        (2, None, None),
        (1, None, "mse"),
        (1, "tanh", "hinge"),
        (2, None, "categorical_hinge"),
        (1, None, lamina.losses.BinaryCrossentropy(from_logits=True)),
        (2, "softmax", lamina.losses.CategoricalFocalCrossentropy),
    ):
        model = lamina.Sequential([Dense(8, "relu"), Dense(units, activation)])
        net = classifier(model, loss=loss).fit(X, NAMES)
        assert net.score(X, NAMES) > 0.9, (units, activation, loss)
        scores = "hinge" in str(loss)
        assert hasattr(net, "decision_function") == scores == (not hasattr(net, "predict_proba"))
        if not scores:
            chances = net.predict_proba(X)
            assert chances.min() >= 0
            np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)
        else:
            assert net.decision_function(X).shape == (ROWS,)
            above = net.decision_function(X) > 0
            assert (net.classes_[above.astype(int)] == net.predict(X)).all()


def test_numbers_are_no_probabilities(classifier):
    """Several units trained with a regression loss have ``predict_proba`` only after a softmax."""
    net = classifier(loss="mse").fit(X, THREE)
    assert net.score(X, THREE) > 0.8
    for name in ("predict_proba", "predict_log_proba"):
        with pytest.raises(AttributeError) as raised:
            getattr(net, name)
        assert "'mean_squared_error' and the activation 'linear'" in str(raised.value.__cause__)
    labels = np.stack([SIDE, X[:, 2] > 0], axis=1).astype(int)
    net = classifier(loss="mse").fit(X, labels)
    assert net.score(X, labels) > 0.8
    assert not hasattr(net, "predict_proba")
    net = classifier(lamina.Sequential([Dense(3, "softmax")]), loss="mse").fit(X, THREE)
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")
def test_units_of_a_crossentropy_of_probabilities(classifier):
    loss = "sparse_categorical_crossentropy"
    net = classifier(loss=loss, epochs=2).fit(X, THREE)
    with pytest.raises(AttributeError) as raised:
        net.predict_proba(X)
    assert "'linear' the outputs are numbers of any size" in str(raised.value.__cause__)
    assert "or give the loss with from_logits=True" in str(raised.value.__cause__)
    apart = classifier(lamina.Sequential([Dense(3, "sigmoid")]), loss=loss, epochs=2).fit(X, THREE)
    outputs = apart.model_.predict(X, verbose=0)
    expected = outputs / outputs.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(apart.predict_proba(X), expected, rtol=1e-6)
    assert (apart.predict(X) == apart.classes_[outputs.argmax(axis=1)]).all()


def test_logits_of_models_whose_last_layer_does_not_say(classifier):
    class Own(lamina.Model):
        def __init__(self, activation=None):
            super().__init__()
            self.last, self.first = Dense(3, activation), Dense(8, "relu")

        def call(self, inputs):
            return self.last(self.first(inputs))

    def dropped(activation=None):
        return lamina.Sequential([Dense(8, "relu"), Dense(3, activation), layers.Dropout(0.0)])

    for build in (Own, dropped):
        for activation in (None, "softmax"):
            net = classifier(build, model__activation=activation).fit(X, THREE)
            assert net.model_.loss.from_logits == (activation is None)
            assert net.score(X, THREE) > 0.9


def test_settings_of_another_kind(classifier):
    with pytest.raises(TypeError, match=r"model must be a model or a function .* got <Dense"):
        classifier(Dense(1)).fit(X, SIDE)
    with pytest.raises(TypeError, match="warm_start must be True or False; got 'no'"):
        classifier(warm_start="no").fit(X, SIDE)
    with pytest.raises(TypeError, match=r"validation_data must be \(X, y\) or .*; got tuple of 1"):
        classifier().fit(X, SIDE, validation_data=(X,))


def test_a_function_that_makes_no_new_model(classifier):
    model = network(4, 1)
    net = classifier(lambda: model, epochs=1).fit(X, NAMES)
    with pytest.raises(ValueError, match="must make a new model each time"):
        net.fit(X, NAMES)


def test_outputs_that_do_not_fit(classifier):
    for units in (1, 2, 4):
        with pytest.raises(ValueError, match=f"for 3 classes must end in 3 units; .* {units}"):
            classifier(lamina.Sequential([Dense(units)])).fit(X, THREE)
    with pytest.raises(ValueError, match="an output for each column of y, 2; it has 1"):
        classifier(network(4, 2)).fit(X, np.column_stack([NAMES, THREE]))
    with pytest.raises(ValueError, match="a unit for each of 3 labels; it has 2"):
        classifier(network(4, 2)).fit(X, RNG.integers(0, 2, (ROWS, 3)))


def test_several_labels(classifier):
    sparse = pytest.importorskip("scipy.sparse")
    y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 1]).astype(np.int8)
    net = classifier().fit(X, y)
    assert net.classes_.tolist() == [0, 1, 2]
    chances = net.predict_proba(X)
    assert chances.shape == y.shape
    assert (net.predict(X) == (chances > 0.5)).all()
    assert net.predict(X).dtype == y.dtype
    assert net.score(X, y) == (net.predict(X) == y).all(axis=1).mean() > 0.8
    other = classifier().fit(X, sparse.csr_matrix(y))
    assert (other.predict_proba(X) == chances).all()
    assert other.score(X, sparse.csr_matrix(y)) == net.score(X, y)
    parts = classifier()
    for _ in range(30):
        parts.partial_fit(X, y)
    assert (parts.predict_proba(X) == chances).all()


def test_one_hot_rows(classifier):
    """With a categorical loss a row has one label, even if the most probable is below 1/2."""
    y = np.eye(3)[np.searchsorted(np.unique(THREE), THREE)]
    for activation in ("softmax", None):
        net = classifier(lamina.Sequential([Dense(16, "relu"), Dense(3, activation)]), epochs=1)
        net.set_params(loss=lamina.losses.CategoricalCrossentropy(from_logits=activation is None))
        chances = net.fit(X, y).predict_proba(X)
        assert (chances.max(axis=1) < 0.5).any()
        np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)
        assert (net.predict(X).argmax(axis=1) == chances.argmax(axis=1)).all()
        assert (net.predict(X).sum(axis=1) == 1).all()


def test_several_columns_of_classes(classifier):
    def two(n_features_in_, n_outputs_):
        x = lamina.Input((n_features_in_,))
        h = Dense(16, "relu")(x)
        return lamina.Model(x, [Dense(units)(h) for units in n_outputs_])

    y = np.column_stack([NAMES, THREE])
    net = classifier(two).fit(X, y)
    assert [c.tolist() for c in net.classes_] == [["left", "right"], ["high", "low", "middle"]]
    assert [p.shape for p in net.predict_proba(X)] == [(ROWS, 2), (ROWS, 3)]
    assert net.predict(X).shape == y.shape
    assert net.score(X, y) == (net.predict(X) == y).all(axis=1).mean() > 0.8
    assert classifier(two, class_weight="balanced").fit(X, y).score(X, y) > 0.8


@pytest.mark.parametrize("name", ["NeuralNetClassifier", "MLPClassifier"])
def test_labels_that_cannot_be_sorted_are_told(classifier, name):
    made = classifier() if name.startswith("Neural") else lamina.sklearn.MLPClassifier()
    with pytest.raises(TypeError, match="labels that are all strings or all numbers; got int"):
        made.fit(X, np.array(["a", 1] * (ROWS // 2), dtype=object))
    with pytest.raises(ValueError, match="contains None, first in row 1: a label is missing"):
        made.fit(X, np.array(["a", None] * (ROWS // 2), dtype=object))


def test_strings_of_two_classes_are_strings(classifier):
    y = np.array(["a", np.str_("b")] * (ROWS // 2), dtype=object)
    assert classifier(epochs=1).fit(X, y).classes_.tolist() == ["a", "b"]
