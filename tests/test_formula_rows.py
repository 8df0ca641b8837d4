"""Rows that ``subset`` chooses, and numbers at the ends of their range, against R."""

import numpy as np
import pytest

import r_peer
from lamina.nnet import model_frame
from lamina.nnet.formulas.functions import signif


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


def table():
    return {"y": [1.0, 4, 2, 3, 6, 5], "x": [0.5, 3, 1, 2.5, 2, 4], "f": list("abcabc")}


@pytest.mark.parametrize("subset", [slice("a", "b"), slice(0, 3.5), slice(0, 3, 0)])
def test_slices_are_of_row_numbers(subset):
    message = r"^model_frame: subset must be a slice of row numbers, .*; got slice\("
    with pytest.raises(TypeError, match=message):
        model_frame("y ~ x", table(), subset=subset)


@pytest.mark.parametrize(
    "subset", ["rep(c(TRUE, NA), 3)", "c(NA, TRUE, FALSE)", "rep(TRUE, 6)", "x[1] < 1", "y"]
)
def test_conditions_with_gaps_choose_rows_as_in_r(subset):
    program = f'm <- model.frame(y ~ x, d, subset = {subset}); say("y", m$y)'
    asked = r_peer.ask(program, table())
    np.testing.assert_array_equal(model_frame("y ~ x", table(), subset=subset).y, asked["y"])


def test_conditions_longer_than_the_table_are_refused():
    """R reads rows that do not exist, all of them missing."""
    message = "subset must have at most one truth value for each of 6 rows; got 100 from 'rep"
    with pytest.raises(ValueError, match=message):
        model_frame("y ~ x", table(), subset="rep(TRUE, 100)")


@pytest.mark.parametrize("subset", ["cbind(x > 1, x > 2)", "f", "c('a', 'b')", "'a'"])
def test_what_is_no_condition_is_refused(subset):
    with pytest.raises(TypeError, match=r"^model_frame: subset must be a condition, such as"):
        model_frame("y ~ x", table(), subset=subset)


def test_numbers_are_rounded_at_the_ends_of_their_range():
    data = {"w": [1.2345, -123.5, 0.0, 1.5e-7, 2.5e100]}
    formula = "~ signif(w, 400) + round(w, 400) + signif(w, 2) + round(w, -400) + signif(w, 22)"
    asked = r_peer.ask(f'say("x", unname(model.matrix({formula}, d)[, -1]))', data)
    np.testing.assert_allclose(model_frame(formula, data).x, asked["x"], rtol=4e-16)
    # R's own results have one more rounding here.
    assert signif(np.array([2e300, 1.5, -1.2345]), 3).tolist() == [2e300, 1.5, -1.23]
    assert signif(np.array([1.2345e-320, -np.inf]), 2).tolist() == [1.2e-320, -np.inf]
    assert signif(1234.5, 2) == 1200
