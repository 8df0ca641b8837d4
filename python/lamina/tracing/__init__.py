"""Backpropagation to look at: every sum, activation, delta and gradient of a small network.

- ``trace(model, x, y)`` writes one row's backpropagation out, as text, LaTeX and HTML
- ``check_gradients(model, x, y)`` compares any model's gradients with finite differences
"""

from lamina.tracing.checked import GradientCheck, check_gradients
from lamina.tracing.traced import LayerTrace, Trace, trace

__all__ = ["GradientCheck", "LayerTrace", "Trace", "check_gradients", "trace"]


def __dir__() -> list[str]:
    return sorted(__all__)
