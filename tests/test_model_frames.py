"""Model frames against R's model.frame and model.matrix: values, names, rows, and refusals."""

import sys
from decimal import Decimal

import numpy as np
import pytest

import r_peer
from lamina import datasets, inference
from lamina.nnet import model_frame
from lamina.nnet.formulas import FormulaError

LEVELS = ["lo", "mid", "hi", "top"]
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


def table(rows=30, seed=0):
    rng = np.random.default_rng(seed)
    data = {
        "y": rng.normal(size=rows).round(3),
        "x": rng.uniform(0.5, 4, rows).round(3),
        "z": rng.normal(size=rows).round(3),
        "my.w": rng.integers(1, 5, rows).astype(float),
    }
    data["f"] = rng.choice(["a", "b", "c"], rows).tolist()
    data["g"] = rng.choice(["u", "v"], rows).tolist()
    data["b"] = rng.choice([False, True], rows).tolist()
    data["o"] = rng.choice(LEVELS, rows).tolist()
    return data


def with_order(data):
    """The same with the column o as an ordered category."""
    pandas = pytest.importorskip("pandas")
    return {**data, "o": pandas.Categorical(data["o"], LEVELS, ordered=True)}


ORDERED = 'd$o <- factor(d$o, c("lo", "mid", "hi", "top"), ordered = TRUE)\n'
MATRIX = """
m <- model.frame(%s, d); x <- model.matrix(attr(m, "terms"), m)
say("names", colnames(x)); say("x", x); say("formula", deparse(formula(m), 500))
"""


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


@pytest.mark.parametrize("places", ["unclass", "as.numeric", "as.integer"])
def test_places_of_levels_are_those_of_the_rows_fitted(places):
    frame = model_frame(f"~ {places}(factor(f))", {"f": ["a", "b", "c", None]})
    assert frame.x[:, 0].tolist() == [1, 2, 3]
    assert frame.again({"f": ["b", "c"]}).x[:, 0].tolist() == [2, 3]
    message = r"cannot be calculated: its factor has new levels d; known: a, b, c"
    with pytest.raises(ValueError, match=message):
        frame.again({"f": ["b", "d"]})


def test_contrasts_are_rs():
    data = table()
    asked = r_peer.ask(
        ORDERED + 'x <- model.matrix(~ f*o + g + b, d, contrasts.arg = list(f = "contr.sum", '
        'o = "contr.helmert", g = "contr.SAS", b = "contr.poly"))\n'
        'say("names", colnames(x)); say("x", x)',
        data,
    )
    given = {"f": "contr.sum", "o": "contr.helmert", "g": "contr.SAS", "b": "contr.poly"}
    x, names = model_frame("~ f*o + g + b", with_order(data), contrasts=given).with_intercept
    assert names == asked["names"]
    np.testing.assert_allclose(x, asked["x"], atol=1e-15)


def test_contrasts_may_be_a_matrix():
    data, matrix = table(), [[1.0, 0.5], [0.0, -1.0], [-1.0, 0.5]]
    asked = r_peer.ask(
        "m <- cbind(c(1, 0, -1), c(0.5, -1, 0.5)); x <- model.matrix(~ f + x, d, "
        'contrasts.arg = list(f = m[, 1, drop = FALSE])); say("names", colnames(x)); say("x", x)\n'
        'x <- model.matrix(~ f:x, d, contrasts.arg = list(f = m)); say("whole", x)',
        data,
    )
    frame = model_frame("~ f + x", data, contrasts={"f": np.array(matrix)[:, :1]})
    x, names = frame.with_intercept
    assert names == asked["names"]
    np.testing.assert_allclose(x, asked["x"], atol=1e-15)
    np.testing.assert_allclose(frame.again(data).x, frame.x)
    x, _ = model_frame("~ f:x", data, contrasts={"f": matrix}).with_intercept
    np.testing.assert_allclose(x, asked["whole"], atol=1e-15)


@pytest.mark.parametrize("response", ["g:f", "interaction(f, g)", "interaction(g, b, sep = '/')"])
def test_factors_make_a_response(response):
    asked = r_peer.ask(
        f'y <- model.response(model.frame({response} ~ x, d)); say("levels", levels(y)); '
        'say("codes", as.integer(y))',
        table(),
    )
    frame = model_frame(f"{response} ~ x", table())
    assert frame.labels == asked["levels"]
    assert (frame.y + 1).tolist() == asked["codes"].tolist()


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
        ("y ~ 2", {}, FormulaError, "numbers 0 and 1 alone .*; got 2 in 'y ~ 2'; arithmetic"),
        ("y ~ x + 1.5", {}, FormulaError, "numbers 0 and 1 alone .*; got 1.5 in 'y ~ x"),
        ("y ~ 2 * x", {}, FormulaError, "numbers 0 and 1 alone .*; got 2 in 'y ~ 2"),
        ("y ~ (0 + 1):x", {}, FormulaError, r"0 and 1 alone .*; got \(0 \+ 1\) in 'y ~ \(0"),
        ("y ~ f %in% c('a', 'b')", {}, FormulaError,
         r"%in% among terms takes variables, .* stands within I\(\), as in I\(f %in% c\("),
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


def test_columns_of_a_coding_keep_their_names():
    """As those of a matrix with column names do in R."""
    pandas = pytest.importorskip("pandas")
    coding = pandas.DataFrame({"low": [1, 0, -1], "high": [0, 1, -1]})
    frame = model_frame("y ~ f", table(), contrasts={"f": coding})
    assert frame.coefnames == ["flow", "fhigh"]


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
