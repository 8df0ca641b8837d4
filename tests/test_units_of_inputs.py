"""Second derivatives and standard errors are those of the same model in any units of the data."""

import numpy as np
import pytest

import lamina
from lamina import layers

RNG = np.random.default_rng(4)
ROWS = 200
X = RNG.normal(size=(ROWS, 2))
SIGNAL = np.tanh(2 * X[:, 0] - 0.5 * X[:, 1] + 0.5) + 2 * np.tanh(1.5 * X[:, 1] - 1)
REAL = SIGNAL + 0.2 * RNG.normal(size=ROWS)
TRUTH = (RNG.uniform(size=ROWS) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)


def rescaled(model, units, *, times=1.0):
    """Return the model for inputs in other units, and for targets that are multiplied."""
    first, bias, *others = (np.array(w) for w in model.get_weights())
    made = lamina.Sequential.from_config(model.get_config())
    made.compile("bfgs", model.loss)
    if others:
        others = [others[0] * times, others[1] * times]
        made.set_weights([first / units[:, None], bias, *others])
    else:
        made.set_weights([first / units[:, None] * times, bias * times])
    return made


def fitted(loss, y, *body):
    model = lamina.Sequential([lamina.Input((2,)), *body], dtype="float64", seed=3)
    model.compile(lamina.optimizers.BFGS(tolerance_grad=1e-10, tolerance_change=1e-16), loss)
    model.fit(X, y, epochs=3000, verbose=0)
    return model


MODELS = {
    "least squares": ("mse", REAL, layers.Dense(1)),
    "logistic": ("binary_crossentropy", TRUTH, layers.Dense(1, "sigmoid")),
    "network": ("mse", REAL, layers.Dense(2, "tanh"), layers.Dense(1)),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e4, 1e9])
def test_standard_errors_follow_the_units_of_the_inputs(name, unit):
    loss, y, *body = MODELS[name]
    model = fitted(loss, y, *body)
    plain = model.inference(X, y)
    assert np.isfinite(plain.standard_errors).all()
    units = np.array([unit, 1.0])
    result = rescaled(model, units).inference(X * units, y)
    shape = model.get_weights()[0].shape
    factors = np.ones(len(plain.estimates))
    factors[: shape[0] * shape[1]] = np.repeat(units, shape[1])
    assert result.notes == []
    np.testing.assert_allclose(result.standard_errors * factors, plain.standard_errors, rtol=1e-6)
    effects = result.marginal_effects()
    np.testing.assert_allclose(
        effects["std_error"] * units, plain.marginal_effects()["std_error"], rtol=1e-5
    )


@pytest.mark.parametrize("times", [1e-6, 1e6])
def test_standard_errors_follow_the_units_of_the_target(times):
    loss, _, *body = MODELS["network"]
    model = fitted(loss, REAL, *body)
    plain = model.inference(X, REAL).standard_errors
    result = rescaled(model, np.ones(2), times=times).inference(X, REAL * times)
    factors = np.r_[np.ones(6), np.full(3, 1 / times)]
    np.testing.assert_allclose(result.standard_errors * factors, plain, rtol=1e-6)


def test_the_hessian_of_units_that_a_long_step_would_saturate():
    """Of a logistic regression: x' p (1 - p) x."""
    x = np.abs(X[:, :1]) * 5e4
    model = lamina.Sequential([lamina.Input((1,)), layers.Dense(1, "sigmoid")], dtype="float64")
    model.compile("sgd", "binary_crossentropy")
    model.set_weights([[[2e-5]], [-0.3]])
    p = 1 / (1 + np.exp(-(2e-5 * x[:, 0] - 0.3)))
    design = np.column_stack([x, np.ones(ROWS)])
    expected = design.T @ (design * (p * (1 - p))[:, None]) / ROWS
    np.testing.assert_allclose(model.hessian(x, TRUTH), expected, rtol=1e-9)
    scales = model.loss_function(x, TRUTH).scales()
    assert scales[0] * 5e4 < 10  # in units of the sum that goes into the sigmoid


def test_a_weight_on_which_the_loss_does_not_depend_is_found_in_any_units():
    x = np.column_stack([X[:, 0] * 1e9, np.zeros(ROWS)])
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)], dtype="float64")
    slope, level = np.polyfit(x[:, 0], REAL, 1)
    model.compile("bfgs", "mse")
    model.set_weights([[[slope], [0.0]], [level]])
    with pytest.warns(UserWarning, match=r"rank is 2 of 3 weights.*along \(\+1 x2\)"):
        assert model.inference(x, REAL).rank == 2


def test_a_kink_at_the_weights_does_not_shorten_the_steps_to_nothing():
    """A row of zeros is at the kink of every unit without a bias."""
    x = np.vstack([X, np.zeros(2)])
    model = lamina.Sequential(
        [lamina.Input((2,)), layers.Dense(3, "relu"), layers.Dense(1)], seed=2
    )
    model.compile("sgd", "mse")
    function = model.loss_function(x, np.append(REAL, 5.0))
    assert (function.scales() > 1e-3).all()
