"""Comparisons of fits of multinom, anova and drop1, against R."""

import numpy as np
import pytest

import r_peer
from lamina.nnet import multinom
from multinom_data import ASKED, R_TIGHT, TIGHT, data_of, simple


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


def test_likelihood_ratio_tests_are_rs():
    house = r_peer.ask("d <- housing\n" + ASKED)
    asked = r_peer.ask(f"""
small <- multinom(Sat ~ Infl, housing, weights = Freq, {R_TIGHT})
large <- multinom(Sat ~ Infl + Cont, housing, weights = Freq, {R_TIGHT})
t <- anova(large, small)
say("numbers", as.matrix(t[2, c(2, 3, 5, 6, 7)])); say("models", t$Model)
""")
    data = data_of(house)
    small = multinom("Sat ~ Infl", data, weights="Freq", **TIGHT)
    large = multinom("Sat ~ Infl + Cont", data, weights="Freq", **TIGHT)
    table = large.anova(small)
    names = ["Resid. df", "Resid. Dev", "Df", "LR stat.", "Pr(Chi)"]
    np.testing.assert_allclose([table[n][1] for n in names], asked["numbers"][0], rtol=1e-6)
    assert list(table["Model"]) == asked["models"]


@pytest.mark.parametrize(
    ("data", "formula", "more"),
    [
        ("housing", "Sat ~ Infl*Type + Cont", {"weights": "Freq", "maxit": 500}),
        ("housing", "Sat ~ Infl + Type - 1", {"weights": "Freq"}),
        ("quine", "Age ~ Eth*Sex", {"decay": 0.1}),
        ("birthwt", "low ~ age + factor(race) + offset(lwt / 100)", {}),
        ("iris", "Species ~ Sepal.Width + I(2 * Sepal.Width)", {"decay": 0.1}),
        ("Insurance", "cbind(Claims, Holders - Claims) ~ District + Group", {}),
        ("airquality", "factor(Month) ~ Temp + Wind", {}),
    ],
)
def test_terms_are_dropped_as_by_r(data, formula, more, capsys):
    given = "".join(f"{name} = {value}, " for name, value in more.items())
    program = f"""d <- {data}
{ASKED}
trace <- FALSE  # R's drop1 passes its argument by name
fit <- multinom({formula}, d, {given}trace = FALSE)
told <- capture.output(found <- drop1(fit))
say("told", told); say("terms", rownames(found)); say("found", unname(as.matrix(found)))
"""
    asked = r_peer.ask(program)
    fit = multinom(formula, data_of(asked), **more, trace=False)
    found = fit.drop1()
    told = [line for line in asked["told"] if line.startswith("trying")]
    assert capsys.readouterr().out.splitlines() == told
    assert found["Term"].tolist() == asked["terms"]
    np.testing.assert_array_equal(found["Df"], asked["found"][:, 0])
    np.testing.assert_allclose(found["AIC"], asked["found"][:, 1], rtol=1e-5)


def test_dropped_terms_are_chosen_and_sorted():
    data = {"y": list("abcacbcbabac"), "u": np.arange(12.0), "v": [0, 1, 2] * 4}
    fit = multinom("y ~ u + v", data, trace=False)
    found = fit.drop1(sorted=True)
    assert np.all(np.diff(found["AIC"]) >= 0)
    assert fit.drop1("v")["Term"].tolist() == ["<none>", "v"]
    less = multinom("y ~ u", data, trace=False)
    merged = multinom("y ~ u + v", data, summ=1, trace=False)
    np.testing.assert_allclose(merged.drop1()["AIC"], fit.drop1()["AIC"], rtol=1e-6)
    assert fit.drop1(["v"])["AIC"][1] == pytest.approx(less.AIC, rel=1e-12)
    with pytest.raises(ValueError, match=r"^drop1: unknown term 'w'; known: u, v$"):
        fit.drop1("w")
    with pytest.raises(TypeError, match=r"^drop1: scope must be labels of terms; got 3$"):
        fit.drop1(3)
    with pytest.raises(ValueError, match=r"^drop1: a model must keep a column; without u it has"):
        multinom("y ~ u - 1", data, trace=False).drop1()


@pytest.mark.parametrize(
    ("other", "shown"),
    [(3, "3"), ("y ~ 1", "'y ~ 1'"), (None, "None"), ([1.0], "a list"), (simple, "a function")],
)
def test_anova_refuses_what_is_no_fit(other, shown):
    fit = multinom("y ~ x", simple(), trace=False)
    message = f"^anova: fits must be those of multinom; got {shown}: call fit.anova"
    with pytest.raises(TypeError, match=message):
        fit.anova(other)


def test_anova_is_of_the_same_rows_and_classes():
    data = simple()
    fit = multinom("y ~ x", data, trace=False)
    fewer = multinom("y ~ 1", data, subset=range(21), trace=False)
    with pytest.raises(ValueError, match=r"^anova: .* got 21 rows of 3 classes and 24 rows of 3"):
        fit.anova(fewer)
    data["x"][[2, 5]] = np.nan
    small = multinom("y ~ 1", data, subset="!is.na(x)", trace=False)
    for action in ("na.omit", "na.exclude"):
        large = multinom("y ~ x", data, na_action=action, trace=False)
        assert large.anova(small)["Resid. df"].tolist() == [42, 40]
