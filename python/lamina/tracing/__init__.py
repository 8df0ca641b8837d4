"""Inspecting backpropagation: every sum, activation, delta and gradient of a small network.

- ``trace(model, x, y)`` writes out the backpropagation of one row, as text, LaTeX and HTML
- ``check_gradients(model, x, y)`` compares the gradients of any model with finite differences
"""

from lamina.tracing.checked import GradientCheck, check_gradients
from lamina.tracing.traced import LayerTrace, Trace, trace

__all__ = ["GradientCheck", "LayerTrace", "Trace", "check_gradients", "trace"]


def __dir__() -> list[str]:
    return sorted(__all__)
