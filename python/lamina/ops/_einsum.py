"""Parsing the subscripts of ``einsum``."""

from __future__ import annotations

import string
from dataclasses import dataclass

LETTERS = string.ascii_letters


@dataclass
class Equation:
    """The letters of the axes of each operand, and of the result."""

    inputs: list[str]
    output: str


def parsed(subscripts: str, ranks: list[int]) -> Equation:
    """Return the equation with letters in place of each ellipsis.

    ``ranks`` are the numbers of axes of the operands.
    """
    if not isinstance(subscripts, str):
        raise TypeError(
            f"einsum: subscripts must be a string such as 'ij,jk->ik'; got {subscripts!r:.100}"
        )
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ValueError(
            f"einsum: {subscripts!r} describes {len(terms)} operands; got {len(ranks)}"
        )
    free = [letter for letter in LETTERS if letter not in text]
    widths = []
    for term, rank in zip(terms, ranks, strict=True):
        named = term.replace("...", "")
        if not all(c in LETTERS for c in named) or ("..." in term and term.count("...") > 1):
            raise ValueError(f"einsum: {subscripts!r} must hold letters, commas, '...' and '->'")
        if ("..." not in term and len(named) != rank) or len(named) > rank:
            raise ValueError(
                f"einsum: {term!r} of {subscripts!r} names {len(named)} axes of an operand that "
                f"has {rank}"
            )
        widths.append(rank - len(named))
    dots = "".join(free[: max(widths)])
    inputs = [
        term.replace("...", dots[len(dots) - width :])
        for term, width in zip(terms, widths, strict=True)
    ]
    if not arrow:
        once = sorted(c for c in set("".join(terms)) - {"."} if "".join(terms).count(c) == 1)
        right = ("..." if dots else "") + "".join(once)
    output = right.replace("...", dots)
    known = set("".join(inputs))
    if not set(output) <= known or len(set(output)) != len(output) or "." in output:
        raise ValueError(
            f"einsum: the result of {subscripts!r} must name axes of the operands, each once"
        )
    if dots and "..." not in right:
        raise ValueError(f"einsum: the result of {subscripts!r} must hold '...' too")
    return Equation(inputs, output)
