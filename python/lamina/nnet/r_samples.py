"""Samples as R's ``sample`` draws them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.starts import RSeed


def resample(drawn: RSeed, rows: int) -> NDArray[Any]:
    """Return ``sample(rows, replace = TRUE) - 1``, by the rejection sampling of R 3.6 and later.

    A number is made of 16 bits at a time, and drawn anew while it is too large.

    Examples
    --------
    >>> resample(RSeed(1), 10).tolist()
    [8, 3, 6, 0, 1, 6, 1, 2, 0, 4]
    """
    bits = math.ceil(math.log2(rows))
    made = np.empty(rows, np.int64)
    for place in range(rows):
        number = rows
        while number >= rows:
            number = 0
            for _ in range(0, bits + 1, 16):
                number = 65536 * number + math.floor(float(drawn.uniform(0.0, 1.0, 1)[0]) * 65536)
            number &= (1 << bits) - 1
        made[place] = number
    return made
