"""Matrices as R prints them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lamina.nnet.r_numbers import DIGITS, WIDTH, formatted


def matrix(
    values: ArrayLike, rows: Sequence[str], columns: Sequence[str], digits: int = DIGITS
) -> list[str]:
    r"""Return the lines of a matrix with names, each column in its own format.

    Examples
    --------
    >>> print("\n".join(matrix([[1, 0.25], [10, -3]], ["a", "long"], ["x", "y"])))
          x     y
    a     1  0.25
    long 10 -3.00
    """
    return of_texts([formatted(column, digits) for column in np.asarray(values).T], rows, columns)


def of_texts(
    cells: Sequence[Sequence[str]], rows: Sequence[str], columns: Sequence[str], left: bool = False
) -> list[str]:
    """Return the lines of a matrix of texts, given by columns; columns without room come below."""
    stub = max(map(len, rows), default=0)
    justify = str.ljust if left else str.rjust
    drawn = []
    for name, column in zip(columns, cells, strict=True):
        width = max(map(len, [name, *column]))
        drawn.append([justify(text, width) for text in (name, *column)])
    lines: list[str] = []
    place = 0
    while place < len(drawn):
        room, end = WIDTH - stub, place
        while end < len(drawn) and (end == place or room > len(drawn[end][0]) + 1):
            room -= len(drawn[end][0]) + 1
            end += 1
        for i, name in enumerate(["", *rows]):
            lines.append(" ".join([name.ljust(stub), *(column[i] for column in drawn[place:end])]))
        place = end
    return lines
