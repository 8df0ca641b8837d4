"""Factors and text in formulas: levels, labels, membership, numbers that text consists of."""

import numpy as np
import pytest

import r_peer
from lamina.nnet import model_frame


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


def table():
    return {
        "x": [1.0, 3, 2, 3, 1.5, 2],
        "u": ["1", "2", "q", "0x1A", "1.5", " 2 "],
        "f": list("abcabc"),
        "b": [True, False, True, True, False, False],
    }


def columns_as_in_r(formula, data, texts=()):
    program = f"for (name in c({', '.join(map(repr, texts))})) d[[name]] <- as.character(d[[name]])"
    program += (
        f"\nm <- model.frame({formula}, d, na.action = na.pass); m <- model.matrix("
        'attr(m, "terms"), m); say("names", colnames(m)); say("x", m)'
    )
    asked = r_peer.ask(program, data)
    frame = model_frame(formula, data, na_action="na.pass")
    x, names = frame.with_intercept
    assert names == asked["names"]
    np.testing.assert_allclose(x, asked["x"], rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize(
    "formula",
    [
        "~ factor(x, exclude=NULL)", "~ factor(f, labels=c('p', 'p', 'q'))",
        "~ factor(f, levels=c('c', 'b', 'a'), labels=c('p', 'q', 'p')) + x",
        "~ ordered(x, labels=c('s', 't', 's', 'u'))",
        "~ cut(x, c(0, 1, 2, 3), labels=c('s', 's', 't')) + b",
    ],
)  # fmt: skip
def test_levels_are_rs(formula):
    columns_as_in_r(formula, table())


def test_missing_values_have_a_level_where_there_are_some():
    data = {**table(), "x": [1.0, np.nan, 2, 2, 1, np.nan]}
    columns_as_in_r("~ factor(x, exclude=NULL)", data)


@pytest.mark.parametrize(
    "formula",
    [
        "~ I(x %in% c('1', '2'))", "~ I(x %in% u) + I(u %in% x)", "~ I(b %in% 'TRUE')",
        "~ I(u %in% c(1, 2))", "~ I(f %in% u) + I(f %in% f)", "~ I(b %in% 1) + I(x %in% b)",
        "~ I(x + sum(is.element(c('a', 'b', 'q'), f)))",
    ],
)  # fmt: skip
def test_membership_is_rs(formula):
    columns_as_in_r(formula, table(), texts=["u"])


def test_missing_values_are_among_missing_values():
    data = {**table(), "z": [np.nan, 1.0, 2, 9, 9, 9], "g": ["a", None, "b", "c", None, "a"]}
    columns_as_in_r("~ I(z %in% c(NA, 2)) + I(z %in% 1:2) + I(g %in% g) + I(g %in% 'a')", data)


def test_numbers_of_text_are_read():
    columns_as_in_r("~ as.integer(u)", {"u": ["12", "7.9", "-3", "0x1A"]}, texts=["u"])
    data = table()
    with pytest.warns(UserWarning, match=r"as.numeric\(u\) is NaN in 1 rows, the first of"):
        frame = model_frame("~ as.numeric(u)", data, na_action="na.pass")
    np.testing.assert_array_equal(frame.x[:, 0], [1, 2, np.nan, 26, 1.5, 2])
    with pytest.warns(UserWarning, match="is NaN in 2 rows"):
        frame = model_frame("~ as.numeric(u)", {"u": ["1_000", "3", "0xz"]}, na_action="na.pass")
    np.testing.assert_array_equal(frame.x[:, 0], [np.nan, 3, np.nan])


def test_what_as_numeric_means_is_known_from_the_fit():
    pandas = pytest.importorskip("pandas")
    texts = ["10", "20", "30"]
    of_text = model_frame("~ as.numeric(u)", {"u": texts})
    of_levels = model_frame("~ as.numeric(u)", {"u": pandas.Categorical(texts)})
    for new in (["30", "20"], pandas.Categorical(["30", "20"])):
        assert of_text.again({"u": new}).x[:, 0].tolist() == [30, 20]
        assert of_levels.again({"u": new}).x[:, 0].tolist() == [3, 2]


@pytest.mark.parametrize("formula", ["~ as.factor(f)", "~ f"])
def test_levels_of_text_in_a_subset_are_rs(formula):
    data = {**table(), "f": list("abcabd")}
    program = (
        "d$f <- as.character(d$f)\n"
        f"m <- model.frame({formula}, d, subset = f != 'd'); m <- model.matrix("
        'attr(m, "terms"), m); say("names", colnames(m)); say("x", m)'
    )
    asked = r_peer.ask(program, data)
    x, names = model_frame(formula, data, subset="f != 'd'").with_intercept
    assert names == asked["names"]
    np.testing.assert_array_equal(x, asked["x"])
