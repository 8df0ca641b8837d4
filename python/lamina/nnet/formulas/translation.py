"""R's expressions translated into Python."""

from __future__ import annotations

import keyword
from typing import Any

from lamina.nnet.formulas.expressions import (
    CONSTANTS,
    Brackets,
    Index,
    Infix,
    Name,
    Number,
    Prefix,
    Text,
    Tree,
    chain,
)

PYTHON = {"^": "**", "%%": "%", "%/%": "//"}
SUMS = ("+", "-")
COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}
CALLED = {  # operators that are functions in Python
    "%in%": "is_in", ":": "sequence", "&": "both", "&&": "both", "|": "either", "||": "either",
}  # fmt: skip


def python(tree: Tree, variables: dict[str, str]) -> str:
    """Return an expression in Python; ``variables`` has the names of the variables there.

    Every operation is put in brackets, as the precedences differ.

    Examples
    --------
    >>> from lamina.nnet.formulas.expressions import parse
    >>> python(parse("f", "x > 1 & !(y %in% c('a', 'b'))"), {"x": "v0", "y": "v1"})
    "both(compared('>', v0, 1.0), negated(is_in(v1, c('a', 'b'))))"
    """
    if isinstance(tree, Number):
        return repr(tree.value)  # as in R not an integer, whose powers could have any length
    if isinstance(tree, Text):
        return repr(tree.value)
    if isinstance(tree, Name):
        if tree.name in variables:
            return variables[tree.name]
        # A coding becomes a string; functions such as contr.sum name the columns in their own way.
        called = f"{tree.name}()" if tree.name.startswith("contr.") else tree.name
        return CONSTANTS.get(tree.name, repr(called))
    if isinstance(tree, Brackets):
        return python(tree.of, variables)
    if isinstance(tree, Prefix):
        of = python(tree.of, variables)
        return f"negated({of})" if tree.operator == "!" else f"({tree.operator}{of})"
    if isinstance(tree, Infix) and tree.operator in SUMS:  # long ones, without nested brackets
        first, others = chain(tree, SUMS)
        rest = (f" {operator} {python(each, variables)}" for operator, each in others)
        return f"({python(first, variables)}{''.join(rest)})"
    if isinstance(tree, Infix):
        left, right = python(tree.left, variables), python(tree.right, variables)
        if tree.operator in CALLED:
            return f"{CALLED[tree.operator]}({left}, {right})"
        if tree.operator in COMPARISONS:
            return f"compared({tree.operator!r}, {left}, {right})"
        return f"({left} {PYTHON.get(tree.operator, tree.operator)} {right})"
    if isinstance(tree, Index):
        places = ["..." if place is None else python(place, variables) for place in tree.places]
        return f"indexed({', '.join([python(tree.of, variables), *places])})"
    given: list[Any] = []
    for name, argument in sorted(tree.arguments, key=lambda each: each[0] is not None):
        value = python(argument, variables)
        given.append(f"{argument_name(name)}={value}" if name else value)
    if tree.function == "cbind":  # its columns have the names of the variables
        names = [n or (a.name if isinstance(a, Name) else "") for n, a in tree.arguments]
        given = [*(python(a, variables) for _, a in tree.arguments), f"names={names!r}"]
    return f"{function_name(tree.function)}({', '.join(given)})"


def argument_name(name: str) -> str:
    """Return the Python name of an argument in R, as some names are reserved in Python."""
    called = name.replace(".", "_")
    return f"{called}_" if keyword.iskeyword(called) else called


def function_name(name: str) -> str:
    """Return the Python name of a function of R or NumPy."""
    return name.rpartition("::")[2].removeprefix("np.").replace(".", "_")
