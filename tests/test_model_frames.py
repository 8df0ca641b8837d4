"""Model frames against R's model.frame and model.matrix: values, names, rows, and refusals."""

from decimal import Decimal

import numpy as np
import pytest

import r_peer
from formula_tables import MATRIX, ORDERED, table, with_order
from lamina import datasets
from lamina.nnet import model_frame

FORMULAS = [
    "y ~ .", "y ~ x + f", "y ~ f - 1", "y ~ f*g", "y ~ f:g", "y ~ x:f - 1",
    "y ~ log(x) + I(x^2) + sqrt(my.w)", "y ~ poly(x,2)*f", "y ~ bs(x,df=5)", "y ~ ns(x, df=4)+g",
    "y ~ ns(x,knots=c(1,2),intercept=TRUE)", "y ~ b + b:x", "y ~ o", "y ~ o*f - f",
    "y ~ (f+g+o)^2 - f:o", "y ~ f/x", "y ~ x %in% f", "log(abs(y)) ~ factor(my.w)*z",
    "y ~ C(f, contr.sum) + C(o, helmert)", "y ~ scale(x) + pmin(x, 2)", "y ~ -1 + b:f",
    "y ~ x + offset(z)", "y ~ x > 2", "y ~ ifelse(x>1&z<0,x,-1)", "y ~ relevel(f,ref='b')",
    "y ~ poly(x,2,raw=TRUE)+bs(x,knots=c(1,2,3),degree=2)", "y ~ 0+o+f", "y ~ g:f:x + f",
    "y ~ as.numeric(o)+exp(-x)+x%%2", "y ~ (.-my.w)^2", "y ~ f*g*x - f:g:x - f", "y ~ 1",
    "y ~ f*. - z", "y ~ . + log(x)", "y ~ log(x) + .",
    "y ~ C(o, contr.treatment, base=2)+C(f,contr.SAS)", "y ~ b*f-b",
    "y ~ cbind(x,z)+ factor(o, levels=c('top','mid','hi','lo'))", "y ~ ordered(f):x",
    "y ~ x:z + x + f:x:o", "y ~ f:g + f:o",
    "y ~ cut(x, c(0, 1, 3, 10)) + cut(z, 3)", "y ~ cut(x, c(0, 2, 3, 10), right=FALSE)",
    "y ~ cut(x, c(0.12345, 2.34567, 1e5), ordered_result = TRUE) + cut(z, 2, labels=FALSE)",
    "y ~ I(x - mean(x)) + I(z > quantile(x, 0.5))", "y ~ bs(x, knots=quantile(x, c(0.3, 0.6)))",
    "y ~ cut(x, quantile(x), include.lowest=TRUE, dig.lab=2) + I(sqrt(sd(x) * var(z)) * x)",
    "y ~ cut(x, c(0, 2, 10), labels=c('s', 't')) + I(max(x) + min(x) - x)",
    "y ~ unclass(o) + (o > 'mid') + ('hi' >= o)", "y ~ C(o, poly, 2) + C(f, sum, 1)",
    "y ~ C(f, contr.treatment(3, base=2)) + C(g)", "y ~ interaction(f, g) + cbind(1, x)",
    "y ~ poly(x, z, degree=2)", "y ~ poly(cbind(x, z), 2, raw=TRUE) + scale(cbind(x, a=z))",
    "y ~ class.ind(f):x + pmax(x, z, 0) + findInterval(x, c(1, 2))",
    "y ~ cut(x, c(-Inf, 1, 2, Inf))", "y ~ base::log(x) + splines::ns(z, 3)",
    "y ~ xor(b, x > 1) + droplevels(f) + as.logical(my.w - 1) + as.matrix(z)",
    "y ~ cut(x, seq(from=0, to=4, by=2)) + cut(z, quantile(z, probs=seq(0, 1, length.out=4)))",
    "y ~ relevel(f, ref=3) + cut(x, seq(4, 0))",
    "y ~ as.ordered(g):x + plogis(z) + qlogis(x / 5) + atan2(x, z)",
    "y ~ I(cbind(x, z) * my.w) + I((x > 1) + (z > 0)) + I(poly(x, 2) - scale(cbind(x, z)))",
    "y ~ I(max(x, 9) - min(z, 0) * x) + relevel(ref='b', f) + I(sum(x, z, -1) * z)",
    "y ~ C(f, base=2) + C(g, base=1)", "y ~ C(f, treatment, 1) + C(o, how.many=2)",
    "y ~ (x + f + g)^3", "y ~ (x + z)^9", "y ~ I(x * sum(seq(3), seq(length.out=4, to=7)))",
    "y ~ I(f %in% c('a', 'c') | !b) + my.w^2", "y ~ I(b & my.w - 1 | z > 0)",
    "y ~ (x + f) %in% (g + z)", "y ~ ((x + f)*g)^3 + z", "y ~ f %in% (x*g) + x - f:x:g",
    "y ~ ((x + o) %in% z)^2 + (g/(f + x))^2", "y ~ x + (z - 1)",
    "y ~ z - (1 + x)", "y ~ (x + 1)*z", "y ~ (0 + x)/f", "y ~ x + (1 + (0 + z))",
    "~ x + z", "y ~ ns(x) + bs(z, degree=1)", "y ~ poly(x, 1):z + scale(z)[, 1]",
    "y ~ I(x * 0x10) + round(x, 1) + round(100 * z, -1) + signif(x, 2) + signif(z)",
    "y ~ as.numeric(as.character(factor(my.w))) + as.character(my.w > 2)",
    "y ~ as.integer(as.character(cut(x, 3, labels=c(5, 1, 3))))",
    "y ~ as.numeric(levels(factor(my.w)))[factor(my.w)] + nchar(paste(f, g, sep=''))",
    "y ~ paste(f, g) + paste0(toupper(g), my.w)", "y ~ substr(as.character(x), 1, 1) + f",
    "y ~ cut(x, 0:4/1) + cut(z, quantile(z, (0:3)/3), include.lowest=TRUE, labels=1:3)",
    "y ~ bs(x, knots=quantile(x)[2:4]) + ns(z, 3, Boundary.knots=range(z))",
    "y ~ poly(x, 3)[, -1] + poly(z, 3)[, c('1', '3')] + poly(x, 2, simple=TRUE)[, 2]",
    "y ~ polym(x, z, degree=2, raw=TRUE) + rowSums(cbind(x, z)) + rowMeans(cbind(x, z, 1))",
    "y ~ C(f, c(-1, 0, 1)) + C(o, cbind(u=c(-1, 0, 1, 2)))",
    "y ~ C(f, cbind(c(-1, 0, 1), c(0, 1, -1))) + C(o, matrix(c(1, 0, 0, -1), 4), 1)",
    "y ~ factor(f, exclude='z') + factor(my.w, labels='w') + droplevels(o)",
    "y ~ interaction(f, my.w, drop=TRUE) + addNA(g)", "y ~ reorder(f, x) + reorder(o, -z):x",
    "y ~ I(x / IQR(x)) + I(z / mad(z)) + I(x / prod(range(my.w))) + I(x / length(x))",
    "y ~ gamma(x) + lgamma(x) + digamma(x) + factorial(my.w) + choose(my.w, 2)",
    "y ~ pnorm(x, mean(x), sd=2) + dnorm(z) + qnorm(plogis(z))",
    "y ~ is.element(f, c('a', 'b')) + I(x %in% x) + I(f %in% f) + is.finite(z)",
    "y ~ matrix(c(x, z), ncol=2) + as.vector(scale(x)) + c(scale(z)) + as.double(b)",
    "y ~ startsWith(paste0(f, g), 'a') + endsWith(tolower(toupper(f)), 'b')",
]  # fmt: skip
OF_PLACES = [  # values that depend on the place of a row among all
    "y ~ rank(my.w) + cumsum(x) + cummax(z) + rev(x) + seq_along(z)",
    "y ~ rep(c('u', 'v'), each=15) + rep(1:3, 10) + rep(1:4, length.out=30)",
]


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


@pytest.mark.parametrize("formula", FORMULAS + OF_PLACES)
def test_the_model_matrix_is_rs(formula):
    data = table()
    asked = r_peer.ask(ORDERED + MATRIX % formula, data)
    frame = model_frame(formula, with_order(data))
    x, names = frame.with_intercept
    assert names == asked["names"]
    assert frame.formula == asked["formula"][0]
    np.testing.assert_allclose(x, asked["x"], rtol=0, atol=2e-15 * max(1, np.abs(x).max()))


@pytest.mark.parametrize("formula", ["y ~ y*x*f + z", "f ~ x + f + f:x - z", "y ~ y + x - 1"])
def test_a_response_on_the_right_is_left_out_as_in_r(formula):
    asked = r_peer.ask(MATRIX % formula, table())
    with pytest.warns(UserWarning, match="model_frame: the response . occurs on the right too"):
        frame = model_frame(formula, table())
    x, names = frame.with_intercept
    assert names == asked["names"]
    np.testing.assert_allclose(x, asked["x"], rtol=0, atol=1e-14)


def test_seq_of_a_variable_alone_is_the_places_of_its_rows():
    for column in "xf":
        frame = model_frame(f"y ~ seq({column})", table())
        assert frame.x[:, 0].tolist() == list(range(1, 31))
        assert frame.again({column: table()[column][:4]}).x[:, 0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("formula", FORMULAS)
def test_rows_of_the_table_become_the_same_again(formula):
    """Knots, levels, means and polynomials are those of the fitted rows, not of the new ones."""
    data = with_order(table())
    frame = model_frame(formula, data)
    few = {name: values[3:8] for name, values in data.items() if name != "y"}
    few["o"] = list(few["o"])  # the category's order is known from the rows fitted
    if not any(asks in formula for asks in ("ordered", "numeric(o)", "(o")):
        np.testing.assert_allclose(frame.again(few).x, frame.x[3:8], atol=1e-15)
    else:
        few["o"] = data["o"][3:8]
        np.testing.assert_allclose(frame.again(few).x, frame.x[3:8], atol=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        "~ I((z - min(z)) / (max(z) - min(z)))", "~ I(mean(x) - mean(x) + x)",
        "~ I(scale(x) * scale(x))", "~ I(unclass(ordered(f)) - as.numeric(ordered(f)))",
        "~ I(ordered(f) < ordered(f))", "~ I(ifelse(cut(x, 3) == cut(x, 3), x - sd(x), x))",
    ],
)  # fmt: skip
def test_of_two_equal_calls_both_remember(formula):
    data = table()
    frame = model_frame(formula, data)
    rows = np.flatnonzero(np.array(data["f"]) != "a")[3:8]
    few = {name: np.array(data[name])[rows] for name in "xzf"}
    np.testing.assert_array_equal(frame.again(few).x, frame.x[rows])


def test_columns_may_have_names_that_are_no_names():
    data = {
        **table(),
        "2nd": table()["f"],
        "log(x)": table()["z"],
        "in": table()["g"],
        "_a": table()["b"],
    }
    data = {k: data[k] for k in ("y", "2nd", "log(x)", "x", "in", "_a")}
    asked = r_peer.ask(
        MATRIX % "y ~ . - `in`" + 'say("p", colnames(model.matrix(~ `2nd`:x, d)))', data
    )
    frame = model_frame("y ~ . - `in`", data)
    assert [frame.with_intercept[1], [frame.formula]] == [asked["names"], asked["formula"]]
    np.testing.assert_allclose(frame.with_intercept[0], asked["x"], atol=1e-15)
    assert model_frame("~ `2nd`:x", data).with_intercept[1] == asked["p"]


def test_factors_are_compared():
    data = with_order({**table(), "same": table()["f"]})
    data["f"][0] = None
    x = model_frame("y ~ I(f == same) + I(f != g) + I(o < o)", data, na_action="na.pass").x
    assert np.isnan(x[0, :2]).all()
    assert x[1:].tolist() == [[1, 1, 0]] * 29


def test_gaps_subsets_and_weights_are_rs():
    data = table()
    data["x"][4] = np.nan
    data["f"][7] = None
    data["b"][9] = None
    data["z"][[15, 16]] = np.nan
    program = ORDERED + (
        "m <- model.frame(y ~ f*x + b + I(z > 0), d, subset = my.w > 1 & g == 'u', weights = my.w)"
        '\nx <- model.matrix(attr(m, "terms"), m)\nsay("rows", as.integer(row.names(m)) - 1L)\n'
        'say("names", colnames(x)); say("x", x); say("w", model.weights(m))\n'
        'say("y", model.response(m)); say("omitted", unname(attr(m, "na.action")))'
    )
    asked = r_peer.ask(program, data)
    frame = model_frame("y ~ f*x + b + I(z > 0)", data, subset="my.w > 1 & g == 'u'",
                        weights="my.w")  # fmt: skip
    x, names = frame.with_intercept
    assert names == asked["names"]
    np.testing.assert_array_equal(frame.rows, asked["rows"])
    np.testing.assert_array_equal(x, asked["x"])
    np.testing.assert_array_equal(frame.weights, asked["w"])
    np.testing.assert_array_equal(frame.y, asked["y"])
    assert len(frame.omitted) == len(asked["omitted"])
    # A condition that is missing chooses no row.
    asked = r_peer.ask(ORDERED + "m <- model.frame(y ~ g, d, subset = z > 0)\n"
                       'say("rows", as.integer(row.names(m)) - 1L)', data)  # fmt: skip
    np.testing.assert_array_equal(model_frame("y ~ g", data, subset="z > 0").rows, asked["rows"])


@pytest.mark.parametrize(
    "subset",
    [
        "1:10", "c(1, 3, 30)", "-1", "-(1:5)", "-c(2, 30)", "30:1", "which(x > 2)", "TRUE",
        "c(TRUE, FALSE)", "seq(1, 30, by = 4)", "rank(x) < 10", "rep(b, 1)", "x > x[3]",
    ],
)  # fmt: skip
def test_expressions_choose_rows_as_in_r(subset):
    program = f'm <- model.frame(y ~ z, d, subset = {subset}); say("y", m$y)'
    frame = model_frame("y ~ z", table(), subset=subset)
    np.testing.assert_array_equal(frame.y, r_peer.ask(program, table())["y"])


def test_slices_and_truth_values_with_gaps_choose_rows():
    pandas = pytest.importorskip("pandas")
    assert model_frame("y ~ x", table(), subset=slice(3, 9)).rows.tolist() == list(range(3, 9))
    truth = pandas.array([True, None, False] * 10, dtype="boolean")
    assert model_frame("y ~ x", table(), subset=truth).rows.tolist() == list(range(0, 30, 3))


@pytest.mark.parametrize(
    "formula",
    [
        "~ ifelse(x > 2, 'hi', 'lo')", "~ as.numeric(x > 2)", "~ factor(my.w > 2)",
        "~ ifelse(b, 1, 0)",
        "~ ifelse(x > 2, 'hi', 2.5)", "~ ifelse(b, x > 1, z > 0)", "~ ifelse(z > 0, NA, 1):x",
        "~ factor(b)", "~ !b", "~ interaction(b, g)", "~ I(x > 2 | z > 0)", "~ I(b & x > 2)",
        "~ xor(b, x > 1)", "~ I(x > 2 | TRUE) + z", "~ I(is.na(x) + is.na(b) + is.na(f))",
        "~ I(f %in% c('a', 'c'))", "~ I(x %in% 1:3)", "~ I(f == 'a')", "~ I(f != 'a' | x < 1)",
        "~ I(b == TRUE)", "~ I(b + (x > 2) + (z > 0))", "~ I(-b):g", "~ I(exp(b) - mean(z > 0))",
        "~ as.logical(my.w - 2)", "~ I(x * b)", "~ cbind(b, x)", "~ as.integer(z * 3)",
        "~ as.integer(b) + as.numeric(b)", "~ pmax(b, z)", "~ I(!(x > 2 & b))",
        "~ I(b & NA | z > 0)", "~ rank(x)", "~ addNA(f) + factor(b, exclude = NULL)",
        "~ paste(f, 1) + toupper(f)",
    ],
)  # fmt: skip
def test_what_is_missing_is_neither_true_nor_false(formula):
    data = table()
    for name, rows in {"x": [4, 8], "my.w": [5], "b": [8, 9, 12], "f": [4, 20]}.items():
        for row in rows:
            data[name][row] = None if name in "bf" else np.nan
    asked = r_peer.ask(MATRIX % formula + 'say("rows", as.integer(row.names(m)) - 1L)', data)
    frame = model_frame(formula, data)
    x, names = frame.with_intercept
    assert names == asked["names"]
    np.testing.assert_array_equal(frame.rows, asked["rows"])
    np.testing.assert_allclose(x, asked["x"], rtol=1e-15)


def test_tables_of_every_kind_give_the_same():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    data = table()
    data["x"][3], data["f"][5], data["b"][6] = np.nan, None, None
    wanted = model_frame("y ~ x*f + b", data)
    nullable = pandas.DataFrame({**data, "b": pandas.array(data["b"], "boolean")}).convert_dtypes()
    strings = {**data, "f": pandas.Categorical(data["f"])}
    frames = [pandas.DataFrame(data), nullable, pandas.DataFrame(strings)]
    frames += [polars.DataFrame(data, nan_to_null=True)]
    frames += [pytest.importorskip("pyarrow").Table.from_pandas(frames[0])]
    frames += [frames[3].with_columns(f=polars.col("f").cast(polars.Categorical))]
    frames += [frames[-1].with_columns(f=polars.col("f").cast(polars.Enum(["a", "b", "c"])))]
    decimals = [None if np.isnan(v) else Decimal(repr(float(v))) for v in data["x"]]
    frames += [frames[3].with_columns(x=polars.Series(decimals)), {**data, "x": decimals}]
    frames += [{**data, "f": [None if v is None else np.str_(v) for v in data["f"]]}]
    for frame in frames:
        got = model_frame("y ~ x*f + b", frame)
        assert got.coefnames == wanted.coefnames
        np.testing.assert_array_equal(got.x, wanted.x)
        np.testing.assert_array_equal(got.rows, wanted.rows)


def test_data_sets_and_matrices_are_tables():
    boston = datasets.boston.load()
    frame = model_frame("medv ~ .", boston)
    assert (frame.coefnames, frame.x.shape) == (list(boston.feature_names), boston.x.shape)
    np.testing.assert_array_equal(frame.y, boston.y)
    assert model_frame("V2 ~ .", np.eye(3)).coefnames == ["V1", "V3"]


def test_a_response_is_numbers_a_matrix_or_a_factor():
    data = table()
    frame = model_frame("f ~ x", data)
    assert frame.levels == ("a", "b", "c")
    assert [frame.levels[i] for i in frame.y] == data["f"]
    frame = model_frame("cbind(x, two = 2*z) ~ f", data)
    assert (frame.y.shape, frame.labels) == ((30, 2), ["x", "two"])
    np.testing.assert_array_equal(frame.y[:, 1], 2 * data["z"])
    assert model_frame("factor(my.w) ~ x", data).levels == (1.0, 2.0, 3.0, 4.0)
    assert model_frame("~ x", data).y is None
    # R keeps levels without rows, and nnet leaves them out with a warning.
    ordered = with_order(data)
    with pytest.warns(UserWarning, match="^model_frame: groups 'lo' 'hi' are empty, and left out$"):
        frame = model_frame("o ~ x", ordered, subset=[v in ("mid", "top") for v in data["o"]])
    assert frame.levels == ("mid", "top")


def test_missing_values_by_every_action():
    data = {"y": [1.0, 2, 3, 4], "x": [1.0, np.nan, 3, 4]}
    assert model_frame("y ~ x", data).rows.tolist() == [0, 2, 3]
    excluded = model_frame("y ~ x", data, na_action="na.exclude")
    np.testing.assert_array_equal(excluded.spread(np.ones(3)), [1, np.nan, 1, 1])
    assert np.isnan(model_frame("y ~ x", data, na_action="na.pass").x[1, 0])
    with pytest.raises(ValueError, match=r"na.fail'; 1 of 4 rows have some, in x; na_action='na.o"):
        model_frame("y ~ x", data, na_action="na.fail")
    own = model_frame("y ~ x", data, na_action=lambda frame: frame["y"] > 2)
    assert own.rows.tolist() == [2, 3]
    again = excluded.again({"x": [np.nan, 5.0]})
    np.testing.assert_array_equal(again.spread(again.x), [[np.nan], [5.0]])


def test_values_that_do_not_exist_are_told_and_missing():
    data = {"y": [1.0, 2, 3, 4], "x": [1.0, np.nan, -3, 4]}
    with pytest.warns(UserWarning, match=r"log\(x\) is NaN in 1 rows, the first of them row 2"):
        frame = model_frame("y ~ log(x)", data)
    assert frame.rows.tolist() == [0, 3]
    with pytest.warns(UserWarning, match=r"log\(x\) is NaN in 1 rows"):
        frame.again({"x": [-1.0, 2.0]})
