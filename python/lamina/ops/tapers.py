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
    """Return a triangular window with x elements."""
    return _window("bartlett", x, np.bartlett)


def blackman(x: int) -> Any:
    """Return a Blackman window with x elements."""
    return _window("blackman", x, np.blackman)


def hamming(x: int) -> Any:
    """Return a Hamming window with x elements."""
    return _window("hamming", x, np.hamming)


def hanning(x: int) -> Any:
    """Return a Hann window with x elements."""
    return _window("hanning", x, np.hanning)


def kaiser(x: int, beta: float) -> Any:
    """Return a Kaiser window with x elements."""
    return _window("kaiser", x, lambda n: np.kaiser(n, number("kaiser", "beta", beta)))
