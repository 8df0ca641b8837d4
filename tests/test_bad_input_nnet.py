"""Errors of lamina.nnet and their messages."""

import numpy as np
import pytest

import lamina

pd = pytest.importorskip("pandas")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = RNG.normal(size=20)
TABLE = {"y": Y, "a": X[:, 0], "g": np.repeat(["u", "v"], 10), "one": np.repeat(["u"], 20)}
HOLED = np.where(np.arange(60).reshape(20, 3) == 7, np.nan, X)
INFINITE = {"y": Y, "a": np.where(np.arange(20) == 3, -np.inf, Y)}

WRONG = [
    ("missing values in 'x': got NaN in row 2, column 1", (HOLED, Y), {}),
    ("missing values in 'y'", (X, np.where(np.arange(20) == 3, np.nan, Y)), {}),
    ("x must be finite; got infinity in row 0", (np.full((20, 3), np.inf), Y), {}),
    ("nrows of 'x' and 'y' must match; got 20 and 4", (X, Y[:4]), {}),
    ("no weights to fit; size=0 needs skip=True", (X, Y), {"size": 0}),
    (r"too many \(1501\) weights; MaxNWts allows 1000", (X, Y), {"size": 300}),
    (r"too many \(16\) weights; MaxNWts allows 15", (X, Y), {"MaxNWts": 15}),
    ("weights vector of incorrect length: Wts must have 16", (X, Y), {"Wts": np.ones(4)}),
    ("Wts must be finite", (X, Y), {"Wts": np.full(16, np.nan)}),
    ("incorrect length of 'mask': .* 16 weights", (X, Y), {"mask": [1, 0]}),
    ("invalid weights vector: .* 20 numbers", (X, Y), {"weights": np.ones(3)}),
    (r"invalid weights vector: .* -1\.0 in row 0", (X, Y), {"weights": -np.ones(20)}),
    (
        r"invalid weights vector: .* nan in row 3",
        (X, Y),
        {"weights": np.where(np.arange(20) == 3, np.nan, 1)},
    ),
    ("mask must hold truth values; got NaN", (X, Y), {"mask": [np.nan] * 16}),
    ("rang must be a number such as 0.7; got 1e\\+308", (X, Y), {"rang": 1e308}),
    (
        "columns of data must have different names; got 'a' more than once",
        ("y ~ .", pd.DataFrame(X, columns=["y", "a", "a"])),
        {},
    ),
    ("entropy fit only for logistic units", (X, Y), {"linout": True, "entropy": True}),
    ("entropy fit only for logistic units", ("g ~ a", TABLE), {"linout": True}),
    (r"entropy needs a response in \[0, 1\]; got", (X, Y), {"entropy": True}),
    ("requires at least two response categories; got 1", (X, Y), {"softmax": True}),
    ("requires at least two response categories; got 1", (X, Y), {"censored": True}),
    ("requires at least two response categories; got 1", ("one ~ a", TABLE), {}),
    ("softmax needs counts or shares of classes, >= 0; got -", (X, X), {"softmax": True}),
    (r"nnet: decay must be >= 0; got -1\.0", (X, Y), {"decay": -1.0}),
    ("decay must be one number, or one for each of 16", (X, Y), {"decay": [1.0, 2.0]}),
    ("maxit must be .* got -1", (X, Y), {"maxit": -1}),
    ("rang must be .* got -0.1", (X, Y), {"rang": -0.1}),
    ("n_starts must be .* got 0", (X, Y), {"n_starts": 0}),
    ("size must be .* got -1", (X, Y), {"size": -1}),
    ("nothing", ("y ~ nothing", TABLE), {}),
    ("formula must have a response", ("~ a", TABLE), {}),
    ("formula must have an input on its right; got 'y ~ 1'", ("y ~ 1", TABLE), {}),
    ("a must be finite; got -inf in row 3", ("y ~ a", INFINITE), {}),
    ("missing values in 'x'", ("y ~ a", {"y": Y, "a": HOLED[:, 1]}), {"na_action": "na.pass"}),
    ("criterion must be finite at the starting weights", (X, 1e200 * Y), {"linout": True}),
]


@pytest.mark.parametrize(("text", "data", "settings"), WRONG)
def test_wrong_values(text, data, settings):
    with pytest.raises(ValueError, match=text) as caught:
        lamina.nnet(*data, **{"size": 3, "trace": False, "random_state": 0, **settings})
    assert str(caught.value).startswith("nnet: ")


FIT = lamina.nnet(X, Y, size=2, trace=False, maxit=1, random_state=1)


def test_wrong_calls():
    for call, text in [
        (lambda: lamina.nnet(X, Y), "nnet: needs size"),
        (lambda: lamina.nnet(X, size=2), "nnet: needs x and y, or a formula and data"),
        (lambda: lamina.nnet("y ~ a", size=2), "nnet: a formula needs data"),
        (lambda: lamina.nnet(X, Y, size=2, subset=[1]), "nnet: subset and contrasts need a form"),
        (lambda: lamina.nnet(X, [["a", "b"]] * 20, size=2), r"one class per row; got .*\(20, 2\)"),
        (lambda: lamina.nnet(X, Y, size=2, abstol="1"), "nnet: abstol must be a number; got '1'"),
        (lambda: lamina.nnet(X, Y, size=2, random_state="x"), "nnet: random_state must be None"),
        (lambda: lamina.nnet(X, Y, size=2, linout=2), "nnet: linout must be True or False"),
        (lambda: lamina.nnet(X, Y, size=2, mask=["a"] * 11), "nnet: mask must hold numbers"),
        (lambda: lamina.nnet(X, Y, size=2, decay="1"), "nnet: decay must be a number.*; got '1'"),
        (lambda: lamina.nnet(X, Y, size=2, decay=None), "nnet: decay must be a number.*; got None"),
        (lambda: lamina.nnet(X, Y, size=2, Wts=FIT), "nnet: Wts must be weights; .* fit.wts"),
        (lambda: lamina.nnet.RSeed(1.5), r"RSeed: seed must be an integer; got 1\.5"),
    ]:
        with pytest.raises(TypeError, match=text):
            call()


@pytest.mark.parametrize(
    ("given", "meant"),
    [("max", "maxit"), ("sk", "skip"), ("dec", "decay"), ("He", "Hess"), ("rep", "repeats")],
)
def test_the_beginning_of_an_argument_says_which_is_meant(given, meant):
    """R accepts the beginning of an argument's name; here the error gives the full name."""
    of_nnet, of_multinom = meant != "repeats", meant not in ("skip", "repeats")
    for call in (
        [lamina.nnet] * of_nnet + [lamina.nnet.multinom] * of_multinom + [lamina.nnet.avNNet]
    ):
        with pytest.raises(TypeError, match=f"unknown argument {given!r}; did you mean {meant!r}"):
            call("g ~ a", TABLE, **{given: True})


@pytest.mark.parametrize("call", [lamina.nnet.nnet, lamina.nnet.avNNet])
def test_empty_data(call):
    for x in (X[:0], np.zeros((20, 0))):
        message = (
            rf"^{call.__name__}: x must have at least one row and one column; got shape \({len(x)}"
        )
        with pytest.raises(ValueError, match=message):
            call(x, Y[: len(x)], size=1)


def test_a_formula_by_name():
    settings = {"size": 1, "linout": True, "trace": False, "maxit": 5, "random_state": 1}
    for call in (lamina.nnet.nnet, lamina.nnet.avNNet):
        first = call("y ~ a", TABLE, **settings).predict(TABLE)
        for more in ({"formula": "y ~ a", "data": TABLE}, {"x": "y ~ a", "data": TABLE}):
            np.testing.assert_array_equal(call(**more, **settings).predict(TABLE), first)
        for wrong in ({"data": TABLE, "x": X, "y": Y}, {"formula": "y ~ a"}, {"x": "y ~ a"}):
            with pytest.raises(TypeError, match=f"^{call.__name__}: a formula needs data, a table"):
                call(**wrong, **settings)


def test_errors_of_predict_name_it():
    table = {"a": [1.0]}
    common = {"size": 1, "trace": False, "maxit": 5}
    for fit in (lamina.nnet("y ~ a + g", TABLE, **common),
                lamina.nnet.avNNet("y ~ a + g", TABLE, **common),
                lamina.nnet.multinom("g ~ y + a", TABLE, trace=False, decay=0.1)):  # fmt: skip
        with pytest.raises(ValueError, match=r"^predict: unknown column '[gy]'; known: a$"):
            fit.predict(table)


def test_what_is_no_formula_is_told_by_its_type():
    with pytest.raises(TypeError, match=r"must be a string, .*; got a dict; the table comes"):
        lamina.nnet.multinom(TABLE, "g ~ a")
    with pytest.raises(TypeError, match=r"multinom: data must be a table .*; got none$"):
        lamina.nnet.multinom("g ~ a")


def test_wrong_questions_of_a_fit():
    fit = lamina.nnet("y ~ a + g", TABLE, size=1, linout=True, trace=False, maxit=5)
    with pytest.raises(ValueError, match="type must be one of 'raw', 'class'; got 'probs'"):
        fit.predict(type="probs")
    with pytest.raises(ValueError, match="inappropriate fit for class"):
        fit.predict(type="class")
    with pytest.raises(ValueError, match="g has new levels w"):
        fit.predict({"a": [1.0], "g": ["w"]})
    plain = lamina.nnet(X, Y, size=1, linout=True, trace=False, maxit=5)
    with pytest.raises(ValueError, match="newdata must have the fit's 3 inputs; got 2"):
        plain.predict(X[:, :2])
    single = lamina.nnet(X[:, 0], Y, size=1, linout=True, trace=False, maxit=5)
    np.testing.assert_array_equal(single.predict(X[:, 0]), single.predict(X[:, :1]))
    with pytest.raises(ValueError, match="newdata must have the fit's 1 inputs; got 3"):
        single.predict(X[:1])
    with pytest.raises(ValueError, match="dims of x and y must match"):
        lamina.nnet.nnet_hess(plain, X, Y[:4])
    for weights in ([1.0], -np.ones(20)):
        with pytest.raises(ValueError, match=r"^nnet_hess: invalid weights vector: .* 20 numbers"):
            lamina.nnet.nnet_hess(plain, X, Y, weights)
    classes = lamina.nnet(X, TABLE["g"], size=1, trace=False, maxit=5)
    with pytest.raises(ValueError, match=r"^nnet_hess: y has new classes w; the fit knows u, v"):
        lamina.nnet.nnet_hess(classes, X, ["w"] * 20)
    three = lamina.nnet(X, np.abs(X) / 9, size=1, entropy=True, trace=False, maxit=5)
    with pytest.raises(ValueError, match=r"needs a class for each output; .* has 3 outputs: use"):
        three.predict(X, type="class")


def test_questions_that_a_fit_answers_in_words():
    fit = lamina.nnet("y ~ a + g", TABLE, size=1, linout=True, trace=False, maxit=5)
    gaps = fit.predict({"a": [np.nan, np.nan], "g": [None, None]})
    assert gaps.shape == (2, 1)
    assert np.isnan(gaps).all()
    assert fit.predict({"a": [], "g": np.array([], str)}).shape == (0, 1)
    with pytest.raises(ValueError, match=r"column 'g' must have one .* got 'black': .*\['black'\]"):
        fit.predict({"a": 3.0, "g": "black"} | {"a": [3.0]})
    with pytest.raises(AttributeError, match=r"'inference'; .* fit\.to_model\(\)\.inference\("):
        fit.inference  # noqa: B018
    assert not hasattr(fit, "wights")
    for call in (lambda: fit.predict(pd.DataFrame(TABLE).iloc[0]),
                 lambda: lamina.nnet.multinom("g ~ a", pd.Series(Y, name="a"))):  # fmt: skip
        with pytest.raises(TypeError, match=r"data must be a table; got a Series.*iloc\[\[0\]\]"):
            call()
    with pytest.raises(
        TypeError, match=r"must be a string.*; got a DataFrame; .*multinom\('y ~ .'"
    ):
        lamina.nnet.multinom(pd.DataFrame(X), TABLE["g"])


def test_columns_of_other_names_are_not_suggested():
    fit = lamina.nnet("y ~ a", {"y": Y, "a": Y, "rm": Y}, size=1, trace=False, maxit=1)
    with pytest.raises(ValueError, match=r"^predict: unknown column 'a'; known: crim$"):
        fit.predict({"crim": [1.0]})
    rooms = lamina.nnet("y ~ rm", {"y": Y, "rm": Y}, size=1, trace=False, maxit=1)
    with pytest.raises(ValueError, match=r"^predict: unknown column 'rm'; known: crim$"):
        rooms.predict({"crim": [1.0]})
    with pytest.raises(ValueError, match="did you mean 'RM'"):
        rooms.predict({"RM": [1.0]})


def test_what_a_formula_does_not_mean_is_told():
    settings = {"size": 1, "linout": True, "trace": False, "maxit": 1}
    with pytest.warns(UserWarning, match="variable 'a' is numeric, its contrast is ignored"):
        lamina.nnet("y ~ a", TABLE, contrasts={"a": "contr.sum"}, **settings)
    with pytest.warns(UserWarning, match=r"'\|' in a formula means 'or', .*: a \| y is one truth"):
        lamina.nnet("y ~ a | y", TABLE, **settings)


def test_classes_with_gaps_are_refused():
    with pytest.raises(ValueError, match="missing values in 'y': got no class in row 3"):
        lamina.nnet(X, ["u", "v", "u", None] * 5, size=1)


def test_constant_columns_are_no_error():
    flat = np.column_stack([X, np.ones(20)])
    fit = lamina.nnet(flat, Y, size=2, linout=True, decay=0.1, trace=False, random_state=1)
    assert np.isfinite(fit.wts).all()


def test_perfect_separation_ends_at_once():
    """As in R, without decay: the criterion falls below abstol."""
    labels = (X[:, 0] > 0) * 1.0
    fit = lamina.nnet(
        X, labels, size=0, skip=True, entropy=True, maxit=500, trace=False, random_state=1
    )
    assert fit.convergence == 0
    assert 0 <= fit.value < 1e-4
