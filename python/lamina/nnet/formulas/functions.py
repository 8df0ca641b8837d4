"""The functions that expressions in formulas may call, under R's names.

Functions that learn something from the training rows (a mean, knots, levels) take a ``_state``, in
which they keep it in order to use it again for other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, reduce
from inspect import Parameter, Signature, signature
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas import factors, special, splines, summaries, texts, truth, vectors
from lamina.nnet.formulas.variables import Variable
from lamina.nnet.formulas.vectors import integer, numbers, operand, single
from lamina.nnet.r_numbers import rounded

Array = NDArray[Any]
State = dict[str, Any]
MOST_DIGITS = 22  # of signif, beyond which R returns the numbers as they are

OF_ONE_NUMBER: dict[str, Callable[..., Any]] = {
    "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "exp": np.exp, "expm1": np.expm1,
    "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceiling": np.ceil,
    "trunc": np.trunc, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "cumsum": np.cumsum, "cumprod": np.cumprod, "cummax": np.maximum.accumulate,
    "cummin": np.minimum.accumulate,
    "plogis": lambda q: 1.0 / (1.0 + np.exp(-q)), "qlogis": lambda p: np.log(p / (1.0 - p)),
}  # fmt: skip


def _of_one_number(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of one argument: the further arguments of NumPy's have another meaning."""

    def of_one(x: Any) -> Any:
        return function(operand(x))

    return of_one


@cache
def functions() -> Mapping[str, Callable[..., Any]]:
    """Return the functions by their Python names."""
    own = (I, log, atan2, round_, signif, pmin, pmax, findInterval, poly, bs, ns, scale,
           vectors.cbind, vectors.seq, vectors.rep, vectors.matrix, vectors.which,
           vectors.rowSums, vectors.rowMeans, vectors.rank, vectors.as_vector, vectors.rev,
           truth.is_na, truth.xor, truth.as_logical, truth.is_finite, truth.ifelse,
           factors.factor_, factors.as_factor, factors.ordered, factors.relevel,
           factors.droplevels, factors.interaction, factors.as_numeric, factors.unclass,
           factors.as_integer, factors.class_ind, factors.C, factors.addNA, factors.reorder,
           factors.nlevels, factors.levels, texts.as_character, texts.paste, texts.paste0,
           texts.nchar, texts.substr, texts.toupper, texts.tolower, texts.startsWith,
           texts.endsWith, summaries.cut, summaries.quantile, *special.FUNCTIONS)  # fmt: skip
    named: dict[str, Callable[..., Any]] = dict(factors.CODINGS)
    named |= {name: _of_one_number(f) for name, f in OF_ONE_NUMBER.items()}
    named |= {f.__name__.rstrip("_"): f for f in own}
    named |= {name: summaries.of_one(f) for name, f in summaries.OF_ONE.items()}
    named |= {name: summaries.of_several(f) for name, f in summaries.OF_SEVERAL.items()}
    named |= {"as_double": factors.as_numeric, "polym": poly}
    named |= {"as_ordered": factors.ordered, "is_element": truth.is_in, "drop": vectors.as_vector}
    named |= {"seq_along": vectors.seq, "c": vectors.combined}
    return named | {"offset": I, "identity": I, "as_matrix": I}


@cache
def learning() -> frozenset[str]:
    """Return the Python names of the functions that learn."""
    named = functions().items()
    return frozenset(name for name, f in named if "_state" in signature(f).parameters)


def takes(name: str, places: int, names: Sequence[str]) -> bool:
    """Return whether a function takes this many positional arguments, and these named ones."""
    try:
        _signature(name).bind(*range(places), **dict.fromkeys(names))
    except TypeError:
        return False
    return len(set(names)) == len(names)


def arguments(name: str) -> str:
    """Return the arguments that a function takes, as R writes them."""
    return ", ".join(
        "..." if each.kind is Parameter.VAR_POSITIONAL else each.name.rstrip("_").replace("_", ".")
        for each in _signature(name).parameters.values()
    )


def _signature(name: str) -> Signature:
    """Return the parameters that expressions may use: all but the state."""
    whole = signature(functions()[name])
    given = [each for each in whole.parameters.values() if each.name != "_state"]
    return whole.replace(parameters=given)


def known() -> list[str]:
    """Return the functions' names in R."""
    return sorted(name.replace("_", ".") for name in functions())


# --- numbers


def I(x: Any) -> Any:  # noqa: E743, N802
    """Return the argument: within ``I``, operators are arithmetic."""
    return x


def log(x: Any, base: float | None = None) -> Any:
    """Return logarithms, natural ones by default."""
    x = operand(x)
    return np.log(x) if base is None else np.log(x) / np.log(operand(base))


def atan2(y: Any, x: Any) -> Any:
    """Return the angles of the points (x, y)."""
    return np.arctan2(operand(y), operand(x))


def round_(x: Any, digits: int = 0) -> Any:
    """Return numbers rounded to so many digits after the point."""
    return rounded(x, integer("digits", digits))


def signif(x: Any, digits: int = 6) -> Any:
    """Return numbers rounded to so many digits."""
    values, count = numbers(x), max(1, integer("digits", digits))
    if count > MOST_DIGITS:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = count - 1.0 - np.floor(np.log10(np.abs(values)))
    # Powers of ten are exact up to 22; numbers that need others are rounded by their decimals.
    exact = np.abs(powers) <= MOST_DIGITS
    powers = np.where(exact, powers, 0.0)
    up, down = 10.0 ** np.maximum(powers, 0.0), 10.0 ** np.maximum(-powers, 0.0)
    made = np.atleast_1d(np.where(exact, np.rint(values * up / down) * down / up, values))
    for place in np.argwhere(np.atleast_1d(~exact & np.isfinite(values) & (values != 0))):
        made[tuple(place)] = float(f"{made[tuple(place)]:.{count - 1}e}")
    return made.reshape(np.shape(values))


def pmin(x: Any, *more: Any) -> Any:
    """Return the smallest of several values, row by row."""
    return reduce(np.minimum, map(operand, more), operand(x))


def pmax(x: Any, *more: Any) -> Any:
    """Return the greatest of several values, row by row."""
    return reduce(np.maximum, map(operand, more), operand(x))


def findInterval(x: Any, vec: Any) -> Any:  # noqa: N802
    """Return, for each value, how many of some ascending numbers are not above it."""
    x = numbers(x)
    ends = np.atleast_1d(numbers(vec))
    return np.where(np.isnan(x), np.nan, np.searchsorted(ends, x, "right"))


def sequence(first: Any, last: Any) -> Any:
    """Return the numbers of ``first:last``, or the combinations of two factors."""
    if isinstance(first, Variable) and isinstance(last, Variable):
        return factors.interaction(first, last, sep=":", lex_order=True)
    if any(isinstance(each, Variable) or np.ndim(each) for each in (first, last)):
        raise TypeError("':' outside of terms takes two numbers, or two factors")
    return vectors.steps(first, last)


# --- functions that learn from the training rows


def poly(
    x: Any,
    *more: Any,
    degree: Any = None,
    raw: bool = False,
    simple: bool = False,  # noqa: ARG001
    _state: State | None = None,
) -> Variable:
    """Return orthogonal polynomials, or powers (``raw``); for several variables, their products.

    ``simple`` only leaves out attributes in R.
    """
    state = {} if _state is None else _state
    if more and isinstance(more[-1], str):
        raise TypeError(f"degree of poly must be an integer from 1 on; got {more[-1]!r}")
    if more and np.ndim(numbers(more[-1])) == 0:
        *more, degree = more  # type: ignore[assignment]
    degree = 1 if degree is None else integer("degree of poly", degree, 1)
    columns = [column for each in (x, *more) for column in np.atleast_2d(numbers(each).T)]
    if len(columns) == 1:
        return _poly(columns[0], degree, raw, state)
    parts = []
    for i, column in enumerate(columns):
        made = _poly(column, degree, raw, state.setdefault(str(i), {})).values
        parts.append(np.column_stack([np.ones(len(made)), made]))
    powers = [p[::-1] for p in product(range(degree + 1), repeat=len(parts))]  # first the fastest
    powers = [p for p in powers if 0 < sum(p) <= degree]
    of_each = (zip(parts, p, strict=True) for p in powers)
    products = [np.prod([part[:, k] for part, k in each], axis=0) for each in of_each]
    names = tuple(".".join(map(str, p)) for p in powers)
    return Variable("numeric", np.column_stack(products), columns=names)


def _poly(x: Array, degree: int, raw: bool, state: State) -> Variable:
    from formulaic.transforms import poly as orthogonal  # type: ignore[import-not-found, import-untyped, unused-ignore]

    if np.isnan(x).any() and not raw:
        raise ValueError("missing values are not allowed in poly; leave their rows out first")
    if not raw and not state and degree >= len(np.unique(x)):
        raise ValueError(
            f"degree of poly must be less than the number of different values, "
            f"{len(np.unique(x))}; got {degree}"
        )
    made = np.asarray(orthogonal(x, degree, raw=raw, _state=state))
    return Variable("numeric", made, columns=tuple(str(i + 1) for i in range(made.shape[1])))


def bs(
    x: Any,
    df: int | None = None,
    knots: Any = None,
    degree: int = 3,
    intercept: bool = False,
    Boundary_knots: Any = None,
    _state: State | None = None,
) -> Variable:
    """Return B-splines; beyond the boundary their polynomials are continued."""
    state = {} if _state is None else _state
    x = numbers(x)
    if not state:
        df = None if df is None else integer("df of bs", df)
        state["degree"] = integer("degree of bs", degree, 1)
        without = state["degree"] + bool(intercept)
        state["knots"] = splines.knots("bs", x, df, knots, without, Boundary_knots)
    return _basis(splines.b_splines(x, state["knots"], state["degree"]), intercept)


def ns(
    x: Any,
    df: int | None = None,
    knots: Any = None,
    intercept: bool = False,
    Boundary_knots: Any = None,
    _state: State | None = None,
) -> Variable:
    """Return a basis of natural cubic splines; beyond the boundary they are straight."""
    state = {} if _state is None else _state
    x = numbers(x)
    if not state:
        df = None if df is None else integer("df of ns", df)
        state["knots"] = splines.knots("ns", x, df, knots, 1 + bool(intercept), Boundary_knots)
    return _basis(splines.natural(x, state["knots"], intercept), True)


def _basis(made: Array, intercept: bool) -> Variable:
    made = made if intercept else made[:, 1:]
    return Variable("numeric", made, columns=tuple(str(i + 1) for i in range(made.shape[1])))


def scale(x: Any, center: Any = True, scale: Any = True, _state: State | None = None) -> Any:
    """Return numbers minus their mean, over their standard deviation; missing ones are ignored.

    As in R, a column without differences becomes NaN.
    """
    state = {} if _state is None else _state
    values = numbers(x)
    if not state:
        middle = np.nanmean(values, axis=0) if center is True else single("center", center)
        rest = values - middle
        count = np.sum(~np.isnan(rest), axis=0) - 1
        if scale is True:
            width = np.sqrt(np.nansum(rest**2, axis=0) / count)
        else:
            width = np.float64(1.0 if scale is False else single("scale", scale))
        state["center"], state["scale"] = middle, width
    made = np.asarray((values - state["center"]) / state["scale"])
    return replace(x, kind="numeric", values=made) if isinstance(x, Variable) else made
