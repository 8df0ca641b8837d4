"""What a fitted model says of its rows: prediction intervals and prediction sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.inference import intervals
    from lamina.inference.intervals import PredictionIntervals, coverage_report

__all__ = ["PredictionIntervals", "coverage_report", "intervals"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _ROOM = "lamina.inference.intervals"
    _LAZY = {name: f"{_ROOM}:{name}" for name in ("PredictionIntervals", "coverage_report")}
    __getattr__ = answering(__name__, {**_LAZY, "intervals": _ROOM})
