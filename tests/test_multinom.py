"""multinom against R's on R's own data sets, which are kept with the answers."""

import re

import numpy as np
import pytest

import r_peer
from lamina.nnet import multinom, r_matrices
from lamina.nnet.formulas.variables import level_text
from multinom_data import ASKED, R_TIGHT, TIGHT, data_of, simple

BIRTHWT = """d <- within(birthwt, {race <- factor(race); ptd <- factor(ptl > 0)
  ftv <- factor(ftv); levels(ftv)[-(1:2)] <- "2+"; rm(bwt, ptl)})
"""
FITS = {
    "housing": ("d <- housing", "Sat ~ Infl + Type + Cont", {"weights": "Freq"}),
    "interactions": ("d <- housing", "Sat ~ Infl * Cont", {"weights": "Freq", "decay": 0.5}),
    "birthwt": (BIRTHWT, "low ~ age + lwt + race + smoke + ptd + ht + ui + ftv", {}),
    "subset": (BIRTHWT, "race ~ poly(age, 2) + log(lwt) - 1", {"subset": "smoke == 0"}),
    "iris": ("d <- iris", "Species ~ Sepal.Length + Sepal.Width", {"decay": 1e-3}),
    "fgl": ("d <- fgl", "type ~ scale(RI) + scale(Al) + scale(Ca)", {"decay": 0.01}),
    "counts": ("d <- data.frame(snails)",
               "cbind(Deaths, N - Deaths) ~ Species + log(Temp) + Rel.Hum + Exposure", {}),
    "dependent": ("d <- iris[51:150, ]", "Sepal.Length > 6 ~ Petal.Width + I(2 * Petal.Width)", {}),
}  # fmt: skip


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


def r_call(formula, more, tight=True):
    given = [f"{k} = {v}" for k, v in more.items()] + ([R_TIGHT] if tight else ["trace = FALSE"])
    return f"multinom({formula}, d, {', '.join(given)})"


def close(got, wanted, tolerance):
    got = np.asarray(got)
    wanted = np.asarray(wanted).reshape(got.shape)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())


@pytest.mark.parametrize("name", FITS)
def test_fits_are_rs(name):
    setting, formula, more = FITS[name]
    loose, tight = (r_call(formula, more, tight) for tight in (False, True))
    program = f'{setting}\n{ASKED}\ntell("", {tight}); tell("loose.", {loose})\n'
    asked = r_peer.ask(program)
    data = data_of(asked)
    fit = multinom(formula, data, **more, **TIGHT)
    assert fit.names == asked["names"]
    np.testing.assert_allclose(fit.coef().ravel(), asked["coef"].ravel(), rtol=1e-4, atol=1e-6)
    close(fit.standard_errors, asked["errors"], 1e-5)
    close(fit.vcov(), asked["vcov"], 1e-5)
    whole = [fit.deviance, fit.edf, fit.AIC, fit.rank]
    np.testing.assert_allclose(whole, asked["whole"][:4], rtol=1e-9)
    close(fit.fitted(), asked["fitted"], 1e-6)
    close(fit.residuals, asked["residuals"], 1e-5)
    few = {k: v[:7] for k, v in data.items()}
    close(fit.predict(few, type="probs"), asked["probs"], 1e-6)
    assert [level_text(c) for c in fit.predict(few)] == asked["class"]
    # R's rule ends at the same point to a few digits, as rounding affects the last steps.
    short = multinom(formula, data, **more, trace=False)
    assert short.convergence == asked["loose.whole"][4]
    np.testing.assert_allclose(short.deviance, asked["loose.whole"][0], rtol=1e-6)
    close(short.standard_errors, asked["loose.errors"], 1e-4)
    close(short.coef(), asked["loose.coef"], 1e-3)


PRINTED = """
housing <- housing; birthwt <- d
h <- multinom(Sat ~ Infl + Type + Cont, data = housing, weights = Freq, maxit = 1000,
              reltol = 1e-15, trace = FALSE)
b <- multinom(low ~ age + lwt + race + smoke + ptd + ht + ui + ftv, data = birthwt, Hess = TRUE,
              maxit = 1000, reltol = 1e-15, trace = FALSE)
say("print", c(printed(h), printed(b)))
say("summary", c(printed(summary(h)), printed(summary(b))))
say("more", c(printed(summary(h, cor = TRUE, Wald = TRUE, digits = 3)),
              printed(summary(b, cor = TRUE, Wald = TRUE))))
two <- multinom(low ~ smoke, data = birthwt, maxit = 1000, reltol = 1e-15, trace = FALSE)
some <- multinom(race ~ smoke + age, data = birthwt, maxit = 1000, reltol = 1e-15, trace = FALSE)
say("columns", capture.output({m <- matrix(1:8 / 7, 2, 4); dimnames(m) <- list(c("a", "long names"),
  c(strrep("p", 11), strrep("q", 22), strrep("r", 22), strrep("s", 11))); print(m)
  colnames(m)[4] <- "s"; print(m)}))
say("correlations", c(printed(summary(two, cor = TRUE)),
                      printed(summary(some, cor = TRUE, digits = 1))))
say("loglik", c(printed(logLik(h)), printed(logLik(b))))
say("confint", c(confint(h, level = 0.9)["InflHigh", , ], confint(b, "lwt")))
"""


NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]\d+)?")


def same_print(got, wanted):
    """Compare texts, except for the last digits of numbers."""
    for one, other in zip(map(str, got), wanted, strict=True):
        assert re.sub(r"\d", "0", one) == re.sub(r"\d", "0", other)
        numbers = [[float(n) for n in NUMBER.findall(text)] for text in (one, other)]
        np.testing.assert_allclose(*numbers, rtol=0, atol=2e-7)


def test_fits_print_as_rs():
    birth = r_peer.ask(BIRTHWT + ASKED)
    house = r_peer.ask("d <- housing\n" + ASKED)
    asked = r_peer.ask(BIRTHWT + PRINTED)
    housing, birthwt = data_of(house), data_of(birth)
    h = multinom("Sat ~ Infl + Type + Cont", data=housing, weights="Freq", **TIGHT)
    b = multinom("low ~ age + lwt + race + smoke + ptd + ht + ui + ftv", data=birthwt, Hess=True,
                 **TIGHT)  # fmt: skip
    same_print([h, b], asked["print"])
    same_print([h.summary(), b.summary()], asked["summary"])
    short = h.summary(correlation=True, digits=3, Wald_ratios=True)
    same_print([short, b.summary(correlation=True, Wald_ratios=True)], asked["more"])
    m, long = np.arange(1, 9).reshape(4, 2).T / 7, ["p" * 11, "q" * 22, "r" * 22]
    shown = [r_matrices.matrix(m, ["a", "long names"], [*long, s]) for s in ("s" * 11, "s")]
    assert [*shown[0], *shown[1]] == asked["columns"]
    two, some = (multinom(f, data=birthwt, **TIGHT) for f in ("low ~ smoke", "race ~ smoke + age"))
    found = [two.summary(correlation=True), some.summary(correlation=True, digits=1)]
    same_print(found, asked["correlations"])
    same_print([h.logLik(), b.logLik()], asked["loglik"])
    limits, one = h.confint("InflHigh", level=0.9), b.confint(["lwt"])
    got = [*limits["5 %"], *limits["95 %"]]
    np.testing.assert_allclose([got[0], got[2], got[1], got[3], one["2.5 %"][0], one["97.5 %"][0]],
                               asked["confint"], rtol=1e-6)  # fmt: skip
    np.testing.assert_array_equal(b.Hessian, b._information)


def test_the_search_prints_as_rs(capsys):
    house = r_peer.ask("d <- housing\n" + ASKED)
    asked = r_peer.ask('say("trace", capture.output(invisible(multinom(Sat ~ Infl + Type, housing, '
                       'weights = Freq))))')  # fmt: skip
    multinom("Sat ~ Infl + Type", data_of(house), weights="Freq")
    assert capsys.readouterr().out.splitlines() == asked["trace"]


def counts(rows=40, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows).round(2)
    scores = np.column_stack([np.zeros(rows), x, 1 - x])
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    drawn = np.array([rng.multinomial(9, each) for each in p]).astype(float)
    g = rng.choice(["u", "v"], rows).tolist()
    offsets = rng.normal(size=(rows, 3)).round(2)
    return {"x": x, "g": g, "a": drawn[:, 0], "b": drawn[:, 1], "c": drawn[:, 2],
            "o1": offsets[:, 0], "o2": offsets[:, 1], "o3": offsets[:, 2]}  # fmt: skip


def test_matrices_of_counts_offsets_and_censored_classes_are_rs():
    data = counts()
    program = f"""
fit <- multinom(cbind(a, b, c) ~ x + g, d, {R_TIGHT}); say("coef", coef(fit))
say("value", fit$value); say("class", as.character(predict(fit, d[1:5, ])))
fit <- multinom(cbind(a, b, c) ~ x + offset(cbind(o1, o2, o3)), d, {R_TIGHT})
say("offset", coef(fit)); say("fitted", fitted(fit))
fit <- multinom(g ~ x + offset(o1), d, {R_TIGHT}); say("two", coef(fit))
fit <- multinom(cbind(a > 2, b > 2, c > 2) ~ x, d, subset = pmax(a, b, c) > 2, censored = TRUE,
                decay = 0.1, {R_TIGHT})
say("censored", coef(fit)); say("censored.value", fit$value)
"""
    asked = r_peer.ask(program, data)
    fit = multinom("cbind(a, b, c) ~ x + g", data, **TIGHT)
    close(fit.coef(), asked["coef"], 1e-6)
    assert fit.value == pytest.approx(asked["value"][0], rel=1e-10)
    assert (fit.lab, fit.lev) == (["a", "b", "c"], None)
    assert list(fit.predict({k: v[:5] for k, v in data.items()})) == asked["class"]
    fit = multinom("cbind(a, b, c) ~ x + offset(cbind(o1, o2, o3))", data, **TIGHT)
    close(fit.coef(), asked["offset"], 1e-6)
    close(fit.fitted(), asked["fitted"], 1e-7)
    np.testing.assert_allclose(fit.predict(data, type="probs"), fit.fitted())
    fit = multinom("g ~ x + offset(o1)", data, **TIGHT)
    close(fit.coef(), asked["two"], 1e-6)
    np.testing.assert_allclose(fit.predict(data, type="probs"), fit.fitted()[:, 0])
    fit = multinom("cbind(a > 2, b > 2, c > 2) ~ x", data, subset="pmax(a, pmax(b, c)) > 2",
                   censored=True, decay=0.1, **TIGHT)  # fmt: skip
    close(fit.coef(), asked["censored"], 1e-5)
    assert fit.value == pytest.approx(asked["censored.value"][0], rel=1e-9)


@pytest.mark.parametrize("summ", [1, 2, 3])
def test_rows_that_are_alike_are_merged(summ, capsys):
    rng = np.random.default_rng(5)
    data = {"x": rng.integers(0, 3, 200).astype(float), "y": rng.choice(list("abc"), 200).tolist()}
    whole = multinom("y ~ x", data, **TIGHT)
    merged = multinom("y ~ x", data, summ=summ, **{**TIGHT, "trace": True})
    assert capsys.readouterr().out.startswith(f"[1] {3 if summ == 3 else 9} 2\n# weights:  9 (4 v")
    np.testing.assert_allclose(merged.coef(), whole.coef(), rtol=1e-6)
    np.testing.assert_allclose(merged.standard_errors, whole.standard_errors, rtol=1e-6)
    assert merged.deviance == pytest.approx(whole.deviance, rel=1e-10)
    assert "-0" not in repr(merged.anova(merged))
    multinom("y ~ k", {**data, "k": np.arange(200) % 12}, summ=3, maxit=0)
    assert capsys.readouterr().out.startswith("[1] 12  2\n")  # numbers of one width


def test_standard_errors_are_those_of_the_contrasts():
    """R has them from the Hessian; without it, it calculates them for the default contrasts."""
    program = f"""d <- quine
{ASKED}
tell("", multinom(Age ~ Sex + Eth, d, contrasts = list(Sex = "contr.sum"), Hess = TRUE, {R_TIGHT}))
"""
    asked = r_peer.ask(program)
    fit = multinom("Age ~ Sex + Eth", data_of(asked), contrasts={"Sex": "contr.sum"}, **TIGHT)
    assert fit.names == asked["names"]
    close(fit.coef(), asked["coef"], 1e-5)
    close(fit.standard_errors, asked["errors"], 1e-5)
    close(fit.vcov(), asked["vcov"], 1e-5)


@pytest.mark.parametrize(("formula", "summ"), [("Age ~ Eth + Sex", 1), ("Eth ~ Age + Sex", 1),
                                               ("Age ~ Eth + Sex", 2)])  # fmt: skip
def test_rows_that_are_merged_come_in_rs_order(formula, summ):
    program = f"""d <- quine
{ASKED}
fit <- multinom({formula}, d, summ = {summ}, {R_TIGHT})
say("fitted", unname(fitted(fit))); say("weights", fit$weights)
"""
    asked = r_peer.ask(program)
    fit = multinom(formula, data_of(asked), summ=summ, **TIGHT)
    assert fit.weights.tolist() == asked["weights"].ravel().tolist()
    close(fit.fitted(), asked["fitted"], 1e-6)


def test_rows_with_gaps_are_predicted_as_gaps():
    data = simple()
    data["x"][[2, 5]] = np.nan
    fit = multinom("y ~ x", data, trace=False, na_action="na.exclude")
    for of_rows in (fit.fitted_values, fit.fitted(), fit.residuals, fit.predict(type="probs")):
        assert of_rows.shape == (24, 3)
        assert np.isnan(of_rows).all(axis=1).nonzero()[0].tolist() == [2, 5]
    omitting = multinom("y ~ x", data, trace=False)
    known = np.delete(np.arange(24), [2, 5])
    np.testing.assert_array_equal(omitting.fitted_values, fit.fitted_values[known])
    np.testing.assert_array_equal(omitting.vcov(), fit.vcov())
    assert fit.predict()[2] is None
    probabilities = fit.predict({"x": [0.5, np.nan]}, type="probs")
    assert np.isfinite(probabilities[0]).all()
    assert np.isnan(probabilities[1]).all()
    assert fit.predict({"x": [0.5, np.nan]}).tolist()[1] is None


def test_classes_come_back_as_the_data_have_them():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    for classes in ([3, 1, 2], [False, True], ["n", "p"]):
        y = np.array(classes)[(rng.integers(0, len(classes), 60) + (x > 0)) % len(classes)]
        fit = multinom("y ~ x", {"x": x, "y": y}, trace=False)
        assert fit.lev == tuple(sorted(classes))
        assert set(fit.predict().tolist()) <= set(classes)
        assert fit.predict().dtype == y.dtype


def test_perfect_separation_is_told_in_words():
    data = {"y": ["a"] * 5 + ["b"] * 15, "x": [*range(5), *range(6, 21)]}
    message = "rows of 'a', 'b' are separated from those of other classes without error, by "
    message += ".Intercept., x;"
    with pytest.warns(UserWarning, match=message):
        fit = multinom("y ~ x", data, trace=False, maxit=500)
    assert np.abs(fit.coef()).max() > 10  # as in R
    multinom("y ~ x", data, trace=False, decay=0.1)  # no warning
    # The warning is given even if the search stops early.
    age = np.random.default_rng(0).integers(18, 80, 200).astype(float)
    data = {"age": age, "z": np.where(age > 40, "old", "young")}
    with pytest.warns(UserWarning, match="rows of 'old', 'young' are separated .* without error"):
        assert multinom("z ~ age", data, trace=False).deviance > 1
    # Separation in some rows only: none of the level s is a `c`.
    data = {"y": list("abcabcabab"), "f": list("rrrrrrssss")}
    with pytest.warns(UserWarning, match="rows of 'c' are separated .* by fs; their coeff"):
        multinom("y ~ f", data, trace=False)
    multinom("y ~ f", {**data, "y": list("abcabcabac")}, trace=False)  # no warning
    # Proportions fitted without error are not separated rows.
    counts = {"f": ["r", "s"], "a": [4.0, 1.0], "b": [3.0, 7.0], "c": [0.0, 2.0]}
    for response in ("cbind(a, b)", "cbind(a, a + b, b)"):
        multinom(f"{response} ~ f", counts, trace=False, reltol=1e-15)  # no warning
    with pytest.warns(UserWarning, match="rows of 'c' are separated .* without error, by fs;"):
        multinom("cbind(a, b, c) ~ f", counts, trace=False, maxit=500)


@pytest.mark.parametrize(
    ("formula", "more", "message"),
    [
        ("y ~ x", {"MaxNWts": 5}, "must have at most MaxNWts=5 weights; it has 9: give a larger"),
        ("y ~ x", {"decay": -1.0}, r"decay must be >= 0; got -1.0"),
        ("y ~ x", {"subset": "y == 'u'"}, "must have two or more classes; got u alone"),
        ("y ~ x", {"summ": 4}, "summ must be 0, 1, 2 or 3; got 4"),
        ("y ~ x", {"weights": "-k"}, "weights must be >= 0; got -1"),
        ("~ x", {}, "must have a response on its left side; got '~x'"),
        ("y ~ 0", {}, "must have a column on its right side; got 'y ~ 0'"),
        ("cbind(k, -k) ~ x", {}, "must hold counts >= 0; got -1"),
        ("cbind(k - 1, k - 1) ~ x", {}, "must have a count above 0; got none in row 0"),
        ("y ~ x + offset(k)", {}, "the offset must have a column for each of 3 classes; got 1"),
        ("y ~ q", {}, "unknown column 'q'"),
    ],
)
def test_refusals_say_what_to_do(formula, more, message):
    with pytest.raises(ValueError, match=f"^multinom: .*{message}"):
        multinom(formula, simple(), trace=False, **more)


def test_refusals_of_methods():
    fit = multinom("y ~ x", simple(), trace=False)
    with pytest.raises(
        ValueError, match="predict: type must be one of 'class', 'probs'; got 'raw'"
    ):
        fit.predict(type="raw")
    with pytest.raises(ValueError, match="confint: unknown column 'z'"):
        fit.confint("z")
    with pytest.raises(TypeError, match="anova: fits must be two or more"):
        fit.anova()
    assert re.match(r"class +coefficient +2.5 % +97.5 %\n", str(fit.confint()))
