"""Vectors in formulas: indices, and functions that reorder or shape; long sums."""

import numpy as np
import pytest

import r_peer
from lamina.nnet import model_frame, nnet


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


def table():
    return {
        "y": [1.0, 4, 2, 3, 6, 5],
        "x": [0.5, 3, 1, 2.5, 2, 4],
        "k": [1.0, 3, 2, 3, 1, 2],
        "f": list("abcabc"),
        "b": [True, False, True, True, False, False],
    }


def columns_as_in_r(formula, data, more=""):
    program = (
        f"{more}\nm <- model.frame({formula}, d, na.action = na.pass); m <- model.matrix("
        'attr(m, "terms"), m); say("names", colnames(m)); say("x", m)'
    )
    asked = r_peer.ask(program, data)
    frame = model_frame(formula, data, na_action="na.pass")
    x, names = frame.with_intercept
    assert names == asked["names"]
    np.testing.assert_allclose(x, asked["x"], rtol=2e-15)


@pytest.mark.parametrize(
    "formula",
    [
        "~ c(5, 6, 9)[k] + x", "~ I(x * c(5, 6)[2]) + c(5, 6, 9)[rev(k)]", "~ rev(x > 2)",
        "~ rev(f) + rev(factor(k))", "~ I(f == f[1]) + I(f == rev(f)[2])", "~ I(b == b[2])",
        "~ I(x + sum(c(1, 2, 4)[c(TRUE, FALSE)]))", "~ rev(cbind(x, k)[, 2])",
        "~ c('u', 'v', 'w')[k]",
    ],
)  # fmt: skip
def test_elements_are_rs(formula):
    columns_as_in_r(formula, table())


def test_missing_places_give_missing_elements():
    data = table()
    data["k"][2] = np.nan
    columns_as_in_r("~ c(5, 6, 9)[k] + x", data)
    data["g"] = ["a", None, "b", "a", "b", "a"]
    frame = model_frame("~ c('u', 'v')[factor(g)] + c('u', 'v', 'w')[k] + x", data)
    assert frame.rows.tolist() == [0, 3, 4, 5]


def test_a_single_row_is_predicted_with_an_index():
    fit = nnet("y ~ c(5, 6, 9)[k] + x", table(), size=1, trace=False, random_state=1, linout=True)
    alone = fit.predict({"k": [2.0], "x": [1.0]})
    np.testing.assert_array_equal(alone, fit.predict(table())[2:3])


@pytest.mark.parametrize("names", [600, 2000])
def test_sums_may_have_thousands_of_terms(names):
    rng = np.random.default_rng(0)
    data = {"y": rng.normal(size=4), **{f"x{i}": rng.normal(size=4) for i in range(names)}}
    written = " + ".join(f"x{i}" for i in range(names))
    for formula in (f"y ~ {written}", "y ~ ."):
        frame = model_frame(formula, data)
        assert frame.formula == f"y ~ {written}"
        np.testing.assert_array_equal(frame.x.T, [data[f"x{i}"] for i in range(names)])
    without = model_frame("y ~ . - x1", data)
    assert without.formula == f"y ~ ({written}) - x1"
    assert without.x.shape == (4, names - 1)


def test_sums_of_hundreds_of_numbers_are_calculated():
    data = {f"x{i}": np.full(4, float(i)) for i in range(500)}
    total = model_frame("~ I(" + " + ".join(data) + ")", data)
    assert total.x[:, 0].tolist() == [499 * 250.0] * 4
    product = model_frame("~ I(" + " * ".join(data) + ")", data)
    assert product.x[:, 0].tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("~ matrix(c(), ncol=2)", ValueError, "matrix takes one or more numbers; got none$"),
        ("~ I(x * c(5, 6)[c(-1, 1)])", ValueError, "must be all positive or all negative$"),
        ("~ c(5, 6, 9)[4]", ValueError, "places in brackets must be among 1 to 3; got 4$"),
        ("~ c(5, 6)[c(TRUE, FALSE, TRUE)]", ValueError, "as many as the 2 elements; got 3$"),
        ("~ cbind(x, k)[, NA]", ValueError, "columns of a matrix must be known; got a missing"),
        ("~ cbind(x, k)[1]", TypeError, r"columns of a matrix are x\[, j\], elements of a"),
    ],
)
def test_refusals_of_vectors_say_what_to_do(formula, error, message):
    with pytest.raises(error, match=message):
        model_frame(formula, table())
