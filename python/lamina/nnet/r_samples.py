"""Samples as R's ``sample`` draws them."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.starts import RSeed


def resample(drawn: RSeed, rows: int) -> NDArray[Any]:
    """Return ``sample(rows, replace = TRUE) - 1``, by the rejection sampling of R 3.6 and later.

    A number is made from 16 bits at a time, and drawn again while it is too large.

    Examples
    --------
    >>> resample(RSeed(1), 10).tolist()
    [8, 3, 6, 0, 1, 6, 1, 2, 0, 4]
    """
    bits = math.ceil(math.log2(rows))
    parts = bits // 16 + 1
    found = np.empty(0, np.int64)
    while len(found) < rows:
        # Draw more than needed from a copy, so that unused numbers do not count as drawn.
        ahead = copy.deepcopy(drawn).uniform(0.0, 1.0, (2 * (rows - len(found)), parts))
        numbers = np.zeros(len(ahead), np.int64)
        for part in np.floor(ahead * 65536.0).astype(np.int64).T:
            numbers = 65536 * numbers + part
        numbers &= (1 << bits) - 1
        fit = np.flatnonzero(numbers < rows)[: rows - len(found)]
        last = fit[-1] + 1 if len(found) + len(fit) == rows else len(numbers)
        drawn.uniform(0.0, 1.0, (last, parts))
        found = np.append(found, numbers[fit])
    return found
