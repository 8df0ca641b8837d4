"""Truth values in formulas: comparisons, R's three-valued logic, and choices by a condition.

A missing value is neither true nor false: ``NA > 1`` and ``NA & TRUE`` are missing, ``NA & FALSE``
is false, and ``NA | TRUE`` is true (R's ``help("Logic")``).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._strings import holds_strings, is_missing
from lamina.nnet.formulas.texts import texts
from lamina.nnet.formulas.variables import Variable, level_text, variable
from lamina.nnet.formulas.vectors import told

Array = NDArray[Any]
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip


def logical(true: Any, false: Any) -> Any:
    """Return truth values, missing where neither holds; a single one for single values."""
    values = np.where(true, 1.0, np.where(false, 0.0, np.nan))
    if values.ndim:
        return Variable("logical", values)
    return np.nan if np.isnan(values) else bool(values)


def _sides(who: str, x: Any) -> tuple[Array, Array]:
    """Return where a condition is true and where it is false; numbers other than 0 are true."""
    if isinstance(x, str) or _is_factor(x):
        got = repr(x) if isinstance(x, str) else "a factor"
        raise TypeError(f"{who} is for truth values and numbers; got {got}")
    numbers = np.asarray(x, np.float64)
    return (numbers != 0) & ~np.isnan(numbers), numbers == 0


def _is_factor(x: Any) -> bool:
    return isinstance(x, Variable) and x.kind == "factor"


# --- comparisons


def compared(sign: str, a: Any, b: Any) -> Any:
    """Return the comparison of values; for ordered factors, that of the places of levels."""
    if _is_factor(a) or _is_factor(b):
        _refuse_several(sign, a)
        _refuse_several(sign, b)
    else:
        for each in (a, b):
            if isinstance(each, str) and not (isinstance(a, str) and isinstance(b, str)):
                raise TypeError(f"'{sign}' compares numbers with numbers; got {each!r}")
        a, b = (x.values if isinstance(x, Variable) else x for x in (a, b))
    made, gaps = np.asarray(COMPARISONS[sign](a, b)), _gaps(a) | _gaps(b)
    return logical(made & ~gaps, ~made & ~gaps)


def _refuse_several(sign: str, x: Any) -> None:
    """Raise TypeError if a factor is compared with neither a level nor a factor."""
    if not _is_factor(x) and (isinstance(x, Variable) or np.ndim(x)):
        raise TypeError(
            f"'{sign}' compares a factor with one level or another factor; got several values: "
            f"use f %in% c('a', 'b') for rows that have one of several levels"
        )


def _gaps(x: Any) -> Array:
    if _is_factor(x):
        return np.asarray(x.missing)
    return np.asarray(False if isinstance(x, str) else np.isnan(np.asarray(x, np.float64)))


def is_na(x: Any) -> Any:
    """Return which values are missing."""
    gaps = variable("is.na", "x", x).missing
    return logical(gaps, ~gaps)


def is_in(x: Any, values: Any) -> Any:
    """Return which values are among others; a missing one is if another is missing.

    As in R, numbers and truth values are compared as text if either side is text or a factor.
    """
    if any(_is_factor(side) or holds_strings(np.asarray(side)) for side in (x, values)):
        known = set(texts(values))
        found = np.array([text in known for text in texts(x)])
        found = found if isinstance(x, Variable) or np.ndim(x) else found[0]
    else:
        numbers, among = np.asarray(x, np.float64), np.asarray(values, np.float64)
        found = np.isin(numbers, among) | (np.isnan(numbers) & np.isnan(among).any())
    return logical(found, ~found)


def is_finite(x: Any) -> Any:
    """Return which numbers are neither missing nor infinite."""
    finite = np.isfinite(np.asarray(x, np.float64))
    return logical(finite, ~finite)


# --- logic


def both(a: Any, b: Any) -> Any:
    """Return ``a & b``."""
    (a_true, a_false), (b_true, b_false) = _sides("'&'", a), _sides("'&'", b)
    return logical(a_true & b_true, a_false | b_false)


def either(a: Any, b: Any) -> Any:
    """Return ``a | b``."""
    (a_true, a_false), (b_true, b_false) = _sides("'|'", a), _sides("'|'", b)
    return logical(a_true | b_true, a_false & b_false)


def single(sign: str, a: Any, b: Any) -> Any:
    """Return ``a && b`` or ``a || b`` of single truth values."""
    for each in (a, b):
        if np.size(each.values if isinstance(each, Variable) else each) != 1:
            raise TypeError(
                f"'{sign}' is for single truth values, as in R; got {told(each)}; '{sign[0]}' is "
                f"for columns"
            )
    return both(a, b) if sign == "&&" else either(a, b)


def xor(a: Any, b: Any) -> Any:
    """Return where exactly one of two is true."""
    (a_true, a_false), (b_true, b_false) = _sides("xor", a), _sides("xor", b)
    return logical(a_true & b_false | a_false & b_true, a_true & b_true | a_false & b_false)


def negated(x: Any) -> Any:
    """Return ``!x``."""
    true, false = _sides("'!'", x)
    return logical(false, true)


def as_logical(x: Any) -> Any:
    """Return numbers as truth values."""
    return logical(*_sides("as.logical", x))


# --- choices


def ifelse(test: Any, yes: Any, no: Any) -> Any:
    """Return values chosen by a test; they are missing where the test is."""
    true, false = _sides("the test of ifelse", test)
    if _is_factor(yes) or _is_factor(no):
        raise TypeError("ifelse chooses between numbers, truth values or strings; got a factor")
    if any(holds_strings(np.asarray(each)) for each in (yes, no)):
        none = np.array(None, object)
        return np.where(true, _texts(yes), np.where(false, _texts(no), none))
    chosen = np.where(true, np.asarray(yes, np.float64), np.asarray(no, np.float64))
    chosen = np.where(true | false, chosen, np.nan)
    if all(isinstance(each, (bool, Variable)) for each in (yes, no)):
        return logical(chosen == 1, chosen == 0)
    return chosen


def _texts(x: Any) -> Array:
    """Return values as R writes them, None for missing ones."""
    values = np.asarray(x)
    texts = [None if is_missing(v) else level_text(v) for v in values.ravel().tolist()]
    return np.array(texts, object).reshape(values.shape)
