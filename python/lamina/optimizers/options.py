"""The checked settings that all optimizers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict, Union

from lamina._check import boolean, integer, number
from lamina._settings import optional_number

if TYPE_CHECKING:
    from lamina.optimizers.schedules import LearningRateSchedule

RateLike = Union[float, "LearningRateSchedule", Callable[[], float]]


class OptionsWithoutDecay(TypedDict, total=False):
    """The keyword arguments of every optimizer: see `Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class Options(OptionsWithoutDecay, total=False):
    """The same for optimizers whose weight decay is one of these."""

    weight_decay: float | None


CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


def check_clips(who: str, given: dict[str, Any]) -> None:
    """Raise ValueError if more than one kind of clipping is set."""
    if sum(given[name] is not None for name in CLIPS) > 1:
        raise ValueError(
            f"{who}: only one of clipnorm, clipvalue and global_clipnorm may be set; "
            f"got {given['clipnorm']!r}, {given['clipvalue']!r} and {given['global_clipnorm']!r}"
        )


def checked_options(who: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings in the form in which they are stored.

    Raises
    ------
    TypeError, ValueError
        If a value is outside its range.
    """
    values = {
        "weight_decay": optional_number(who, "weight_decay", given["weight_decay"], low=0.0),
        "use_ema": boolean(who, "use_ema", given["use_ema"]),
        "ema_momentum": number(who, "ema_momentum", given["ema_momentum"], 0.0, 1.0),
        "loss_scale_factor": optional_number(
            who, "loss_scale_factor", given["loss_scale_factor"], low=0.0, low_open=True
        ),
    }
    for name in CLIPS:
        values[name] = optional_number(who, name, given[name], low=0.0, low_open=True)
    for name, least in (("ema_overwrite_frequency", 1), ("gradient_accumulation_steps", 2)):
        off = given[name] is None or given[name] is False
        values[name] = None if off else integer(who, name, given[name], least)
    check_clips(who, given)
    return values
