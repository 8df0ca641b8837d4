"""Calls as R prints them beside their results."""

from __future__ import annotations

import re
import sys
from typing import Any

from lamina.nnet.formulas import expressions
from lamina.nnet.formulas.variables import level_text

CUTOFF = 60  # R's: what comes behind it begins a new line


def call_text(function: str, formula: str, **given: Any) -> str:
    """Return the call of a function as R's ``dput`` writes it.

    Strings are expressions.  Other values are called by the name that they have in the caller's
    program, if they have one.

    Examples
    --------
    >>> call_text("multinom", "y ~ a+b", data=[1.0, 2.0], Hess=True)
    'multinom(formula = y ~ a + b, data = list, Hess = TRUE)'
    """
    shown = expressions.deparse(expressions.parse(function, formula))
    parts = [f"formula = {shown}"]
    parts += [f"{name.replace('na_', 'na.')} = {_told(value)}" for name, value in given.items()]
    return _broken(f"{function}({', '.join(parts)})")


def _broken(text: str) -> str:
    """Return a text in lines, broken behind operators and commas once they are long enough."""
    lines = [""]
    for piece in re.findall(r".+?(?:, | [-+*] |$)", text):
        lines[-1] += piece
        if len(lines[-1]) > CUTOFF:
            lines.append("    ")
    return "\n".join(lines if lines[-1].strip() else lines[:-1])


def _told(value: Any) -> str:
    """Return the name that the caller's program has for a value, or what it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return level_text(value)
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("lamina"):
        frame = frame.f_back
    for names in (frame.f_locals, frame.f_globals):
        for name, each in list(names.items()):
            if each is value and not name.startswith("_"):
                return name
    return type(value).__name__
