"""The policy mixed_bfloat16: in layers, models and files, and on CPUs without such products."""

from __future__ import annotations

import copy
import pickle
import re
import warnings

import numpy as np
import pytest

import lamina
from bfloat16 import needs_bfloat16, rounded
from lamina import _core, dtype_policies, layers, mixed_precision, ops

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 12), dtype=np.float32)
Y = X[:, :3] * 2 - 1


@pytest.fixture(autouse=True)
def restore_policy():
    yield
    lamina.config.set_dtype_policy("float32")


@pytest.fixture
def without_bfloat16():
    if "v3" not in _core.runtime.available_isas():
        pytest.skip("needs an instruction set to choose")
    before = _core.runtime.isa()
    _core.runtime.use_isa("v3")
    yield
    _core.runtime.use_isa(before)


def network(policy="mixed_bfloat16", **last):
    lamina.set_random_seed(3)
    hidden = layers.Dense(20, "relu", bias_initializer="random_normal")
    model = lamina.Sequential(
        [lamina.Input((12,)), hidden, layers.Dense(3, **last)], dtype=policy, seed=1
    )
    model.compile("adam", "mse")
    return model


def rounded_predictions(model, x=X, last_rounded=True):
    first, last = model.layers
    h = rounded(x) @ rounded(first.get_weights()[0]) + first.get_weights()[1]
    h = np.maximum(h, 0).astype(np.float32)
    kernel, bias = last.get_weights()
    if last_rounded:
        h, kernel = rounded(h), rounded(kernel)
    return h @ kernel + bias


# --- names


def test_policies_say_both_types():
    policy = lamina.DTypePolicy("mixed_bfloat16")
    assert (policy.name, policy.compute_dtype, policy.variable_dtype) == (
        "mixed_bfloat16", "bfloat16", "float32",
    )  # fmt: skip
    assert dtype_policies.deserialize(dtype_policies.serialize(policy)) == policy
    assert dtype_policies.get(np.float64) == lamina.DTypePolicy("float64")
    assert len({policy, copy.copy(policy), lamina.DTypePolicy("float32")}) == 2
    assert repr(policy) == "<DTypePolicy 'mixed_bfloat16'>"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mixed_float16", "float16 has too small a range to train in without scaling the loss"),
        ("bfloat16", "weights are kept in float32 or float64"),
        ("float16", "weights are kept in float32 or float64"),
        ("int8", "got 'int8'$"),
    ],
)
def test_other_policies_are_refused(name, why):
    rule = "dtype must be 'float32', 'float64' or 'mixed_bfloat16'; got "
    made = {
        "Dense": lambda: layers.Dense(2, dtype=name),
        "Sequential": lambda: lamina.Sequential([], dtype=name),
        "DTypePolicy": lambda: lamina.DTypePolicy(name),
        "set_dtype_policy": lambda: lamina.config.set_dtype_policy(name),
    }
    for who, make in made.items():
        with pytest.raises(ValueError, match=f"^{who}: {rule}'{name}'") as error:
            make()
        assert re.search(why, str(error.value))
    assert lamina.config.dtype_policy() == lamina.DTypePolicy("float32")


def test_layers_and_models_say_their_policy():
    model = network()
    first = model.layers[0]
    for thing in (model, first):
        assert (thing.dtype, thing.variable_dtype, thing.compute_dtype) == (
            "float32", "float32", "bfloat16",
        )  # fmt: skip
        assert thing.dtype_policy == lamina.DTypePolicy("mixed_bfloat16")
    assert {w.dtype for w in model.weights} == {"float32"}
    assert "dtype" not in first.get_config()  # it is the model's
    assert model.get_config()["dtype"] == "mixed_bfloat16"
    assert network("float64").layers[0].compute_dtype == "float64"


def test_the_chosen_policy_is_that_of_layers_made_from_then_on():
    before = layers.Dense(2)
    mixed_precision.set_global_policy("mixed_bfloat16")
    assert mixed_precision.global_policy() == lamina.DTypePolicy() == lamina.config.dtype_policy()
    layer, inner = layers.Dense(3), layers.Dense(3, dtype="float32")
    x = lamina.Input((4,))
    model = lamina.Model(x, inner(layer(x)))
    lamina.config.set_dtype_policy("float32")
    assert [before.compute_dtype, layer.compute_dtype] == ["float32", "bfloat16"]
    assert [each.compute_dtype for each in model.layers] == ["bfloat16", "bfloat16", "float32"]
    assert layers.Dense.from_config(layer.get_config()).compute_dtype == "bfloat16"
    lamina.config.set_dtype_policy("float64")
    assert lamina.Sequential([lamina.Input((2,)), layers.Dense(1)]).dtype == "float64"


def test_a_policy_of_other_weights_is_refused():
    model = network()
    with pytest.raises(ValueError, match="holds float32; dtype_policy must have it as its"):
        model.dtype_policy = "float64"
    with pytest.raises(ValueError, match="holds float32; dtype_policy must have it as its"):
        model.layers[0].dtype_policy = "float64"
    with pytest.raises(ValueError, match="dtype is float32; the model's is float64"):
        lamina.Sequential(
            [lamina.Input((2,)), layers.Dense(1, dtype="mixed_bfloat16")], dtype="float64"
        )


# --- computation


@needs_bfloat16
@pytest.mark.parametrize("last", [{}, {"dtype": "float32"}])
def test_products_are_of_rounded_factors(last):
    model = network(**last)
    expected = rounded_predictions(model, last_rounded=not last)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-5)
    exact = network("float32").predict(X, verbose=0)
    assert np.abs(exact - model.predict(X, verbose=0)).max() > 1e-3  # the rounding is visible


@needs_bfloat16
def test_a_layer_with_a_policy_of_its_own_and_a_layer_called_alone():
    lamina.set_random_seed(3)
    layer = layers.Dense(5, dtype="mixed_bfloat16")
    alone = layer(X)
    np.testing.assert_allclose(
        alone, rounded(X) @ rounded(layer.get_weights()[0]), rtol=1e-5, atol=1e-5
    )
    inside = lamina.Sequential([lamina.Input((12,)), layer])
    assert inside.compute_dtype == "float32"
    np.testing.assert_array_equal(inside.predict(X, verbose=0), alone)


@needs_bfloat16
def test_weights_train_in_float32():
    """Even a step too small for 8 bits of mantissa changes them."""
    model = network()
    before = [np.array(w) for w in model.get_weights()]
    model.compile(lamina.optimizers.SGD(1e-5), "mse")
    model.fit(X, Y, epochs=1, verbose=0)
    moved = [np.abs(a - b) for a, b in zip(model.get_weights(), before, strict=True)]
    assert 0 < moved[0].max() < 2**-12


@needs_bfloat16
def test_a_change_of_policy_holds_from_the_next_call_on():
    model, exact = network(), network("float32")
    mixed = model.predict(X, verbose=0)
    model.dtype_policy = "float32"
    np.testing.assert_array_equal(model.predict(X, verbose=0), exact.predict(X, verbose=0))
    for each in (model, exact):
        each.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], exact.get_weights()[0])
    model.set_weights(network().get_weights())
    model.layers[0].dtype_policy = model.layers[1].dtype_policy = "mixed_bfloat16"
    np.testing.assert_array_equal(model.predict(X, verbose=0), mixed)


@needs_bfloat16
def test_models_within_models_keep_their_policy():
    inner = network()
    outer = lamina.Sequential([lamina.Input((12,)), inner])
    assert outer.compute_dtype == "float32"
    np.testing.assert_array_equal(outer.predict(X, verbose=0), inner.predict(X, verbose=0))


@needs_bfloat16
def test_layers_within_layers_take_that_of_the_outer_one():
    steps = np.ascontiguousarray(X.reshape(40, 3, 4))
    lamina.set_random_seed(0)
    inner = layers.Dense(5)
    wrapped = layers.TimeDistributed(inner, dtype="mixed_bfloat16")
    got = wrapped(steps)
    kernel = rounded(inner.get_weights()[0])
    np.testing.assert_allclose(got, rounded(steps) @ kernel, rtol=1e-5, atol=1e-5)
    assert inner.compute_dtype == "bfloat16"


@needs_bfloat16
def test_a_model_with_call():
    class Net(lamina.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.hidden = layers.Conv1D(4, 3, activation="relu")

        def call(self, x):
            return ops.mean(self.hidden(x), axis=1)

    lamina.set_random_seed(0)
    steps = np.ascontiguousarray(X.reshape(40, 6, 2))
    model, exact = Net(dtype="mixed_bfloat16", seed=1), Net(seed=1)
    y, plain = model.predict(steps, verbose=0), exact.predict(steps, verbose=0)
    assert model.hidden.compute_dtype == "bfloat16"
    assert 1e-4 < np.abs(y - plain).max() < 3 * 2**-8 * np.abs(steps).max()


# --- copies and files


@needs_bfloat16
@pytest.mark.parametrize("last", [{}, {"dtype": "float32"}])
@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: type(model).from_config(model.get_config()),
        lamina.models.clone_model,
        lambda model: lamina.models.clone_model(
            model, clone_function=lambda la: la.from_config(la.get_config())
        ),
    ],
    ids=["deepcopy", "pickle", "config", "clone", "clone_function"],
)
def test_copies_keep_the_policy(copied, last):
    model = network(**last)
    other = copied(model)
    other.build((None, 12))
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    assert [la.compute_dtype for la in other.layers] == [la.compute_dtype for la in model.layers]


@needs_bfloat16
@pytest.mark.parametrize("ending", ["lamina", "keras"])
@pytest.mark.parametrize("last", [{}, {"dtype": "float32"}])
def test_files_keep_the_policy(tmp_path, ending, last):
    model = network(**last)
    model.save(tmp_path / f"model.{ending}")
    other = lamina.models.load_model(tmp_path / f"model.{ending}")
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    assert [la.dtype_policy for la in other.layers] == [la.dtype_policy for la in model.layers]
    assert other.dtype_policy == model.dtype_policy


def test_summaries_say_a_mixed_policy(capsys):
    network().summary()
    assert capsys.readouterr().out.rstrip().endswith("trainable: 323, mixed_bfloat16")


@needs_bfloat16
def test_profiles_say_it():
    text = str(lamina.profile(network(), X, Y))
    assert "rows, mixed_bfloat16" in text
    assert text.count("in bfloat16") == 4  # two products, forward and backward


# --- other uses of models


@needs_bfloat16
def test_derivatives_are_checked_in_all_digits():
    model = network()
    lamina.check_gradients(model, X[:5], Y[:5])
    errors = []
    for policy in ("mixed_bfloat16", "float32"):
        line = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)], dtype=policy)
        coefficients, *_ = np.linalg.lstsq(np.c_[X[:, :2], np.ones(40)], X[:, 2])
        line.set_weights([coefficients[:2, None], coefficients[2:]])
        line.compile("sgd", "mse")
        errors.append(line.inference(X[:, :2], X[:, 2]).standard_errors)
    np.testing.assert_array_equal(*errors)


@needs_bfloat16
def test_many_fits_side_by_side_are_those_alone():
    model = network()
    many = lamina.fit_many(model, X, Y, seeds=[5], epochs=3, predict=X, keep="weights", verbose=0)
    alone = lamina.Sequential.from_config({**model.get_config(), "seed": 5})
    alone.compile("adam", "mse")
    alone.fit(X, Y, epochs=3, verbose=0)
    for a, b in zip(many.weights[0], alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# --- CPUs without


@needs_bfloat16
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_perceptrons_of_scikit_learn_take_it(solver):
    base = pytest.importorskip("sklearn.base")
    from lamina.sklearn import MLPClassifier

    classes = (Y[:, 0] > -1).astype(int)
    mixed = MLPClassifier((20,), solver=solver, dtype="mixed_bfloat16", random_state=0, max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three epochs are too few
        mixed.fit(X.astype(np.float64), classes)
        plain = base.clone(mixed).set_params(dtype="float32").fit(X, classes)
        for each in (mixed, pickle.loads(pickle.dumps(mixed)), base.clone(mixed).fit(X, classes)):
            policies = [layer.dtype_policy.name for layer in each.model_.layers]
            assert set(policies) == {"mixed_bfloat16"}
            assert each.coefs_[0].dtype == each.predict_proba(X).dtype == np.float32
            np.testing.assert_array_equal(each.predict_proba(X), mixed.predict_proba(X))
    plain.model_.set_weights(mixed.model_.get_weights())
    distance = np.abs(mixed.predict_proba(X) - plain.predict_proba(X)).max()
    assert 0 < distance < 0.01


@needs_bfloat16
def test_perceptrons_searched_together_are_those_fitted_alone():
    pytest.importorskip("sklearn")
    from sklearn.model_selection import GridSearchCV

    from lamina.model_selection import grid_search
    from lamina.sklearn import MLPRegressor

    mlp = MLPRegressor(hidden_layer_sizes=(20,), dtype="mixed_bfloat16", random_state=0, max_iter=3)
    grid = {"dtype": ["mixed_bfloat16", "float32"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three epochs are too few
        alone = GridSearchCV(mlp, grid, cv=2).fit(X, Y[:, 0]).cv_results_["mean_test_score"]
        found = grid_search(mlp, grid, X, Y[:, 0], cv=2)
    together = found.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(together, alone)
    assert np.isfinite(together).all()
    assert together[0] != together[1]


def test_what_has_no_such_products_says_so(without_bfloat16):
    assert not lamina.runtime.has_bfloat16()
    model = network()
    lacks = re.escape(_core.runtime.bfloat16_lacks())  # its words: test_isa.py
    words = f"dense.*: mixed_bfloat16 needs products in bfloat16: {lacks}"
    for use in (
        lambda: model.predict(X, verbose=0),
        lambda: model.fit(X, Y, verbose=0),
        lambda: layers.Dense(2, dtype="mixed_bfloat16")(X),
        lambda: model.layers[0](X),
    ):
        with pytest.raises(ValueError, match=words):
            use()
    model.dtype_policy = "float32"  # as the message says
    assert model.predict(X, verbose=0).shape == (40, 3)
    assert model.layers[0](X).shape == (40, 20)


def test_calls_refused_for_want_of_them_build_nothing(without_bfloat16):
    for method, given in (
        ("fit", (X, Y)),
        ("train_on_batch", (X, Y)),
        ("evaluate", (X, Y)),
        ("test_on_batch", (X, Y)),
        ("predict", (X,)),
        ("predict_on_batch", (X,)),
        ("__call__", (X,)),
        ("gradients", (X, Y)),
        ("input_gradients", (X, 0)),
    ):
        model = lamina.Sequential([layers.Dense(3)], dtype="mixed_bfloat16")
        model.compile("adam", "mse")
        with pytest.raises(ValueError, match="mixed_bfloat16 needs products in bfloat16"):
            getattr(model, method)(*given)
        assert not model.built, method


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("by", ["dtype", "policy"])
def test_perceptrons_refused_for_want_of_them_keep_their_fit(without_bfloat16, by):
    pytest.importorskip("sklearn")
    from lamina.sklearn import MLPRegressor

    mlp = MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=50, random_state=0).fit(
        X, Y[:, 0]
    )
    before = mlp.predict(X)
    if by == "dtype":
        mlp.set_params(dtype="mixed_bfloat16")
    else:
        lamina.config.set_dtype_policy("mixed_bfloat16")
    with pytest.raises(ValueError, match=r"MLPRegressor: .*bfloat16: .*dtype='float32' computes"):
        mlp.fit(X, Y[:, 0])
    np.testing.assert_array_equal(mlp.predict(X), before)
    np.testing.assert_array_equal(mlp.set_params(dtype="float32").predict(X), before)
    assert mlp.fit(X, Y[:, 0]).dtype == "float32"


def test_such_a_model_can_be_read_and_changed(tmp_path, without_bfloat16):
    network().save(tmp_path / "model.lamina")
    model = lamina.models.load_model(tmp_path / "model.lamina")
    assert model.compute_dtype == "bfloat16"
    model.dtype_policy = "float32"
    np.testing.assert_array_equal(
        model.predict(X, verbose=0), network("float32").predict(X, verbose=0)
    )


def test_keras_files_are_read_in_float32_there(tmp_path, without_bfloat16):
    network().save(tmp_path / "model.keras")
    lacks = re.escape(_core.runtime.bfloat16_lacks())
    with pytest.warns(UserWarning, match=f"mixed_bfloat16 is not computed with: {lacks}"):
        model = lamina.models.load_model(tmp_path / "model.keras")
    assert model.compute_dtype == "float32"


def test_layers_without_products_run_everywhere(without_bfloat16):
    model = lamina.Sequential([lamina.Input((12,)), layers.ReLU()], dtype="mixed_bfloat16")
    np.testing.assert_array_equal(model.predict(X, verbose=0), np.maximum(X, 0))
