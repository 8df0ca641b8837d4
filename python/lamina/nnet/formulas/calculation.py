"""R's expressions calculated, part by part.

Nothing of an expression's text is run as Python: an expression is made of numbers, strings, columns
that were found, the operators of the two tables here, and the functions of ``functions``.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas import functions, truth, vectors
from lamina.nnet.formulas.expressions import (
    Brackets,
    Call,
    Index,
    Infix,
    Name,
    Number,
    Prefix,
    Text,
    Tree,
    chain,
)
from lamina.nnet.formulas.variables import Variable

Array = NDArray[Any]
CONSTANTS: dict[str, Any] = {
    "TRUE": True, "T": True, "FALSE": False, "F": False, "NULL": None, "NA": math.nan,
    "NaN": math.nan, "Inf": math.inf, "pi": math.pi,
}  # fmt: skip
PACKAGES = ("base", "stats", "splines", "nnet")  # of R, whose functions are here

# --- operators


def _arithmetic(sign: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operator of numbers and truth values; of single ones it returns a float."""
    rule = f"'{sign}' is for numbers and truth values"

    def calculated(*operands: Any) -> Any:
        numbers = [vectors.operand(each, rule) for each in operands]
        if any(isinstance(each, (np.ndarray, Variable)) for each in numbers):
            return function(*numbers)
        # A power beyond the range of numbers is an error, not infinity.
        with np.errstate(all="ignore", over="raise" if sign == "^" else "ignore"):
            return float(function(*numbers))

    return calculated


INFIX: dict[str, Callable[[Any, Any], Any]] = {
    "+": _arithmetic("+", np.add), "-": _arithmetic("-", np.subtract),
    "*": _arithmetic("*", np.multiply), "/": _arithmetic("/", np.true_divide),
    "^": _arithmetic("^", np.power), "%%": _arithmetic("%%", np.remainder),
    "%/%": _arithmetic("%/%", np.floor_divide), "%in%": truth.is_in, ":": functions.sequence,
    "&": truth.both, "|": truth.either,
    **{sign: partial(truth.single, sign) for sign in ("&&", "||")},
    **{sign: partial(truth.compared, sign) for sign in truth.COMPARISONS},
}  # fmt: skip
PREFIX: dict[str, Callable[[Any], Any]] = {
    "-": _arithmetic("-", np.negative), "+": _arithmetic("+", np.positive), "!": truth.negated,
}  # fmt: skip


# --- expressions


class Calculation:
    """The values of an expression's parts.

    Parameters
    ----------
    variables : dict of str to array or Variable
    states : list of dict
        What each call that learns has learned, in the order in which they are calculated; empty
        for the first rows.  Two equal calls have separate states, since a call behaves differently
        once it has learned.
    """

    def __init__(self, variables: Mapping[str, Any], states: list[functions.State]) -> None:
        self.variables, self.states = variables, states
        self._used = 0

    def value(self, tree: Tree) -> Any:
        """Return the value of an expression.

        Examples
        --------
        >>> from lamina.nnet.formulas.reading import parse
        >>> Calculation({"x": np.array([1.0, 4.0])}, []).value(parse("f", "-x^2 + sqrt(x) * 10"))
        array([9., 4.])
        """
        if isinstance(tree, Number):
            return tree.value  # as in R not an integer, whose powers could have any length
        if isinstance(tree, Text):
            return tree.value
        if isinstance(tree, Name):
            return self._named(tree.name)
        if isinstance(tree, Brackets):
            return self.value(tree.of)
        if isinstance(tree, Prefix):
            return PREFIX[tree.operator](self.value(tree.of))
        if isinstance(tree, Infix):  # long ones without recursion
            first, others = chain(tree)
            made = self.value(first)
            for operator, each in others:
                made = INFIX[operator](made, self.value(each))
            return made
        if isinstance(tree, Index):
            places = [... if place is None else self.value(place) for place in tree.places]
            return vectors.indexed(self.value(tree.of), *places)
        return self._called(tree)

    def _named(self, name: str) -> Any:
        if name in self.variables:
            return self.variables[name]
        # A coding becomes a string; functions such as contr.sum name the columns in their own way.
        return CONSTANTS.get(name, f"{name}()" if name.startswith("contr.") else name)

    def _called(self, tree: Call) -> Any:
        name = function_name(tree.function)
        places, named = [], {}
        for given, argument in tree.arguments:
            if given and name != "cbind":
                named[argument_name(given)] = self.value(argument)
            else:
                places.append(self.value(argument))
        if name == "cbind":  # its columns have the names of the variables
            names = [n or (a.name if isinstance(a, Name) else "") for n, a in tree.arguments]
            return vectors.cbind(*places, names=names)
        if name in functions.learning():
            named["_state"] = self._state()
        return functions.functions()[name](*places, **named)

    def _state(self) -> functions.State:
        if self._used == len(self.states):
            self.states.append({})
        self._used += 1
        return self.states[self._used - 1]


def argument_name(name: str) -> str:
    """Return the Python name of an argument in R, as some names are reserved in Python."""
    called = name.replace(".", "_")
    return f"{called}_" if keyword.iskeyword(called) else called


def function_name(name: str) -> str:
    """Return the Python name of a function of R or NumPy; that of another package is unchanged."""
    package, _, own = name.rpartition("::")
    if package not in ("", *PACKAGES):
        return name
    return own.removeprefix("np.").replace(".", "_")
