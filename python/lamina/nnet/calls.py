"""Calls as R prints them with their results."""

from __future__ import annotations

import sys
from typing import Any

from lamina.nnet.formulas.expressions import (
    TIGHT,
    Brackets,
    Call,
    Index,
    Infix,
    Name,
    Prefix,
    Text,
    Tree,
    chain,
    deparse,
)
from lamina.nnet.formulas.reading import parse, parse_formula
from lamina.nnet.formulas.variables import level_text

CUTOFF = 60  # R's: text beyond it starts a new line


def call_text(function: str, formula: str, **given: Any) -> str:
    """Return the call of a function as R prints it, in lines.

    Strings are written as expressions, a dict as a list with names.  Other values appear under the
    name that they have in the caller's program, if they have one, and otherwise as their type.

    Examples
    --------
    >>> call_text("multinom", "y ~ a", data=[1.0, 2.0], subset="a>0")
    'multinom(formula = y ~ a, data = list, subset = a > 0)'
    """
    left, right = parse_formula(function, formula)
    whole: Tree = Prefix("~", right) if left is None else Infix("~", left, right)
    arguments: list[tuple[str | None, Tree]] = [("formula", whole)]
    arguments += [(name.replace("na_", "na."), _told(value)) for name, value in given.items()]
    writer = _Writer()
    writer.write(Call(function, tuple(arguments)))
    return "\n".join(writer.lines)


class _Writer:
    """Writes expressions as R's ``deparse`` does, with its line breaks."""

    def __init__(self) -> None:
        self.lines = [""]
        self._indent = 0

    def write(self, tree: Tree) -> None:
        """Append a tree to the text."""
        if isinstance(tree, Call):
            self._write_call(tree)
        elif isinstance(tree, Infix):
            first, others = chain(tree)
            self.write(first)
            for operator, each in others:
                self._put(operator if operator in TIGHT else f" {operator} ")
                broken = operator not in TIGHT and self._break(False)
                self.write(each)
                self._indent -= broken
        elif isinstance(tree, Prefix):
            self._put(tree.operator)
            self.write(tree.of)
        elif isinstance(tree, Index):
            self.write(tree.of)
            self._put("[")
            for i, place in enumerate(tree.places):
                self._put(", " if i else "")
                if place is not None:
                    self.write(place)
            self._put("]")
        elif isinstance(tree, Brackets):
            self._put("(")
            self.write(tree.of)
            self._put(")")
        else:
            self._put(deparse(tree))

    def _write_call(self, tree: Call) -> None:
        self._put(f"{tree.function}(")
        broken = False
        for place, (name, argument) in enumerate(tree.arguments):
            if place:
                self._put(", ")
                broken = self._break(broken)
            self._put(f"{name} = " if name else "")
            self.write(argument)
        self._indent -= broken
        self._put(")")

    def _put(self, text: str) -> None:
        if text and not self.lines[-1]:
            self.lines[-1] = "    " * self._indent
        self.lines[-1] += text

    def _break(self, broken: bool) -> bool:
        """Start a new line if this one is long; the first break of an expression indents it."""
        if len(self.lines[-1]) <= CUTOFF:
            return broken
        self._indent += not broken
        self.lines.append("")
        return True


def _told(value: Any) -> Tree:
    """Return the name of a value in the caller's program, or its type."""
    if isinstance(value, str):
        return parse("call", value)
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        return Call("list", tuple((str(name), Text(each)) for name, each in value.items()))
    if isinstance(value, (bool, int, float)):
        return Name(level_text(value))
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("lamina"):
        frame = frame.f_back
    for names in (frame.f_locals, frame.f_globals):
        for name, each in list(names.items()):
            if each is value and not name.startswith("_"):
                return Name(name)
    return Name(type(value).__name__)
