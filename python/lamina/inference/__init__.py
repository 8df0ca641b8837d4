"""Inference and explanation: standard errors, intervals, importance, what a network looks at.

- ``Inference``: what ``model.inference(x, y)`` returns
- ``connections``: the units of a network of dense layers, and the weights between them
- ``intervals``: prediction intervals and prediction sets
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.inference import intervals
    from lamina.inference.curvature import SingularHessianError
    from lamina.inference.intervals import PredictionIntervals, coverage_report
    from lamina.inference.networks import Connections, DenseLayer, connections
    from lamina.inference.results import Inference

__all__ = [
    "Connections", "DenseLayer", "Inference", "PredictionIntervals", "SingularHessianError",
    "connections", "coverage_report", "intervals",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _HOMES = {
        "curvature": "SingularHessianError",
        "intervals": "PredictionIntervals coverage_report",
        "networks": "Connections DenseLayer connections",
        "results": "Inference",
    }
    _LAZY = {
        name: f"lamina.inference.{home}:{name}"
        for home, names in _HOMES.items()
        for name in names.split()
    }
    __getattr__ = answering(__name__, {**_LAZY, "intervals": "lamina.inference.intervals"})
