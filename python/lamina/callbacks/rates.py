"""Reading and setting a model's learning rates in callbacks."""

from __future__ import annotations

from typing import Any

from lamina.callbacks.callback import Logs

KEY = "learning_rate"


def rated(model: Any) -> dict[str, Any]:
    """Return the optimizers with a learning rate, by its key in the logs.

    There is one, or one for each optimizer of a ``MultiOptimizer``.
    """
    optimizer = model.optimizer
    several = getattr(optimizer, "optimizers", None)
    if several is None:
        return {KEY: optimizer}
    return {f"{KEY}_{each.name}": each for each in several}


def rate_of(optimizer: Any) -> float:
    """Return the learning rate of the next step."""
    return float(optimizer.current_learning_rate())


def note_rates(model: Any, logs: Logs) -> None:
    """Add the learning rates to the logs."""
    logs.update({key: rate_of(optimizer) for key, optimizer in rated(model).items()})


def shown(key: str) -> str:
    """Return the name of the learning rate of a key, for messages."""
    name = key.removeprefix(KEY).removeprefix("_")
    return f"{name} learning rate" if name else "learning rate"


def check_settable(who: str, model: Any) -> None:
    """Raise TypeError if a learning rate follows a schedule, which setting it would end."""
    from lamina.optimizers.schedules import LearningRateSchedule

    for optimizer in rated(model).values():
        rate = optimizer.rate_law
        if isinstance(rate, LearningRateSchedule):
            raise TypeError(
                f"{who}: sets the learning rate, which follows {rate!r}; give the optimizer a "
                f"number instead"
            )
