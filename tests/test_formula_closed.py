"""Formulas consist of columns, numbers, strings and listed operators and functions only."""

import ast
import pathlib

import numpy as np
import pytest

import lamina
from lamina import nnet
from lamina.nnet import model_frame
from lamina.nnet.formulas import FormulaError
from lamina.nnet.formulas.calculation import Calculation
from lamina.nnet.formulas.reading import parse

DATA = {"y": [1.0, 2, 3, 4], "a": [4.0, 1, 3, 5], "b": [1.0, 2, 2, 1]}


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("a %3% b", "%3%"), ("a %o% b", "%o%"), ("a %*% b", "%*%"), ("a %x% b", "%x%"),
        ("a %.real+% b", "%.real+%"), ("log(1 %or% a)", "%or%"), ("a[1 %if% 1]", "%if%"),
    ],
)  # fmt: skip
def test_unknown_operators_are_refused_wherever_they_stand(text, operator):
    message = f"unknown operator {operator!r}; .*%in%".replace("*%'", r"\*%'").replace("+", r"\+")
    for formula, more in [
        (f"y ~ I({text})", {}), (f"I({text}) ~ a", {}), ("y ~ a", {"subset": f"({text}) > 0"}),
        ("y ~ a", {"weights": text}), (f"y ~ {text}", {}), (f"y ~ offset({text})", {}),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=f"^model_frame: .*: {message}"):
            model_frame(formula, DATA, **more)
    classes = {**DATA, "y": ["p", "q", "p", "q"]}
    with pytest.raises(ValueError, match=f"^multinom: .*{message}"):
        nnet.multinom(f"y ~ I({text})", classes, trace=False)
    with pytest.raises(ValueError, match=f"^nnet: .*{message}"):
        lamina.nnet("y ~ a", DATA, size=1, weights=text, trace=False)


def test_operators_cannot_carry_a_program(tmp_path):
    place = tmp_path / "run"
    program = f"[].append(__import__('pathlib').Path({str(place)!r}).touch())or"
    for text in (f"a %{program}% b", f"a %,{program}% b", f"a %){program}(% b"):
        with pytest.raises(ValueError, match="unknown operator"):
            model_frame(f"y ~ I({text})", DATA)
        with pytest.raises(ValueError, match="unknown operator"):
            model_frame("y ~ a", DATA, subset=text)
    assert not place.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os')", "unknown function '__import__'"),
        ("a.__class__", "unknown column 'a.__class__'"),
        ("`a.__class__`", "unknown column 'a.__class__'"),
        ("`__import__('os')`", "unknown column"),
        ("__builtins__", "unknown column '__builtins__'"),
        ("_state0", "unknown column '_state0'"),
        ("v0", "unknown column 'v0'"),
        ("a.__class__()", "unknown function 'a.__class__'"),
        ("a::__class__(b)", "unknown function 'a::__class__'"),
        ("os::sqrt(a)", "unknown function 'os::sqrt'"),
        ("compared('==', a, b)", "unknown function 'compared'"),
        ("indexed(a, 1)", "unknown function 'indexed'"),
        ("poly(a, .state = b)", r"poly takes the arguments \(x, ..., degree, raw, simple\)"),
        ("poly(a, _state = b)", "poly takes the arguments"),
        ("mean(a, _state = b)", "mean takes the arguments"),
        ("1e5.real", r"cannot be read at '\.real"),
        ("1 .real", r"cannot be read at '\.real"),
        ("\u0663 * a", "cannot be read at"),
        ("lambda: a", "unknown column 'lambda'"),
        ("lambda x: a", "cannot be read at 'x: a"),
        ("a if b else a", "cannot be read at 'if b else a"),
        ("[a for a in b]", r"cannot be read at '\[a for"),
        ("{a}", "cannot be read at '{a}"),
        ("a; b", "cannot be read at '; b"),
        ("a @ b", "cannot be read at '@ b"),
        ("a$b", r"cannot be read at '\$b"),
        ("'%s' %% a", "'%%' is for numbers and truth values; got '%s'"),
        ("'a' + 'b'", r"'\+' is for numbers and truth values; got 'a'"),
        ("'ab' * 3", r"'\*' is for numbers and truth values; got 'ab'"),
        ("c('a', 'b') * a", r"'\*' is for numbers and truth values; got strings"),
        ("-'a'", "'-' is for numbers and truth values; got 'a'"),
        ("NULL + a", r"'\+' is for numbers and truth values; got NULL"),
        ("contr.sum(3) + a", r"'\+' is for numbers and truth values; got a coding"),
    ],
)  # fmt: skip
def test_what_python_would_understand_is_refused(text, message):
    for formula, more in [(f"y ~ I({text})", {}), ("y ~ a", {"weights": f"I({text})"})]:
        with pytest.raises((ValueError, TypeError), match=f"^model_frame: .*{message}"):
            model_frame(formula, DATA, **more)


def test_single_numbers_are_calculated_as_in_r():
    """Not by Python, whose integers grow and whose roots of negative numbers are complex."""
    table = {
        "5 %% 3 - 5 %/% -3": 4.0, "-2^2": -4.0, "2^3^2": 512.0, "(-8)^(1/3)": np.nan,
        "5 %% 0": np.nan, "1 / (1 / 0)": 0.0, "TRUE + TRUE": 2.0, "length(a)^length(a)^3": 2.0**128,
        "0xFFL + 1e1": 265.0, "1 / 0x" + "f" * 300: 0.0,
    }  # fmt: skip
    for text, want in table.items():
        with np.errstate(all="ignore"):
            made = Calculation({"a": np.ones(4)}, []).value(parse("f", text))
        np.testing.assert_equal(made, want, err_msg=text)
        assert type(made) is float


@pytest.mark.parametrize(
    "text",
    [
        "(" * 20_000, "a" + "[1" * 20_000, "a" + "[1]" * 20_000, "-" * 20_000 + "a",
        "!" * 20_000 + "a", "log(" * 20_000, "a^" * 20_000 + "a", "~" * 20_000, "a b" * 20_000,
        "'" + "a" * 60_000, "`" * 60_001, "a %3% " * 3000 + "a", "a > " * 3000,
    ],
)  # fmt: skip
def test_long_texts_are_refused_with_short_messages(text):
    for formula, more in [(f"y ~ I({text})", {}), (f"I({text}) ~ a", {}), (f"{text} ~ a", {}),
                          ("y ~ a", {"subset": text})]:  # fmt: skip
        with pytest.raises(ValueError, match=r"^model_frame: ") as refused:
            model_frame(formula, DATA, **more)
        assert isinstance(refused.value, FormulaError) or "%3%" in text
        assert len(str(refused.value)) < 1000


def test_long_sums_and_products_are_calculated_and_printed():
    total = " + ".join(["a"] * 3000)
    frame = model_frame(
        f"y ~ I({total}) + I({total.replace('+', '*')})", {**DATA, "a": [1.0, 0, 1, -1]}
    )
    assert frame.x.tolist() == [[3000.0, 1.0], [0.0, 0.0], [3000.0, 1.0], [-3000.0, 1.0]]
    classes = {**DATA, "y": ["p", "q", "p", "q"]}
    fit = nnet.multinom(f"y ~ I({total})", classes, trace=False)
    assert "a + a" in str(fit)


def test_equal_calls_that_learn_keep_what_each_learned():
    text = "y ~ I((a - mean(a)) / sd(a) + mean(a + mean(a)) + mean(a))"
    frame = model_frame(text, DATA)
    a = np.array(DATA["a"])
    want = (a - a.mean()) / a.std(ddof=1) + 3 * a.mean()
    np.testing.assert_allclose(frame.x[:, 0], want, rtol=1e-14)
    np.testing.assert_allclose(frame.again({"a": a[:2]}).x[:, 0], want[:2], rtol=1e-14)


def test_formulas_are_not_run_as_python():
    for path in pathlib.Path(nnet.__file__).parent.rglob("*.py"):
        called = {node.func.id for node in ast.walk(ast.parse(path.read_text()))
                  if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
        assert not called & {"eval", "exec", "compile", "__import__"}, path


def test_single_truth_values_and_negative_numbers_are_compared():
    for text, rows in {"a > 2 & (TRUE || FALSE)": [0, 2, 3], "TRUE && FALSE": [], "b==1": [0, 3],
                       "a < -1 | a >-2 & a<5": [0, 1, 2], "a > 1 & length(b) > 2 && TRUE": None,
                       }.items():  # fmt: skip
        if rows:
            assert model_frame("y ~ a", DATA, subset=text).rows.tolist() == rows
        else:
            with pytest.raises((TypeError, ValueError)):
                model_frame("y ~ a", DATA, subset=text)


def test_scale_of_a_constant_is_missing_as_in_r():
    data = {**DATA, "k": [2.0] * 4}
    with pytest.warns(UserWarning, match=r"scale\(k\) is NaN in 4 rows"):
        frame = model_frame("y ~ scale(k)", data, na_action="na.pass")
    assert np.isnan(frame.x).all()
    frame = model_frame("y ~ scale(a, scale = FALSE) + scale(a, FALSE, 2)", data)
    a = np.array(DATA["a"])
    np.testing.assert_allclose(frame.x, np.column_stack([a - a.mean(), a / 2]), rtol=1e-15)
