"""Windows of signals, which fade out at both ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.ops._numbers import integer, number

__all__ = [
    "bartlett",
    "blackman",
    "hamming",
    "hanning",
    "kaiser",
]


def _window(who: str, x: Any, make: Any) -> Any:
    return np.asarray(make(integer(who, "x", x)), "float32")


def bartlett(x: int) -> Any:
    """Return a triangular window with x elements.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bartlett(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _window("bartlett", x, np.bartlett)


def blackman(x: int) -> Any:
    """Return a Blackman window with x elements.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.blackman(5)[1:4].round(4)
    array([0.34, 1.  , 0.34], dtype=float32)
    """
    return _window("blackman", x, np.blackman)


def hamming(x: int) -> Any:
    """Return a Hamming window with x elements.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hamming(5).round(4)
    array([0.08, 0.54, 1.  , 0.54, 0.08], dtype=float32)
    """
    return _window("hamming", x, np.hamming)


def hanning(x: int) -> Any:
    """Return a Hann window with x elements.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hanning(5).round(4)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _window("hanning", x, np.hanning)


def kaiser(x: int, beta: float) -> Any:
    """Return a Kaiser window with x elements.

    Parameters
    ----------
    x : int
    beta : float
        Its shape: 0 for a rectangle, larger numbers for narrower windows.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.kaiser(5, 14.0).round(4)
    array([0.    , 0.1649, 1.    , 0.1649, 0.    ], dtype=float32)
    """
    return _window("kaiser", x, lambda n: np.kaiser(n, number("kaiser", "beta", beta)))
