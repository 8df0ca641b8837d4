"""The keys of an epoch's logs and of the history, which are unique for each quantity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

RATE = "learning_rate"
VALIDATION = "val_"


def in_order(logs: dict[str, float]) -> dict[str, float]:
    """Return logs in the order used by callbacks and the history, which is Keras's.

    Examples
    --------
    >>> in_order({"loss": 0.5, "accuracy": 0.75})
    {'accuracy': 0.75, 'loss': 0.5}
    """
    return dict(sorted(logs.items())) if len(logs) > 1 else logs


def check_measured(loss_keys: Iterable[str], metric_keys: Iterable[str]) -> None:
    """Raise ValueError if two of the quantities of a batch would share a key."""
    taken = {"loss": "the total loss", **dict.fromkeys(loss_keys, "an output's loss")}
    for key in metric_keys:
        if key in taken:
            raise ValueError(
                f"compile: metrics need distinct names; {key!r} is already the name of "
                f"{taken[key]}; give the metric another, a function as "
                f"metrics.MeanMetricWrapper(function, name='my_{key}')"
            )
        taken[key] = "another metric"


def keys_of_epoch(measured: Iterable[str], validated: bool, scheduled: bool) -> list[str]:
    """Return the keys of an epoch's logs.

    Raises
    ------
    ValueError
        If a metric or an output has a name used for validation or for the schedule: one column of
        the history would overwrite the other.
    """
    measured = list(measured)
    taken: dict[str, str] = {}
    if validated:
        for key in measured:
            taken[VALIDATION + key] = f"the validation's {key!r}"
    if scheduled:
        taken[RATE] = "the rate of the optimizer's schedule"
    for key in measured:
        if key in taken:
            raise ValueError(
                f"fit: the quantity {key!r} and {taken[key]} would share one column of the "
                f"history; give the metric or the output another name"
            )
    return [*measured, *taken]


def directions_of_epoch(
    directions: Mapping[str, str | None], validated: bool
) -> dict[str, str | None]:
    """Return whether larger or smaller values are better, including keys of validation."""
    held = {VALIDATION + key: way for key, way in directions.items()} if validated else {}
    return {**directions, **held}
