"""Keras's estimators around models: a fit is the model's own; scikit-learn's tools take them."""

import numpy as np
import pytest

import lamina
from lamina.layers import Dense

pytest.importorskip("sklearn")

from lamina.models import NotCompiledError
from lamina.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 4))
NAMES = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
QUIET = {"epochs": 3, "verbose": 0}


class NoSignature:
    """A function whose parameters cannot be read."""

    __signature__ = 3

    def __call__(self, **given):
        return softmax(**given)


def softmax(X, y, units=6):
    layers = [lamina.Input(X.shape[1:]), Dense(units, "relu"), Dense(y.shape[1], "softmax")]
    model = lamina.Sequential(layers, seed=1)
    model.compile("adam", "categorical_crossentropy")
    return model


def linear(units=1, compiled=True):
    model = lamina.Sequential([lamina.Input((4,)), Dense(units)], seed=1)
    if compiled:
        model.compile(lamina.optimizers.SGD(0.1), "mse")
    return model


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("y", [NAMES, NAMES == "low", np.arange(60)[:, None] % 3])
def test_a_classifier_shows_its_model_one_hot_rows(y):
    estimator = SKLearnClassifier(softmax, model_kwargs={"units": 5}, fit_kwargs=QUIET)
    assert estimator.epoch_ == 0
    estimator.fit(X, y, epochs=4)
    classes, codes = np.unique(y, return_inverse=True)
    expected = softmax(X, np.eye(len(classes)), units=5)
    expected.fit(X, np.eye(len(classes))[codes.ravel()], epochs=4, verbose=0)
    scores = expected.predict(X, verbose=0)
    two = len(classes) == 2
    decided = scores[:, 1] - scores[:, 0] if two else scores
    np.testing.assert_array_equal(estimator.decision_function(X), decided)
    np.testing.assert_array_equal(estimator.classes_, classes)
    predicted = estimator.predict(X)
    np.testing.assert_array_equal(predicted, classes[scores.argmax(axis=1)])
    assert (estimator.epoch_, estimator.n_features_in_) == (4, 4)


@pytest.mark.parametrize("y", [NUMBERS, np.stack([NUMBERS, -NUMBERS], 1)])
def test_a_regressor_predicts_in_the_form_of_its_targets(y):
    model = linear(y.reshape(60, -1).shape[1])
    before = model.get_weights()
    estimator = SKLearnRegressor(model, fit_kwargs=QUIET).fit(X, y)
    assert all(map(np.array_equal, model.get_weights(), before))  # a copy was fitted
    assert estimator.predict(X).shape == y.shape
    losses = estimator.history_.history["loss"]
    assert losses[-1] < losses[0]


def test_a_column_of_targets_is_taken_as_one_row_of_them():
    """As in Keras and scikit-learn."""
    with pytest.warns(UserWarning, match="A column-vector y was passed when a 1d array was"):
        estimator = SKLearnRegressor(linear(), fit_kwargs=QUIET).fit(X, NUMBERS[:, None])
    assert estimator.predict(X).shape == (60,)
    with pytest.warns(UserWarning, match="A column-vector y was passed when a 1d array was"):
        classes = SKLearnClassifier(softmax, fit_kwargs=QUIET).fit(X, NAMES[:, None])
    assert classes.predict(X).shape == (60,)


def test_warm_starts_go_on():
    model = linear()
    cold, warm = SKLearnRegressor(model, fit_kwargs=QUIET), SKLearnRegressor(model, True)
    first = []
    for _ in range(2):
        lamina.set_random_seed(1)
        first.append(cold.fit(X, NUMBERS).history_.history["loss"][0])
    second = [warm.fit(X, NUMBERS, verbose=0).history_.history["loss"][0] for _ in range(2)]
    assert warm.model_ is model
    assert second[1] < second[0]
    assert first[0] == first[1]
    made = SKLearnClassifier(softmax, warm_start=True, fit_kwargs=QUIET)
    assert made.fit(X, NAMES).model_ is made.fit(X, NAMES).model_


def test_tools_of_scikit_learn_take_them():
    from sklearn.base import clone
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    estimator = SKLearnClassifier(softmax, fit_kwargs=QUIET)
    pipeline = make_pipeline(StandardScaler(), estimator)
    assert len(cross_val_score(pipeline, X, NAMES, cv=3)) == 3
    areas = cross_val_score(pipeline, X, NAMES == "low", cv=3, scoring="roc_auc")
    assert ((areas >= 0) & (areas <= 1)).all()
    search = GridSearchCV(estimator, {"model_kwargs": [{"units": 2}, {"units": 9}]}, cv=2)
    search.fit(X, NAMES)
    assert search.best_estimator_.model_.layers[0].units in (2, 9)
    copied = clone(SKLearnRegressor(linear(), fit_kwargs=QUIET))
    assert copied.fit_kwargs == QUIET
    features = SKLearnTransformer(linear(2), fit_kwargs=QUIET)
    regression = make_pipeline(features, LinearRegression()).fit(X, np.stack([NUMBERS] * 2, 1))
    assert regression.predict(X).shape == (60, 2)
    assert features.transform(X).shape == (60, 2)


@pytest.mark.parametrize(
    ("estimator", "y", "error", "words"),
    [
        (SKLearnRegressor(linear(compiled=False)), NUMBERS, NotCompiledError, "must be compiled"),
        (SKLearnRegressor(lambda X, y: None), NUMBERS, TypeError, "must return a model; got None"),
        (SKLearnRegressor("abc"), NUMBERS, TypeError, "^SKLearnRegressor: model must .* got 'abc'"),
        (SKLearnRegressor(Dense(1)), NUMBERS, TypeError, "model must be a model or .* got <Dense"),
        (SKLearnClassifier(int), NAMES, TypeError, "^SKLearnClassifier: .* by name; int: "),
        (
            SKLearnClassifier(softmax, model_kwargs={"width": 3}),
            NAMES,
            TypeError,
            r"must take X, y and model_kwargs by name; softmax\(X, y, units=6\): .*'width'",
        ),
        (SKLearnClassifier(softmax, model_kwargs=[3]), NAMES, TypeError, "must be a dict or None"),
        (SKLearnClassifier(softmax, fit_kwargs=3), NAMES, TypeError, "fit_kwargs must be a dict"),
        (SKLearnClassifier(softmax), np.where(X[:, 0] > 0, "a", None), ValueError, "is missing"),
        (
            SKLearnClassifier(softmax),
            np.array(["a", 1] * 30, dtype=object),
            TypeError,
            "all strings or all numbers; got int and str",
        ),
        (
            SKLearnClassifier(softmax),
            np.array([0, 1] * 30, dtype=object),
            ValueError,
            r"Unknown label type: y holds int as objects; .* such as y.astype\(int\)",
        ),
        (SKLearnTransformer(linear()), None, ValueError, "^This SKLearnTransformer .* y is None"),
        (SKLearnClassifier(softmax), NUMBERS, ValueError, "got continuous targets"),
        (SKLearnClassifier(softmax), np.ones(60), ValueError, "got one class, 1.0"),
    ],
)
def test_what_cannot_be_fitted_is_told(estimator, y, error, words):
    with pytest.raises(error, match=words):
        estimator.fit(X, y)
    if y is None:
        with pytest.raises(error, match=words):
            estimator.fit_transform(X)


def test_a_function_may_have_no_signature():
    estimator = SKLearnClassifier(NoSignature(), fit_kwargs=QUIET)
    assert estimator.fit(X, NAMES).predict(X).shape == (60,)


def test_nullable_labels_keep_their_type():
    pandas = pytest.importorskip("pandas")
    y = pandas.Series(NAMES == "low", dtype="boolean")
    estimator = SKLearnClassifier(softmax, fit_kwargs=QUIET).fit(X, y)
    assert estimator.classes_.tolist() == [False, True]
    assert estimator.predict(X).dtype == bool


def test_the_features_of_a_transformer_have_names():
    pandas = pytest.importorskip("pandas")
    y = np.stack([NUMBERS] * 2, 1)
    features = SKLearnTransformer(linear(2), fit_kwargs=QUIET).set_output(transform="pandas")
    table = pandas.DataFrame(X, columns=list("abcd"), index=np.arange(60) * 2)
    made = features.fit(table, y).transform(table)
    names = ["sklearntransformer0", "sklearntransformer1"]
    assert made.columns.tolist() == features.get_feature_names_out().tolist() == names
    assert made.index.equals(table.index)


def test_tools_pass_on_the_weights_that_are_requested():
    import sklearn
    from sklearn.model_selection import cross_validate

    def built(X, y):
        return linear()

    weights = np.where(np.arange(60) % 2, 0.0, 1.0)
    estimator = SKLearnRegressor(built, fit_kwargs=QUIET)
    with pytest.raises(RuntimeError, match="only available when metadata routing is enabled"):
        estimator.set_fit_request(sample_weight=True)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator.set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        found = cross_validate(
            estimator, X, NUMBERS, cv=[(np.arange(60), np.arange(9))], return_estimator=True,
            params={"sample_weight": weights},
        )  # fmt: skip
        alone = SKLearnRegressor(built, fit_kwargs=QUIET).fit(X, NUMBERS, sample_weight=weights)
    np.testing.assert_array_equal(found["estimator"][0].predict(X), alone.predict(X))
