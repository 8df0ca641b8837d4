"""Numbers and named vectors as R prints them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

DIGITS = 7  # R's option "digits"
WIDTH = 80  # R's option "width"
MOST_DECIMALS = 308  # powers of ten are finite up to this one


def formatted(values: ArrayLike, digits: int = DIGITS) -> list[str]:
    """Return numbers as R's ``format`` writes them: in one format, of one width.

    They have the fewest digits that show each number to ``digits`` significant ones, and powers of
    ten if that is shorter.

    Examples
    --------
    >>> formatted([0.5, -12.25, 3.0])
    ['  0.50', '-12.25', '  3.00']
    >>> formatted([5e-4])
    ['5e-04']
    """
    numbers = [float(v) for v in np.ravel(values)]
    parts = [_significant(v, digits) for v in numbers if np.isfinite(v)]
    after = max((max(0, figures - 1 - power) for figures, power in parts), default=0)
    figures = max((each for each, _ in parts), default=1)
    plain = [f"{v:.{after}f}" if np.isfinite(v) else _special(v) for v in numbers]
    powers = [_scientific(v, figures - 1) if np.isfinite(v) else _special(v) for v in numbers]
    widths = [max(map(len, each), default=0) for each in (plain, powers)]
    chosen, width = (plain, widths[0]) if widths[0] <= widths[1] else (powers, widths[1])
    return [text.rjust(width) for text in chosen]


def rounded(values: ArrayLike, digits: int = 0) -> NDArray[np.float64]:
    """Return numbers rounded as by R 4: to the nearer of the two decimal numbers around each.

    If both are equally near in float64, the one whose last digit is even is taken.

    Examples
    --------
    >>> rounded([0.15, 2.675, -0.005, 1.005], 2).tolist()
    [0.15, 2.67, -0.0, 1.0]
    """
    x = np.asarray(values, np.float64)
    if digits > MOST_DECIMALS:
        return x
    if digits < -MOST_DECIMALS:
        return np.where(np.isfinite(x), np.copysign(0.0, x), x)
    scale = 10.0 ** abs(digits)
    scaled = np.abs(x) * scale if digits >= 0 else np.abs(x) / scale
    with np.errstate(all="ignore"):
        below, above = np.floor(scaled), np.ceil(scaled)
        ends = [each / scale if digits >= 0 else each * scale for each in (below, above)]
        down, up = np.abs(x) - ends[0], ends[1] - np.abs(x)
        lower = (down < up) | ((down == up) & (below % 2 == 0))
    # Beyond 15 digits a number is its own decimal.
    as_is = ~np.isfinite(x) | (scaled >= 1e15)
    return np.where(as_is, x, np.copysign(np.where(lower, *ends), x))


def number(value: float, digits: int = DIGITS) -> str:
    """Return one number as R's ``cat`` writes it."""
    return formatted([value], digits)[0]


def _significant(value: float, digits: int) -> tuple[int, int]:
    """Return how many significant digits a number has, at most ``digits``, and its power of ten."""
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    figures = mantissa.lstrip("-").replace(".", "").rstrip("0")
    return max(1, len(figures)), int(power)


def _scientific(value: float, after: int) -> str:
    mantissa, power = f"{value:.{after}e}".split("e")
    return f"{mantissa}e{int(power):+03d}"


def _special(value: float) -> str:
    if np.isnan(value):
        return "NaN"
    return "Inf" if value > 0 else "-Inf"


def named_vector(names: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return the lines in which R prints a vector with names: each element below its name.

    Examples
    --------
    >>> named_vector(["b->o", "i1->o"], [" 0.50", "-1.25"])
    [' b->o i1->o ', ' 0.50 -1.25 ']
    """
    width = max(map(len, [*names, *texts]), default=0)
    a_line = max(1, WIDTH // (width + 1))
    lines = []
    for first in range(0, len(names), a_line):
        for each in (names, texts):
            lines.append("".join(f"{t:>{width}} " for t in each[first : first + a_line]))
    return lines
