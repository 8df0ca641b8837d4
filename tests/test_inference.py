"""``model.inference``: standard errors and effects, against statsmodels and formulas."""

import copy
import pickle

import numpy as np
import pytest

import golden
import lamina
from inference_data import (
    COUNTS,
    DESIGN,
    GROUPS,
    LABELS,
    REAL,
    RNG,
    ROWS,
    SIGNAL,
    TRUTH,
    WEIGHTS,
    X,
    fitted,
    linear,
)
from lamina import layers, losses
from lamina.regularizers import L2

sm = golden.Peer("statsmodels.api")

# --- against statsmodels


@pytest.mark.parametrize("kind", ["hessian", "sandwich", "HC1", "HC2", "HC3", "cluster"])
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
def test_a_linear_model_has_the_covariance_of_least_squares(kind, weight):
    def ask():
        fit = sm.WLS(REAL, DESIGN, 1.0 if weight is None else weight).fit()
        robust = {"sandwich": "HC0"}.get(kind, kind)
        if kind == "cluster":
            fit = fit.get_robustcov_results("cluster", groups=GROUPS)
        elif kind != "hessian":
            fit = fit.get_robustcov_results(robust)
        whole = [float(fit.llf), float(fit.aic), float(fit.bic)]
        return [fit.params, fit.cov_params(), fit.conf_int(0.1), fit.pvalues, whole]

    answer = golden.ask(ask, kind, REAL, DESIGN, weight)
    groups = GROUPS if kind == "cluster" else None
    result = linear(weight=weight).inference(X, REAL, weight, kind, groups=groups)
    estimates, covariance, interval, p, whole = answer
    np.testing.assert_allclose(result.estimates, estimates, rtol=1e-7)
    np.testing.assert_allclose(result.covariance, covariance, rtol=1e-6, atol=1e-9)
    if kind == "hessian":  # statsmodels has t values for HC0 of OLS too
        found = result.confint(0.9)
        np.testing.assert_allclose(
            np.column_stack([found["lower"], found["upper"]]), interval, rtol=1e-6
        )
        np.testing.assert_allclose(result.p_values, p, rtol=1e-5)
    np.testing.assert_allclose([result.log_likelihood, result.aic, result.bic], whole, rtol=1e-10)


@pytest.mark.parametrize(
    ("name", "loss", "y", "activation"),
    [
        ("Binomial", "binary_crossentropy", TRUTH, "sigmoid"),
        ("Binomial", losses.BinaryCrossentropy(from_logits=True), TRUTH, None),
        ("Poisson", "poisson", COUNTS, "exponential"),
    ],
    ids=["probabilities", "logits", "counts"],
)
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
def test_generalised_linear_models(name, loss, y, activation, weight):
    def ask():
        family = getattr(sm.families, name)()
        given = {} if weight is None else {"freq_weights": weight}
        fit = sm.GLM(y, DESIGN, family=family, **given).fit(tol=1e-14)
        return [fit.params, fit.cov_params(), [float(fit.llf), float(fit.deviance)]]

    estimates, covariance, whole = golden.ask(ask, name, y, DESIGN, weight)
    model = fitted(loss, y, layers.Dense(1, activation), weight=weight)
    result = model.inference(X, y, weight)
    np.testing.assert_allclose(result.estimates, estimates, rtol=1e-5)
    np.testing.assert_allclose(result.covariance, covariance, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose([result.log_likelihood, result.deviance], whole, rtol=1e-10)
    fisher = model.inference(X, y, weight, "fisher")  # the same where links are canonical
    np.testing.assert_allclose(fisher.covariance, covariance, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("loss", "y", "activation"),
    [
        ("sparse_categorical_crossentropy", LABELS, "softmax"),
        ("categorical_crossentropy", np.eye(3)[LABELS], "softmax"),
        (losses.SparseCategoricalCrossentropy(from_logits=True), LABELS, None),
    ],
    ids=["labels", "one-hot", "logits"],
)
def test_multinomial_logistic_regression(loss, y, activation):
    """One class is what the others are compared with, and the effects do not depend on which."""

    def ask():
        fit = sm.MNLogit(LABELS, DESIGN).fit(disp=0, tol=1e-14)
        effects = fit.get_margeff()
        return [fit.params, fit.bse, effects.margeff, effects.margeff_se, float(fit.aic)]

    estimates, errors, effects, effect_errors, aic = golden.ask(ask, LABELS, DESIGN)
    model = fitted(loss, y, layers.Dense(3, activation))
    result = model.inference(X, y)
    assert (result.reference_class, result.df) == (0, 8)
    np.testing.assert_allclose(result.estimates.reshape(4, 2), estimates, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(result.standard_errors.reshape(4, 2), errors, rtol=1e-6)
    assert result.aic == pytest.approx(aic, rel=1e-9)
    if activation is None:
        return  # the outputs are no probabilities
    for label in (0, 2):
        found = model.inference(X, y, reference=label).marginal_effects(discrete="none")
        np.testing.assert_allclose(found["effect"].reshape(3, 3), effects, rtol=1e-5)
        np.testing.assert_allclose(found["std_error"].reshape(3, 3), effect_errors, rtol=1e-6)


@pytest.mark.parametrize("at", ["overall", "mean"])
def test_marginal_effects_of_numbers_and_of_truth_values(at):
    def ask():
        fit = sm.Logit(TRUTH, DESIGN).fit(disp=0, tol=1e-14)
        return [
            [found.margeff, found.margeff_se]
            for found in (fit.get_margeff(at=at), fit.get_margeff(at=at, dummy=True))
        ]

    slopes, changes = golden.ask(ask, TRUTH, DESIGN, at)
    result = fitted("binary_crossentropy", TRUTH, layers.Dense(1, "sigmoid")).inference(X, TRUTH)
    for (effects, errors), discrete in ((slopes, "none"), (changes, "auto")):
        found = result.marginal_effects(at, discrete=discrete)
        np.testing.assert_allclose(found["effect"], effects, rtol=1e-6)
        np.testing.assert_allclose(found["std_error"], errors, rtol=1e-6)
    assert list(found["change"]) == ["dy/dx", "dy/dx", "0 -> 1"]


# --- against formulas


def test_penalties_are_part_of_the_hessian_and_take_degrees_of_freedom():
    """Ridge regression: H = X'X + l n D, df = tr((X'X + l n D)^-1 X'X)."""
    strength = 0.1
    model = fitted("mse", REAL, layers.Dense(1, kernel_regularizer=L2(strength)))
    result = model.inference(X, REAL)
    crossed, held = DESIGN.T @ DESIGN, np.diag([1.0, 1.0, 1.0, 0.0]) * strength * ROWS
    inverse = np.linalg.inv(crossed + held)
    beta = inverse @ DESIGN.T @ REAL
    residuals = REAL - DESIGN @ beta
    df = np.trace(inverse @ crossed)
    variance = residuals @ residuals / (ROWS - df)
    np.testing.assert_allclose(result.estimates, beta, rtol=1e-6)
    assert result.df == pytest.approx(df, rel=1e-8)
    np.testing.assert_allclose(result.covariance, variance * inverse, rtol=1e-6)
    assert result.gcv == pytest.approx(np.mean(residuals**2) / (1 - df / ROWS) ** 2, rel=1e-6)
    scores = DESIGN * residuals[:, None]
    middle = scores.T @ scores
    robust = model.inference(X, REAL, covariance="sandwich").covariance
    np.testing.assert_allclose(robust, inverse @ middle @ inverse, rtol=1e-6)
    assert result.effective_df == pytest.approx(np.trace(inverse @ middle) / variance, rel=1e-6)


def test_one_hidden_layer_and_several_outputs():
    """Of 3-2-2 with tanh: the Hessian by differences of the residual sum of squares."""
    y = np.column_stack([REAL, 2 * SIGNAL**2 + X[:, 1]])
    body = [layers.Dense(n, f, kernel_regularizer=L2(1e-3)) for n, f in ((2, "tanh"), (2, None))]
    model = fitted("mse", y, *body)
    result = model.inference(X, y)
    assert result.names[:2] + result.names[6:9] == ["x1->h1", "x1->h2", "b->h1", "b->h2", "h1->o1"]
    f = model.loss_function(X, y)
    variance = ((y - f.outputs()) ** 2).sum() / (2 * ROWS - result.df)
    # Keras's loss is the mean over rows and outputs: twice the variance over their number.
    expected = np.linalg.inv(f.hessian() * 2 * ROWS / (2 * variance))
    np.testing.assert_allclose(result.covariance, expected, rtol=1e-6, atol=1e-9)
    assert 10 < result.df < 14
    effects = result.marginal_effects(inputs=["x2"], outputs=[1])
    moved = [X + s * np.array([0, 1e-5, 0]) for s in (1, -1)]
    slope = (model.predict(moved[0]) - model.predict(moved[1]))[:, 1].mean() / 2e-5
    assert effects["effect"][0] == pytest.approx(slope, rel=1e-6)
    assert 0 < effects["std_error"][0] < 1


def test_losses_that_are_no_likelihood_have_a_sandwich_alone():
    model = fitted("log_cosh", REAL, layers.Dense(1))
    with pytest.raises(ValueError, match="needs a loss that is a negative log likelihood"):
        model.inference(X, REAL)
    result = model.inference(X, REAL, covariance="sandwich")
    errors = REAL - DESIGN @ result.estimates
    bread = np.linalg.inv((DESIGN / np.cosh(errors)[:, None] ** 2).T @ DESIGN)
    scores = DESIGN * np.tanh(errors)[:, None]
    np.testing.assert_allclose(result.covariance, bread @ scores.T @ scores @ bread, rtol=1e-6)
    assert np.isnan(result.log_likelihood)
    assert np.isnan(result.effective_df)


def test_tables_and_covariances_by_other_names():
    pytest.importorskip("pandas")
    result = linear().inference(X, REAL)
    assert result.vcov() is result.covariance
    frame = result.to_pandas()
    assert list(frame) == list(result.table)
    assert frame["estimate"].tolist() == result.estimates.tolist()


def test_results_can_be_pickled_and_copied():
    for kind in ("hessian", "HC3", "fisher"):
        result = linear().inference(X, REAL, covariance=kind)
        for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
            assert repr(other) == repr(result)
            assert other.newton_step == result.newton_step
            assert str(other.marginal_effects()) == str(result.marginal_effects())


def test_names_are_unique_where_an_input_is_called_b():
    model = fitted("mse", REAL, layers.Dense(1, "tanh"), layers.Dense(1))
    names = model.inference(X, REAL, names=["a", "b", "c"]).names
    assert names == ["a->h1", "b->h1", "c->h1", "(Intercept)->h1", "h1->o", "(Intercept)->o"]


def test_the_hessian_and_the_text():
    model = linear()
    np.testing.assert_allclose(model.hessian(X, REAL), 2 * DESIGN.T @ DESIGN / ROWS, rtol=1e-9)
    result = model.inference(X, REAL, names=["age", "dose", "sex"])
    text = result.summary()
    assert str(result) == text
    for line in ("Coefficients:", "age ", "(Intercept) ", "Residual standard error: ", "AIC: "):
        assert line in text
    assert list(result.table) == ["name", "estimate", "std_error", "t", "p", "lower", "upper"]
    assert result.newton_step < 1e-3


# --- models and data of other kinds


@pytest.mark.parametrize(
    "options", [{"reduction": "sum"}, {"reduction": "mean_with_sample_weight"}]
)
def test_how_losses_are_reduced_and_weighted_does_not_matter(options):
    model = fitted("binary_crossentropy", TRUTH, layers.Dense(1, "sigmoid"), weight=WEIGHTS)
    plain, robust = (model.inference(X, TRUTH, WEIGHTS, k) for k in ("hessian", "sandwich"))
    model.compile("sgd", losses.BinaryCrossentropy(**options), loss_weights=[3.0])
    found = model.inference(X, TRUTH, WEIGHTS)
    np.testing.assert_allclose(found.covariance, plain.covariance, rtol=1e-7)
    assert found.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-10)
    found = model.inference(X, TRUTH, WEIGHTS, "sandwich")
    np.testing.assert_allclose(found.covariance, robust.covariance, rtol=1e-7)


def test_rows_of_weight_zero_do_not_count():
    weight = (np.arange(ROWS) >= 20).astype(float)
    found = linear(weight=weight).inference(X, REAL, weight)
    design, y = DESIGN[20:], REAL[20:]
    residuals = y - design @ np.linalg.solve(design.T @ design, design.T @ y)
    variance = residuals @ residuals / (ROWS - 24)
    np.testing.assert_allclose(found.covariance, variance * np.linalg.inv(design.T @ design))


def test_steps_of_series_are_observations():
    series = RNG.normal(size=(40, 5, 2))
    y = series.sum(axis=-1, keepdims=True) + RNG.normal(size=(40, 5, 1))
    model = lamina.Sequential([lamina.Input((5, 2)), layers.Dense(1)], dtype="float64")
    model.compile("bfgs", "mse")
    model.fit(series, y, epochs=100, verbose=0)
    found = model.inference(series, y)
    design = np.column_stack([series.reshape(-1, 2), np.ones(200)])
    residuals = y.ravel() - design @ np.linalg.solve(design.T @ design, design.T @ y.ravel())
    variance = residuals @ residuals / 197
    assert found.observations == 200
    np.testing.assert_allclose(found.covariance, variance * np.linalg.inv(design.T @ design))


def test_several_outputs_and_classes_of_the_users_own():
    x = lamina.Input((3,))
    heads = [layers.Dense(1, name="a")(x), layers.Dense(1, "sigmoid", name="b")(x)]
    model = lamina.Model(x, heads, dtype="float64")
    model.compile(lamina.optimizers.BFGS(tolerance_grad=1e-10), ["mse", "binary_crossentropy"])
    model.fit(X, [REAL, TRUTH], epochs=200, verbose=0)
    both = model.inference(X, [REAL, TRUTH], covariance="sandwich")
    alone = linear().inference(X, REAL, covariance="sandwich")
    assert both.names[0] == "x1->a"
    np.testing.assert_allclose(both.standard_errors[:4], alone.standard_errors, rtol=1e-5)

    class Own(lamina.Model):
        def __init__(self):
            super().__init__(dtype="float64")
            self.inner = layers.Dense(1)

        def call(self, x):
            return self.inner(x)

    own = Own()
    own.compile("bfgs", "mse")
    own.fit(X, REAL, epochs=100, verbose=0)
    found = own.inference(X, REAL)
    assert found.names[0].endswith("kernel[0, 0]")  # how its layers are joined is not known
    plain = linear().inference(X, REAL)
    np.testing.assert_allclose(found.covariance, plain.covariance, rtol=1e-5)
    np.testing.assert_allclose(
        found.marginal_effects()["effect"], plain.marginal_effects()["effect"], rtol=1e-3
    )


def test_frames_name_the_weights_and_frozen_layers_are_conditioned_on():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["age", "dose", "sex"])
    hidden = layers.Dense(2, "tanh", trainable=False)
    model = lamina.Sequential([lamina.Input((3,)), hidden, layers.Dense(1)], dtype="float64")
    model.compile("bfgs", "mse")
    model.fit(frame, REAL, epochs=100, verbose=0)
    found = model.inference(frame, REAL)
    assert found.names == ["h1->o", "h2->o", "b->o"]
    design = np.column_stack([np.tanh(X @ hidden.kernel.numpy() + hidden.bias.numpy()),
                              np.ones(ROWS)])  # fmt: skip
    np.testing.assert_allclose(
        found.covariance, found.sigma**2 * np.linalg.inv(design.T @ design), rtol=1e-6
    )
    assert list(found.marginal_effects()["input"]) == ["age", "dose", "sex"]


def test_a_fit_of_nnet_has_its_hessian():
    fit = lamina.nnet.nnet(X, REAL, size=2, linout=True, decay=0.1, maxit=500, Hess=True,
                           reltol=1e-12, trace=False)  # fmt: skip
    result = fit.to_model().inference(X, REAL)
    # R's objective is the sum of squares; its weights come unit by unit.
    order = [result.names.index(name.replace("i", "x")) for name in fit.coef()]
    hessian = result._fit.pieces.hessian[np.ix_(order, order)]
    np.testing.assert_allclose(hessian, fit.Hessian, rtol=1e-6, atol=1e-5)
    assert result.df < 11


@pytest.mark.parametrize("hidden", [[], [layers.Dense(2, "tanh")], [layers.LayerNormalization()]])
def test_wrong_names_of_inputs_and_outputs(hidden):
    model = lamina.Sequential([lamina.Input((3,)), *hidden, layers.Dense(1)], seed=2)
    model.compile("sgd", "mse")
    x = RNG.normal(size=(40, 3))
    for wrong in (["a", "b"], []):
        with pytest.raises(ValueError, match="inference: output_names must have 1 names; got"):
            model.inference(x, x[:, 0], output_names=wrong)
    with pytest.raises(ValueError, match=r"inference: names must differ .*; 'a' occurs twice"):
        model.inference(x, x[:, 0], names=["a", "a", "b"])


def test_names_of_outputs_must_differ():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(3, "softmax")], seed=2)
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = RNG.normal(size=(40, 3))
    with pytest.raises(ValueError, match=r"output_names must differ .*; 'b' occurs twice"):
        model.inference(x, np.arange(40) % 3, output_names=["a", "b", "b"])
