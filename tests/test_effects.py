"""Marginal effects of single outputs and of models with several inputs, and what is refused."""

import numpy as np
import pytest

import lamina
from inference_data import COUNTS, LABELS, REAL, RNG, X, linear
from lamina import layers


def test_changed_data_do_not_change_effects():
    x, y = X.copy(), REAL.copy()
    result = linear().inference(x, y)
    before = str(result.marginal_effects(at="mean"))
    x[:, 2] = 0.0
    assert str(result.marginal_effects(at="mean")) == before


def test_effects_that_are_refused():
    result = linear().inference(X, REAL)
    for arguments, message in (
        ({"at": "zero"}, "at must be one of"),
        ({"inputs": ["x9"]}, "inputs must be among x1, x2, x3, or numbers from 0 to 2; got 'x9'"),
        ({"inputs": []}, "inputs must be one or more of x1, x2, x3; got"),
        ({"outputs": [1]}, "outputs must be among o, or numbers from 0 to 0; got 1"),
        ({"outputs": 2.5}, "outputs must be one or more of o; got 2.5"),
        ({"discrete": ["x1"]}, "column x1 must have two values"),
        ({"level": 1.5}, "level must be"),
    ):
        with pytest.raises(ValueError, match=message):
            result.marginal_effects(**arguments)
    images = lamina.Sequential([lamina.Input((4, 1)), layers.Flatten(), layers.Dense(1)])
    images.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="not at the minimum"):
        result = images.inference(RNG.normal(size=(30, 4, 1)), RNG.normal(size=30))
    with pytest.raises(ValueError, match="x must be a table"):
        result.marginal_effects()
    codes = lamina.Sequential([lamina.Input((1,), dtype="int32"), layers.Embedding(3, 1),
                               layers.Flatten(), layers.Dense(1)])  # fmt: skip
    codes.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="not at a minimum"):
        result = codes.inference(LABELS[:, None], REAL, covariance="sandwich")
    with pytest.raises(ValueError, match="the model takes integers"):
        result.marginal_effects()


def test_effects_on_outputs_by_name_and_of_models_with_several():
    entry = lamina.Input((3,))
    size = layers.Dense(1, name="size")(entry)
    model = lamina.Model(entry, [size, layers.Dense(2, name="shape")(entry)])
    model.compile("bfgs", "mse")
    shapes = np.column_stack([REAL, -REAL + X[:, 1]])
    model.fit(X, [COUNTS, shapes], epochs=300, verbose=0)
    unnamed = model.inference(X, [COUNTS, shapes], covariance="sandwich").marginal_effects()
    assert unnamed["output"][:3].tolist() == ["size", "shape1", "shape2"]
    for y in ([COUNTS, shapes], {"size": COUNTS, "shape": shapes}):
        result = model.inference(X, y, covariance="sandwich", output_names=["n", "a", "b"])
        effects = result.marginal_effects(inputs="x1", discrete="none")
        assert effects["output"].tolist() == ["n", "a", "b"]
        size, _, shape, _ = model.get_weights()
        slopes = np.concatenate([size[0], shape[0]])
        np.testing.assert_allclose(effects["effect"], slopes, rtol=1e-5)
        for named in ("b", 2, ["b"]):
            alone = result.marginal_effects(inputs=["x1"], outputs=named)
            assert alone["output"].tolist() == ["b"]
            np.testing.assert_allclose(alone["effect"], slopes[2], rtol=1e-5)


def test_effects_of_models_with_several_inputs():
    """A linear model of two tables has the estimates of the one of both together."""
    first, second = lamina.Input((2,), name="a"), lamina.Input((1,), name="sex")
    both = layers.Concatenate()([first, second])
    model = lamina.Model([first, second], layers.Dense(1)(both))
    model.compile(lamina.optimizers.BFGS(tolerance_grad=1e-10, tolerance_change=1e-16), "mse")
    plain = linear()
    model.set_weights(plain.get_weights())
    expected = plain.inference(X, REAL)
    for x in ([X[:, :2], X[:, 2:]], {"sex": X[:, 2], "a": X[:, :2]}):
        result = model.inference(x, REAL)
        assert result.names == ["a1", "a2", "sex", "(Intercept)"]
        np.testing.assert_allclose(result.covariance, expected.covariance, rtol=1e-5)
        for at in ("overall", "mean"):
            effects, wanted = result.marginal_effects(at), expected.marginal_effects(at)
            assert effects["input"].tolist() == ["a1", "a2", "sex"]
            assert effects["change"].tolist() == ["dy/dx", "dy/dx", "0 -> 1"]
            for column in ("effect", "std_error"):
                np.testing.assert_allclose(effects[column], wanted[column], rtol=1e-5)
    named = model.inference([X[:, :2], X[:, 2:]], REAL, names=["age", "dose", "sex"])
    assert named.names == ["age", "dose", "sex", "(Intercept)"]
    assert named.marginal_effects(inputs="dose")["input"].tolist() == ["dose"]
    with pytest.raises(ValueError, match="inference: names must have 3 names; got 2"):
        model.inference([X[:, :2], X[:, 2:]], REAL, names=["age", "dose"])
