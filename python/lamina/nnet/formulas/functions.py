"""What expressions in formulas may call: R's names for it.

Those that learn something of the training rows (a mean, knots, levels) are formulaic's stateful
transforms: they keep it, and calculate with it again for other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas import splines, summaries
from lamina.nnet.formulas.variables import Variable, factor, level_text, variable

Array = NDArray[Any]
State = dict[str, Any]

ELEMENTWISE = {
    "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "exp": np.exp, "expm1": np.expm1,
    "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceiling": np.ceil,
    "trunc": np.trunc, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "pmin": np.minimum, "pmax": np.maximum,
}  # fmt: skip


@cache
def functions() -> Mapping[str, Callable[..., Any]]:
    """Return the functions by the names that they have in Python."""
    from formulaic.transforms import stateful_transform  # type: ignore[import-not-found, import-untyped, unused-ignore]

    own = (I, log, round_, as_numeric, as_factor, C, is_na, ifelse, cbind, c,
           is_in, sequence, both, either, negated)  # fmt: skip
    learning = (poly, bs, ns, scale, factor_, ordered, relevel, summaries.cut)
    named: dict[str, Callable[..., Any]] = dict(ELEMENTWISE)
    named |= {f.__name__.rstrip("_"): f for f in own}
    named |= {f.__name__.rstrip("_"): stateful_transform(f) for f in learning}
    of_all = {name: summaries.summary(f) for name, f in summaries.OF_ALL.items()}
    named |= {name: stateful_transform(f) for name, f in of_all.items()}
    named |= {"as_integer": as_numeric, "as_character": as_factor, "offset": I, "identity": I}
    return named


def known() -> list[str]:
    """Return the functions' names in R."""
    operators = ("is_in", "sequence", "both", "either", "negated")
    return sorted(name.replace("_", ".") for name in functions() if name not in operators)


# --- numbers


def I(x: Any) -> Any:  # noqa: E743, N802
    """Return what is given: within it, operators are arithmetic."""
    return x


def log(x: Any, base: float | None = None) -> Any:
    """Return logarithms, natural ones by default."""
    return np.log(x) if base is None else np.log(x) / np.log(base)


def round_(x: Any, digits: int = 0) -> Any:
    """Return rounded numbers."""
    return np.round(x, int(digits))


def as_numeric(x: Any) -> Any:
    """Return numbers; of a factor the places of its levels, from 1 on."""
    if isinstance(x, Variable):
        return np.where(x.values < 0, np.nan, x.values + 1.0)
    return np.asarray(x, np.float64)


def is_na(x: Any) -> Any:
    """Return which values are missing."""
    return variable("is.na", "x", x).missing


def ifelse(test: Any, yes: Any, no: Any) -> Any:
    """Return values of two kinds, by a test."""
    return np.where(np.asarray(test, bool), yes, no)


def cbind(*parts: Any, names: list[str]) -> Variable:
    """Return variables as the columns of a matrix."""
    held = [variable("cbind", "its argument", part) for part in parts]
    if any(v.kind == "factor" for v in held):
        raise TypeError("cbind takes numbers; got a factor")
    columns: list[str] = []
    for v, name in zip(held, names, strict=True):
        columns += [name] if v.values.ndim == 1 else v.columns or [""] * v.values.shape[1]
    made = np.column_stack([v.values for v in held])
    return Variable("numeric", made, columns=tuple(columns) if any(columns) else ())


def c(*values: Any) -> list[Any]:
    """Return values as a list."""
    return [v for each in values for v in (each if isinstance(each, list) else [each])]


def sequence(first: float, last: float) -> list[float]:
    """Return the numbers of ``first:last``."""
    step = 1 if last >= first else -1
    return [float(v) for v in np.arange(first, last + step / 2, step)]


def both(a: Any, b: Any) -> Any:
    """Return ``a & b``; numbers are true where they are not 0, and gaps are false here."""
    return _truth(a) & _truth(b)


def either(a: Any, b: Any) -> Any:
    """Return ``a | b``, in the same way."""
    return _truth(a) | _truth(b)


def _truth(x: Any) -> Any:
    if isinstance(x, Variable):
        raise TypeError("'&' and '|' are for truth values and numbers; got a factor")
    x = np.asarray(x)
    return x if x.dtype.kind == "b" else (x != 0) & ~np.isnan(x)


def negated(x: Any) -> Any:
    """Return where a truth value is false; NaN remains."""
    x = np.asarray(x)
    return ~x if x.dtype.kind == "b" else np.where(np.isnan(x), np.nan, x == 0)


def is_in(x: Any, values: Any) -> Any:
    """Return which values are among some."""
    values = values if isinstance(values, list) else [values]
    if isinstance(x, Variable):
        return np.any([x == v for v in values], axis=0)
    return np.isin(x, values)


# --- what is learned of the training rows


def poly(x: Any, degree: int = 1, raw: bool = False, _state: State | None = None) -> Variable:
    """Return orthogonal polynomials, or powers (``raw``)."""
    from formulaic.transforms import poly as orthogonal  # type: ignore[import-not-found, import-untyped, unused-ignore]

    state = {} if _state is None else _state
    x = np.asarray(x, np.float64)
    if np.isnan(x).any() and not raw:
        raise ValueError("missing values are not allowed in poly; leave their rows out before")
    if not raw and not state and degree >= len(np.unique(x)):
        raise ValueError(
            f"degree of poly must be less than the number of different values, "
            f"{len(np.unique(x))}; got {degree}"
        )
    made = np.asarray(orthogonal(x, int(degree), raw=raw, _state=state))
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
    """Return B-splines; beyond the boundary they go on as they are there."""
    state = {} if _state is None else _state
    x = np.asarray(x, np.float64)
    if not state:
        more = 1 if intercept else 0
        state["knots"] = splines.knots(x, df, knots, degree + more, Boundary_knots)
    return _basis(splines.b_splines(x, state["knots"], int(degree)), intercept)


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
    x = np.asarray(x, np.float64)
    if not state:
        more = 1 if intercept else 0
        state["knots"] = splines.knots(x, df, knots, 1 + more, Boundary_knots)
    return _basis(splines.natural(x, state["knots"], intercept), True)


def _basis(made: Array, intercept: bool) -> Variable:
    made = made if intercept else made[:, 1:]
    return Variable("numeric", made, columns=tuple(str(i + 1) for i in range(made.shape[1])))


def scale(x: Any, center: Any = True, scale: Any = True, _state: State | None = None) -> Array:
    """Return numbers less their mean, over their standard deviation; missing ones do not count."""
    state = {} if _state is None else _state
    x = np.asarray(x, np.float64)
    if not state:
        middle = np.nanmean(x, axis=0) if center is True else float(center)
        rest = x - middle
        count = np.sum(~np.isnan(rest), axis=0) - 1
        width = np.sqrt(np.nansum(rest**2, axis=0) / count) if scale is True else float(scale)
        state["center"], state["scale"] = middle, width or 1.0
    return np.asarray((x - state["center"]) / state["scale"])


# --- factors


def factor_(
    x: Any,
    levels: Any = None,
    labels: Any = None,
    ordered: bool | None = None,
    _state: State | None = None,
) -> Variable:
    """Return values as a factor, with given levels or those that they have."""
    values = variable("factor", "x", x)
    made = values.drop_levels() if values.kind == "factor" else factor(_listed(values))
    if levels is not None:
        made = _with_levels(made, c(levels))
    made = _as_before(made, _state)
    if labels is not None:
        if len(c(labels)) != len(made.levels):
            raise ValueError(f"labels must be {len(made.levels)}; got {len(c(labels))}")
        made.levels = tuple(c(labels))
    made.ordered = values.ordered if ordered is None else bool(ordered)
    made.found = False
    return made


def _listed(values: Variable) -> list[Any]:
    if values.kind == "logical":
        as_is: type = bool
    else:  # levels of whole numbers are integers, whatever the column's type
        known = values.values[~np.isnan(values.values)]
        as_is = int if np.array_equal(known, np.round(known)) else float
    return [None if np.isnan(v) else as_is(v) for v in values.values.tolist()]


def _with_levels(values: Variable, levels: list[Any]) -> Variable:
    wanted = {level_text(level): i for i, level in enumerate(levels)}
    places = np.array([*(wanted.get(label, -1) for label in values.labels), -1])
    return Variable("factor", places[values.values], levels=tuple(levels))


def _as_before(made: Variable, state: State | None) -> Variable:
    """Return a factor with the levels of the training rows first; new ones come behind."""
    if not state:
        if state is not None:
            state["levels"] = list(made.levels)
        return made
    before = {level_text(level) for level in state["levels"]}
    new = [v for v, label in zip(made.levels, made.labels, strict=True) if label not in before]
    return _with_levels(made, [*state["levels"], *new])


def as_factor(x: Any) -> Variable:
    """Return values as a factor; one stays as it is."""
    return x if isinstance(x, Variable) and x.kind == "factor" else factor_(x)


def ordered(
    x: Any, levels: Any = None, labels: Any = None, _state: State | None = None
) -> Variable:
    """Return values as an ordered factor."""
    return factor_(x, levels, labels, ordered=True, _state=_state)


def relevel(x: Any, ref: Any, _state: State | None = None) -> Variable:
    """Return a factor with another first level."""
    x = _as_before(as_factor(x), _state)
    if level_text(ref) not in x.labels:
        raise ValueError(f"ref must be a level of the factor: {', '.join(x.labels)}; got {ref!r}")
    first = x.labels.index(level_text(ref))
    order = [first, *(i for i in range(len(x.levels)) if i != first)]
    return _with_levels(x, [x.levels[i] for i in order])


def C(x: Any, contr: Any = None, base: int = 1) -> Variable:  # noqa: N802
    """Return a factor with a coding of its own."""
    if not isinstance(contr, str):
        return replace(as_factor(x), contrast=contr)
    name = contr.removesuffix("()")
    name = name if name.startswith("contr.") else f"contr.{name}"
    return replace(as_factor(x), contrast=(name, base, contr.endswith("()") or base != 1))
