"""What formulas refuse, and what they say."""

import sys

import numpy as np
import pytest

from formula_tables import table
from lamina import inference
from lamina.nnet import model_frame
from lamina.nnet.formulas import FormulaError


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


@pytest.mark.parametrize(
    ("formula", "more", "error", "message"),
    [
        ("y ~ q", {}, ValueError, "model_frame: unknown column 'q'; known: "),
        ("y ~ x + ", {}, FormulaError, "'y ~ x \\+ ' cannot be read at 'its end'"),
        ("y ~ x $ z", {}, FormulaError, r"cannot be read at '\$ z'"),
        ("y + x", {}, FormulaError, "formula must have a '~'"),
        (3, {}, TypeError, "formula must be a string, such as 'y ~ x1 \\+ x2'; got 3"),
        ("y ~ f + sos(x)", {}, ValueError, r"sos\(x\): unknown function 'sos'; did you mean"),
        ("y ~ log(f)", {}, TypeError,
         r"^model_frame: log\(f\) cannot be calculated: numbers are needed; got text, such as "
         r"a, b, c; as.numeric\(\) of it gives the numbers that it consists of, as.numeric\(fac"),
        ("y ~ log(factor(f))", {}, TypeError,
         r"numbers are needed; got a factor, whose levels are a, b, c; as.numeric\(\) of it gives "
         r"the places of its levels$"),
        ("y ~ x", {"subset": "x"}, TypeError, "subset must be a condition"),
        ("y ~ x", {"subset": [40]}, ValueError, "subset must hold row numbers, 0 to 29; got 40"),
        ("y ~ x", {"weights": [1.0]}, ValueError, "weights must have one value for each of 30 row"),
        ("y ~ x", {"na_action": "omit"}, ValueError, "na_action must be one of na.omit, na.fail"),
        ("y ~ f", {"contrasts": {"f": "contr.sums"}}, ValueError, "did you mean 'contr.sum'?"),
        ("y ~ f", {"contrasts": {"f": np.eye(2)}}, ValueError, "one row for each of its 3 levels"),
        ("y ~ f", {"contrasts": "sum"}, TypeError, "contrasts must be a dict"),
        ("y ~ f", {"contrasts": {"f": ["a", "b", "c"]}}, TypeError,
         r"^model_frame: contrasts of f must be one of contr.treatment, .*; got \['a', 'b', 'c'\]"),
        ("y ~ f", {"contrasts": {"f": len}}, TypeError, "must be one of .*; got <built-in f"),
        ("y ~ C(f, c(1, 2))", {}, ValueError, "must have a number for each of 3 levels; got 2"),
        ("y ~ I(x * c(1, 2, 3, 4))", {}, ValueError,
         "cannot be calculated: its parts must have one value, or one for each row$"),
        ("y ~ poly(x, 2)[, 3]", {}, ValueError, r"brackets must be among 1, 2; got 3$"),
        ("y ~ poly(x, 2)[1, 2]", {}, TypeError, "rows are chosen by subset; got a row's place"),
        ("y ~ matrix(x, 4, 7)", {}, ValueError, "30 numbers do not fill 4 rows and 7 columns"),
        ("y ~ paste(f, c('a', 'b', 'c', 'd'))", {}, ValueError, "got 30, 4 values"),
        ("y ~ factor(f, labels=c('u', 'v'))", {}, ValueError, "one for each of 3 levels; got 2"),
        ("y ~ x", {"subset": "40"}, TypeError,
         "condition, such as 'x > 1', or different row numbers from 1 to 30, .*; got '40'"),
        ("y ~ x", {"subset": "c(1, 1)"}, TypeError, r"different row numbers .*; got 'c\(1, 1\)'"),
        ("y ~ x", {"subset": "x >"}, FormulaError,
         "^model_frame: subset must be as in R, such as 'x > 1'; 'x >' cannot be read at "),
        ("y ~ x", {"weights": "2 *"}, FormulaError, "weights must be as in R, such as 'x > 1'"),
        ("y ~ f", {"subset": "f == 'a'"}, ValueError,
         "the factor f must have 2 or more levels in the rows that are used; got only 'a'"),
        ("y ~ x", {"subset": "x > 9"}, ValueError,
         "^model_frame: subset must leave a row; it leaves none of 30; got 'x > 9'$"),
        ("y ~ x", {"subset": []}, ValueError, "subset must leave a row; it leaves none of 30$"),
        ("y ~ x ~ z", {}, FormulaError, "must have one '~', as in .*; got 'y ~ x ~ z'$"),
        ("y ~ I(x ~ z)", {}, FormulaError, r"must have one '~', as in .*; got 'y ~ I\(x ~ z\)'$"),
        ("y ~ 2", {}, FormulaError, "numbers 0 and 1 alone .*; got 2 in 'y ~ 2'; write arithmetic"),
        ("y ~ x + 1.5", {}, FormulaError, "numbers 0 and 1 alone .*; got 1.5 in 'y ~ x"),
        ("y ~ 2 * x", {}, FormulaError, "numbers 0 and 1 alone .*; got 2 in 'y ~ 2"),
        ("y ~ (0 + 1):x", {}, FormulaError, r"0 and 1 alone .*; got \(0 \+ 1\) in 'y ~ \(0"),
        ("y ~ f %in% c('a', 'b')", {}, FormulaError,
         r"%in% among terms takes variables, .* write a condition inside I\(\), as in "
         r"I\(f %in% c\("),
        ("y ~ (1)^2", {}, FormulaError, r"numbers 0 and 1 alone .*; got \(1\) in"),
        ("y ~ x:1", {}, FormulaError, "numbers 0 and 1 alone .*; got 1 in 'y ~ x:1'"),
        ("y ~ x^0.5", {}, FormulaError, r"power .* an integer from 1 on, .*; got x\^0.5 in"),
        ("y ~ x^z", {}, FormulaError, r"power .* an integer from 1 on, .*; got x\^z in"),
        ("y ~ seq(1, x)", {}, TypeError,
         r"seq\(1, x\) cannot be calculated: to must be one number; got 30 values$"),
        ("y ~ round(x, c(1, 2))", {}, TypeError, "digits must be one number; got 2 values"),
        ("y ~ poly(x, 0)", {}, ValueError, "degree of poly must be an integer from 1 on; got 0"),
        ("y ~ bs(x, df=z)", {}, TypeError, "df of bs must be one number; got 30 values"),
        ("y ~ ns(x, df='4')", {}, TypeError, "df of ns must be one number; got '4'"),
        ("y ~ I(f > 'a')", {}, TypeError, "'<' and '>' are for numbers and ordered factors"),
        ("y ~ I(ordered(f) > 'q')", {}, ValueError, "one of its levels, a, b, c; got 'q'"),
        ("y ~ relevel(f, ref=4)", {}, ValueError, "ref must be .* a, b, c, or its place, 1 to 3"),
        ("y ~ cut(x, seq(0, 4, by=-1))", {}, ValueError, "by must lead from 0 to 4; got -1"),
        ("y ~ C(f, sum, 3)", {}, ValueError, "how.many of .* must be 1 to 2 columns; got 3"),
        ("y ~ C(f, contr.sum(4))", {}, ValueError, "must be for its 3 levels; got contr.sum of 4"),
        ("x:f ~ z", {}, TypeError, "':' outside of terms takes two numbers, or two factors"),
        ("y ~ I(f == x)", {}, TypeError, "compares a factor with one level or another factor"),
        ("y ~ I(x == 'a')", {}, TypeError, "'==' compares numbers with numbers; got 'a'"),
        ("y ~ I(f & b)", {}, TypeError, "'&' is for truth values and numbers; got a factor"),
        ("y ~ ifelse(b, f, 'a')", {}, TypeError, "ifelse chooses between numbers, .* got a factor"),
        ("y ~ I(f + 1)", {}, TypeError, "numbers are needed; got text, such as a, b, c; "),
        ("y ~ C(f, sum, base=2)", {}, ValueError, "base of .* is for contr.treatment alone; got 2"),
        ("y ~ plogis(x, 1)", {}, TypeError,
         r"^model_frame: plogis takes the arguments \(x\); got plogis\(x, 1\)$"),
        ("y ~ exp(x, z)", {}, TypeError, r"exp takes the arguments \(x\); got exp\(x, z\)"),
        ("y ~ I(mean(x, 0.1) + x)", {}, TypeError, r"mean takes the arguments \(x, na.rm\);"),
        ("y ~ C(f, how=2)", {}, TypeError, r"takes the .* \(x, contr, how.many, base\); got"),
        ("y ~ log(x, base=2, base=3)", {}, TypeError, r"takes the arguments \(x, base\); got log"),
        ("y ~ pmin()", {}, TypeError, r"pmin takes the arguments \(x, ...\); got pmin\(\)"),
        ("y ~ I(x * 9^9^9)", {}, ArithmeticError, "calculated: one of its numbers is too large$"),
        ("y ~ " + 5000 * "(" + "x", {}, FormulaError, "formula must have fewer brackets within br"),
        ("y ~ I(x <- 1)", {}, FormulaError, r"must not assign, .*; got 'y ~ I\(x <- 1\)'; "),
        ("y ~ x", {"subset": "x<-1"}, FormulaError,
         "^model_frame: subset must not assign, as '<-' does; got 'x<-1'; .* as in x < -1$"),
        ("y ~ x", {"subset": "x <<- 1"}, FormulaError, "subset must not assign"),
        ("y ~ x && b", {}, TypeError,
         "'&&' is for single truth values, as in R; got 30 values; '&' is for columns$"),
        ("y ~ x", {"subset": "x > 1 || b"}, TypeError, r"'\|\|' is for single .* '\|' is for col"),
        ("y ~ cbind(x, c(1, 2))", {}, ValueError,
         r"^model_frame: cbind\(x, c\(1, 2\)\) cannot be calculated: cbind takes columns of as "
         r"many rows, and single values; got 30, 2$"),
        ("y ~ cbind()", {}, TypeError, "cbind takes one or more columns; got none$"),
        ("y ~ cbind(x, f)", {}, TypeError, "cbind takes numbers; got text$"),
        ("y ~ cbind(x, 'a')", {}, TypeError, "cbind takes numbers; got 'a'$"),
        ("y ~ poly(x, 'x')", {}, TypeError, "degree of poly must be an integer from .*; got 'x'$"),
        ("y ~ poly(x, degree='x')", {}, TypeError, "degree of poly must be one number; got 'x'$"),
        ("y ~ log('x')", {}, TypeError, "numbers are needed; got 'x'$"),
        ("y ~ abs(c('p', 'q'))", {}, TypeError, "numbers are needed; got strings$"),
        ("y ~ atan2(x, NULL)", {}, TypeError, "numbers are needed; got NULL$"),
        ("y ~ mean('x')", {}, TypeError, "numbers are needed; got 'x'$"),
        ("y ~ dnorm(x, NULL)", {}, TypeError, "numbers are needed; got NULL$"),
        ("y ~ IQR(c())", {}, ValueError, "its arguments are not what its functions take$"),
        ("y ~ poly(x, 40)", {}, ValueError, "degree of poly must be less than the number of diff"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(formula, more, error, message):
    with pytest.raises(error, match=message):
        model_frame(formula, table(), **more)


def test_splines_with_too_few_columns_or_values_beyond_their_knots_are_told():
    """As in R, which warns of the same."""
    with pytest.warns(UserWarning, match="^bs: df must be at least 3, and is taken as that; got 2"):
        assert model_frame("y ~ bs(x, df=2)", table()).x.shape == (30, 3)
    with pytest.warns(UserWarning, match="^ns: df must be at least 2, and is taken as that; got 1"):
        model_frame("y ~ ns(x, df=1, intercept=TRUE)", table())
    frame = model_frame("y ~ bs(x, df=4)", table())
    with pytest.warns(UserWarning, match="^bs: values should be within .*; 1 of 2 are not$"):
        frame.again({"x": [1.0, 9.0]})


def test_lazy_frames_are_to_be_collected():
    polars = pytest.importorskip("polars")
    data = polars.DataFrame(table())
    with pytest.raises(TypeError, match=r"got a LazyFrame; pass data.collect\(\)"):
        model_frame("y ~ x", data.lazy())
    frame = model_frame("y ~ x", data.lazy().collect())
    with pytest.raises(TypeError, match=r"got a LazyFrame; pass x.collect\(\)"):
        inference.partial_dependence(frame, data.lazy(), "x")


def test_without_formulaic_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "formulaic", None)
    message = r'model_frame: formulas need the package formulaic; .* "lamina\[formula\]"$'
    with pytest.raises(ImportError, match=message):
        model_frame("y ~ x", table())


def test_other_rows_that_do_not_fit_are_refused():
    frame = model_frame("y ~ x + f", table())
    with pytest.raises(ValueError, match="factor f has new levels d; the model knows a, b, c"):
        frame.again({"x": [1.0], "f": ["d"]})
    with pytest.raises(TypeError, match="variable x was fitted as numeric; got factor"):
        frame.again({"x": ["a"], "f": ["a"]})
    with pytest.raises(ValueError, match="unknown column 'f'"):
        frame.again({"x": [1.0]})
    with pytest.warns(UserWarning, match="variable 'q' is absent, its contrast is ignored"):
        model_frame("y ~ x", table(), contrasts={"q": "contr.sum"})


def test_infinite_values_are_refused_by_name_and_row():
    data = {"y": [1.0, 2, 3, 4], "x": [1.0, 0, 3, 4]}
    with pytest.raises(
        ValueError, match=r"model_frame: log\(x\) must be finite; got -inf in row 1"
    ):
        model_frame("y ~ log(x)", data)
    frame = model_frame("y ~ log(x)", data, subset="x > 0 & y")
    assert frame.rows.tolist() == [0, 2, 3]
    with pytest.raises(ValueError, match="got -inf in row 0"):
        frame.again({"x": [0.0]})
