"""The learning rate of the model at hand, as callbacks read and set it."""

from __future__ import annotations

from typing import Any


def rate_of(model: Any) -> float:
    """Return the learning rate of the next step."""
    return float(model.optimizer.current_learning_rate())


def check_settable(who: str, model: Any) -> None:
    """Raise TypeError where the learning rate follows a schedule, which setting it would end."""
    from lamina.optimizers.schedules import LearningRateSchedule

    rate = model.optimizer.rate_law
    if isinstance(rate, LearningRateSchedule):
        raise TypeError(
            f"{who}: sets the learning rate, which follows {rate!r}; give the optimizer a number"
        )
