"""The policy that set_dtype_policy chooses, where a model or its data say something else."""

import warnings

import numpy as np
import pytest

import lamina
from bfloat16 import needs_bfloat16
from lamina import layers

X = np.random.default_rng(0).normal(size=(40, 6))
Y = X[:, 0] - X[:, 1]


@pytest.fixture(params=["mixed_bfloat16", "float64", "float32"])
def chosen(request):
    """Choose a policy for the duration of a test."""
    lamina.config.set_dtype_policy(request.param)
    yield request.param
    lamina.config.set_dtype_policy("float32")


class Net(lamina.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.hidden = layers.TimeDistributed(layers.Dense(3))

    def call(self, x):
        return lamina.ops.sum(self.hidden(x), axis=1)


def chain(**options):
    rows = [lamina.Input((6,)), layers.Reshape((3, 2))]
    return lamina.Sequential([*rows, layers.LSTM(3), layers.Dense(2)], **options)


def functional(**options):
    x = lamina.Input((6,))
    steps = layers.Reshape((3, 2))(x)
    seen = layers.MultiHeadAttention(1, 2)(steps, steps)
    return lamina.Model(x, layers.Dense(2)(layers.Flatten()(seen)), **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [chain, functional, Net])
def test_a_model_with_a_dtype_has_it_under_any_policy(chosen, make, dtype):
    model = make(dtype=dtype)
    rows = X.reshape(40, 3, 2) if make is Net else X
    assert model.predict(rows, verbose=0).dtype == dtype
    found = {layer.compute_dtype for held in model.layers for layer in held.walk()}
    assert found == {w.dtype for w in model.weights} == {dtype}
    if make is not Net:
        again = type(model).from_config(model.get_config())
        assert {layer.compute_dtype for layer in again.layers} == {dtype}


def test_a_layer_with_a_dtype_gives_it_to_those_within(chosen):
    layer = layers.TimeDistributed(layers.Dense(3), dtype="float64")
    assert layer(X.reshape(40, 3, 2)).dtype == "float64"
    exact = layers.MultiHeadAttention(1, 2, dtype="float32")
    steps = X.reshape(40, 3, 2).astype("float32")
    assert exact(steps, steps).dtype == "float32"


@pytest.mark.parametrize("dtype", [None, "float64"])
def test_perceptrons_take_the_precision_of_their_data_under_any_policy(chosen, dtype):
    pytest.importorskip("sklearn")
    from lamina.sklearn import MLPClassifier, MLPRegressor

    options = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, "dtype": dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs are too few
        found = MLPRegressor(**options).fit(X, Y)
        classes = MLPClassifier(**options).fit(X, Y > 0)
        lamina.config.set_dtype_policy("float32")
        plain = MLPRegressor(**options).fit(X, Y)
    np.testing.assert_array_equal(found.predict(X), plain.predict(X))
    assert classes.predict_proba(X).dtype == "float64"


def test_perceptrons_with_data_in_float32_take_the_chosen_products(chosen):
    pytest.importorskip("sklearn")
    from lamina.sklearn import MLPRegressor

    model, rows = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2), X.astype("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if chosen == "mixed_bfloat16" and not lamina.runtime.has_bfloat16():
            with pytest.raises(ValueError, match="mixed_bfloat16 needs products in bfloat16"):
                model.fit(rows, Y)
            model.set_params(dtype="float32")
        model.fit(rows, Y)
    assert model.coefs_[0].dtype == "float32"


def test_networks_of_r_are_made_under_any_policy(chosen):
    table = {"a": X[:, 0], "b": X[:, 1], "y": Y}
    found = lamina.nnet("y ~ a + b", table, size=2, linout=True, maxit=7, trace=False)
    assert found.to_model().dtype == "float64"


@needs_bfloat16
def test_a_layer_of_a_mixed_model_computes_alone_as_in_the_model():
    rows = X.astype("float32")
    model = lamina.Sequential([lamina.Input((6,)), layers.Dense(3)], dtype="mixed_bfloat16")
    np.testing.assert_array_equal(model.layers[0](rows), model.predict(rows, verbose=0))
    model.dtype_policy = "float32"
    np.testing.assert_array_equal(model.layers[0](rows), model.predict(rows, verbose=0))
