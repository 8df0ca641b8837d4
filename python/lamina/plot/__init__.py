"""Figures: learning curves, range tests, weights.  They need matplotlib: ``lamina[plot]``.

A figure is pyplot's current one, as those of pandas are: ``plt.show()`` shows it, a notebook shows
it once at the end of its cell, and ``plt.gca()`` goes on drawing on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.plot.curves import learning_curves
from lamina.plot.rate_range import learning_rate_range
from lamina.plot.weights import first_layer

__all__ = ["first_layer", "learning_curves", "learning_rate_range"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
