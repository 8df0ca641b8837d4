"""Learning rates that change with the step: Keras's schedules, and a cycle.

A schedule is called with the number of steps done (0 for the first step) and returns a float.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import resolve, serialize
from lamina.optimizers.schedules.base import LearningRateSchedule
from lamina.optimizers.schedules.cosines import CosineDecay, CosineDecayRestarts, OneCycle
from lamina.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
    "LearningRateSchedule", "OneCycle", "PiecewiseConstantDecay", "PolynomialDecay", "get",
    "serialize",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


_TABLE: dict[str, type[LearningRateSchedule]] = {
    "exponential_decay": ExponentialDecay,
    "piecewise_constant_decay": PiecewiseConstantDecay,
    "polynomial_decay": PolynomialDecay,
    "inverse_time_decay": InverseTimeDecay,
    "cosine_decay": CosineDecay,
    "cosine_decay_restarts": CosineDecayRestarts,
    "one_cycle": OneCycle,
}


@answering_calls
def get(identifier: object) -> LearningRateSchedule:
    """Return the schedule for a configuration or an instance.

    Raises
    ------
    ValueError
        If the class is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.
    """
    return resolve("schedule", identifier, _TABLE, LearningRateSchedule)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


deserialize = get  # Keras's name
