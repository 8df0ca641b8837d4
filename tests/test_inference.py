"""``model.inference``: standard errors and effects, against statsmodels and formulas."""

import copy
import pickle

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, losses
from lamina.inference import SingularHessianError
from lamina.regularizers import L2

sm = golden.Peer("statsmodels.api")

RNG = np.random.default_rng(8)
ROWS = 150
X = RNG.normal(size=(ROWS, 3))
X[:, 2] = X[:, 2] > 0
DESIGN = np.column_stack([X, np.ones(ROWS)])
SIGNAL = X @ [0.8, -0.5, 0.6] - 0.2
REAL = SIGNAL + RNG.normal(size=ROWS) * (0.5 + np.abs(X[:, 0]))
TRUTH = (RNG.uniform(size=ROWS) < 1 / (1 + np.exp(-SIGNAL))).astype(float)
COUNTS = RNG.poisson(np.exp(0.5 * SIGNAL))
LABELS = np.argmax(np.column_stack([0 * SIGNAL, SIGNAL, X[:, 1]]) + RNG.gumbel(size=(ROWS, 3)), 1)
WEIGHTS = RNG.uniform(0.5, 2.0, ROWS)
GROUPS = np.arange(ROWS) // 10


def fitted(loss, y, *body, weight=None, seed=1):
    """Return a network at the minimum of its loss."""
    model = lamina.Sequential([lamina.Input((X.shape[1],)), *body], dtype="float64", seed=seed)
    model.compile(lamina.optimizers.BFGS(tolerance_grad=1e-10, tolerance_change=1e-16), loss)
    model.fit(X, y, sample_weight=weight, epochs=500, verbose=0)
    return model


def linear(**kwargs):
    return fitted("mse", REAL, layers.Dense(1), **kwargs)


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
    np.testing.assert_allclose([result.log_likelihood, result.deviance], whole, rtol=1e-6)
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


def test_changed_data_do_not_change_effects():
    x, y = X.copy(), REAL.copy()
    result = linear().inference(x, y)
    before = str(result.marginal_effects(at="mean"))
    x[:, 2] = 0.0
    assert str(result.marginal_effects(at="mean")) == before


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


# --- what stands in the way


def test_a_singular_hessian_is_named_and_not_inverted():
    x = X.copy()
    x[:, 1] = 4.0
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("bfgs", "mse")
    with pytest.warns(lamina.TrainingAdvice):
        model.fit(x, REAL, epochs=100, verbose=0)
    direction = r"along \(\+1 \(Intercept\), -0.25 dose\)"
    with pytest.warns(UserWarning, match=f"its rank is 3 of 4 weights.*{direction}"):
        result = model.inference(x, REAL, names=["age", "dose", "sex"])
    assert (result.rank, result.df) == (3, 3)
    np.testing.assert_allclose(result.null_directions, [[0, -0.25, 0, 1]], atol=1e-7)
    assert np.isnan(result.standard_errors).all()
    assert any("Constant columns of x: dose" in note for note in result.notes)
    with pytest.raises(SingularHessianError, match="rank is 3 of 4"):
        model.inference(x, REAL, singular="raise")
    with pytest.warns(UserWarning, match="singular"):
        held = model.inference(x, REAL, singular="pinv")
    design = np.column_stack([x, np.ones(ROWS)])
    expected = np.linalg.pinv(design.T @ design) * result.sigma**2
    np.testing.assert_allclose(held.covariance, expected, rtol=1e-6, atol=1e-12)


def test_classes_that_cannot_be_estimated():
    apart = (X[:, 0] > 0).astype(float)
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1, "sigmoid")], dtype="float64")
    model.compile("bfgs", "binary_crossentropy")
    model.fit(X, apart, epochs=60, verbose=0)
    with pytest.warns(UserWarning, match="Perfect separation"):
        model.inference(X, apart)
    with pytest.raises(ValueError, match="at least two classes; got only one"):
        model.inference(X, np.ones(ROWS))
    model = fitted("sparse_categorical_crossentropy", TRUTH, layers.Dense(3, "softmax"))
    with pytest.warns(UserWarning, match="Classes or outputs 2 never occur"):
        model.inference(X, TRUTH)


def test_a_saddle_and_a_loss_without_curvature():
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(2, "tanh"), layers.Dense(1)], dtype="float64", seed=1
    )
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=r"\d negative eigenvalues: the weights are not at a min"):
        result = model.inference(X, REAL)
    assert result.rank == 11
    assert np.isnan(result.standard_errors).all()
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("sgd", "mae")
    with pytest.warns(UserWarning, match="The loss has no curvature"):
        assert model.inference(X, REAL, covariance="sandwich").rank == 0


@pytest.mark.parametrize("singular", ["report", "pinv"])
@pytest.mark.parametrize("loss", ["mae", "hinge", "mape", losses.Pinball((0.5,))])
def test_a_loss_that_is_piecewise_linear_has_no_standard_errors(loss, singular):
    """At the kinks, and in the curvature of hidden layers and penalties, differences find some."""
    body = layers.Dense(2, "tanh", kernel_regularizer=L2(0.1)), layers.Dense(1)
    model = fitted(loss, 2 * TRUTH - 1, *body)
    with pytest.warns(UserWarning, match="The loss has no curvature.*need a bootstrap"):
        result = model.inference(X, 2 * TRUTH - 1, covariance="sandwich", singular=singular)
    assert np.isnan(result.standard_errors).all()
    assert np.isnan(result.df)


@pytest.mark.parametrize("loss", [["mae", "mae"], {"a": "mse", "b": "mae"}])
def test_one_output_with_a_piecewise_linear_loss_leaves_no_standard_errors(loss):
    entry = lamina.Input((3,))
    hidden = layers.Dense(2, "tanh")(entry)
    outputs = [layers.Dense(1, name=name)(hidden) for name in "ab"]
    model = lamina.Model(entry, outputs, dtype="float64")
    model.compile("bfgs", loss)
    model.fit(X, [REAL, SIGNAL], epochs=20, verbose=0)
    with pytest.warns(UserWarning, match="The loss has no curvature.*need a bootstrap"):
        result = model.inference(X, [REAL, SIGNAL], covariance="sandwich")
    assert np.isnan(result.standard_errors).all()
    with pytest.raises(ValueError, match="any loss with curvature; for mae and pinball, bootstrap"):
        model.inference(X, [REAL, SIGNAL])


def test_as_many_weights_as_rows_leave_no_variance():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("bfgs", "mse")
    model.fit(X[:4], REAL[:4], epochs=500, verbose=0)
    with pytest.warns(UserWarning, match=r"No residual degrees of freedom: 4 observations and 4 "):
        result = model.inference(X[:4], REAL[:4])
    assert np.isnan(result.standard_errors).all()
    assert "No residual degrees of freedom" in result.notes[-1]


def test_groups_need_a_label_in_each_row():
    model = linear()
    names = np.array([f"g{place}" for place in GROUPS], dtype=object)
    plain = model.inference(X, REAL, covariance="cluster", groups=GROUPS)
    named = model.inference(X, REAL, covariance="cluster", groups=names)
    np.testing.assert_allclose(named.covariance, plain.covariance, rtol=1e-12)
    for missing in (None, np.nan):
        names[3] = missing
        with pytest.raises(ValueError, match=f"label for each row; row 3 has {missing}"):
            model.inference(X, REAL, covariance="cluster", groups=names)
    names[3] = ["g0"]
    with pytest.raises(TypeError, match=r"inference: groups must be .* row 3 has \['g0'\]"):
        model.inference(X, REAL, covariance="cluster", groups=names)


def test_weights_that_are_at_no_minimum():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="a Newton step would move one by"):
        result = model.inference(X, REAL)
    assert result.newton_step > 1
    assert any("not at the minimum" in line for line in result.notes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"covariance": "ols"}, "covariance must be one of 'hessian', 'sandwich'"),
        ({"names": ["a"]}, "names must have 3 names; got 1"),
        ({"covariance": "cluster"}, "needs groups, a label for each row"),
        ({"covariance": "cluster", "groups": [1, 2]}, f"each of {ROWS} rows; got shape \\(2,\\)"),
        ({"groups": GROUPS}, "groups are for covariance='cluster'; got 'hessian'"),
        ({"reference": 1}, "reference is for a categorical cross-entropy"),
        ({"singular": "no"}, "singular must be one of"),
        ({"sample_weight": -np.ones(ROWS)}, "sample_weight must be >= 0"),
    ],
)
def test_what_is_refused(arguments, message):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=f"inference: .*{message}"):
        model.inference(X, REAL, **arguments)
    with pytest.raises(ValueError, match="x and y must have the same number of rows"):
        model.inference(X, REAL[:4])


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
