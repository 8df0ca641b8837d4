"""The position of a fit, from which another can continue as if it had never stopped."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina import _check, _screen
from lamina._check import Array
from lamina._settings import has_settings

WHO = "TrainState"
# The settings that determine the rows of a batch, as named in messages.
_COURSE = {
    "rows": "the number of training rows",
    "batch_size": "batch_size",
    "shuffle": "shuffle",
}


@dataclass
class Ending:
    """The part of an epoch after its batches, as far as it has come.

    Attributes
    ----------
    logs : dict
        The epoch's logs so far.
    validated : bool
        Whether the logs have the results of the validation, or none was due.
    told : list of str
        The class of each callback whose ``on_epoch_end`` has run.
    stops : bool
        Whether training stops after the epoch.
    """

    logs: dict[str, Any]
    validated: bool = False
    told: list[str] = field(default_factory=list)
    stops: bool = False

    @classmethod
    def of(cls, state: Any) -> Ending:
        """Return plain values as an ending; TypeError if they are none."""
        if not has_settings(state, "logs", "validated", "told", "stops"):
            raise TypeError(f"{WHO}: position must be the result of get; got {state!r:.80}")
        told = [str(name) for name in state["told"]]
        return cls(dict(state["logs"]), bool(state["validated"]), told, bool(state["stops"]))


@dataclass
class Position:
    """The state of a fit between batches, in addition to weights and optimizer.

    Attributes
    ----------
    epoch : int
        The current epoch, counted as by ``initial_epoch``.
    batch : int
        Number of completed batches of the epoch.
    sums : list of ndarray
        The engine's sums of losses and metrics in this epoch; empty before the first batch.
    metrics : list of dict
        The same for each metric in Python.
    callbacks : list of [str, dict]
        Class and state of each callback that has a state.
    weights : list of ndarray or None
        The weights after the last batch, if a callback has replaced them since.
    learning_rate : float, dict, list or None
        The learning rate after the last batch, or its schedule's configuration, if it has been
        replaced.
    course : dict
        The settings that determined the rows of each batch: ``rows`` and ``batch_size``, None for a
        source of batches, and ``shuffle``; empty if unknown.
    ending : Ending or None
        The end of the epoch before, if it is not complete, or if training stops after it.
    """

    epoch: int
    batch: int = 0
    sums: list[Array] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    callbacks: list[list[Any]] = field(default_factory=list)
    weights: list[Array] | None = None
    learning_rate: Any = None
    course: dict[str, Any] = field(default_factory=dict)
    ending: Ending | None = None

    def get(self) -> dict[str, Any]:
        """Return the position as plain values and arrays."""
        ending = None if self.ending is None else dict(vars(self.ending))
        return {**vars(self), "ending": ending}

    @classmethod
    def of(cls, state: Any) -> Position:
        """Return the result of ``get`` as a position; TypeError or ValueError if it is invalid."""
        if not has_settings(state, "epoch", "batch", "sums", "metrics", "callbacks", "weights"):
            raise TypeError(f"{WHO}: position must be the result of get; got {state!r:.80}")
        weights = state["weights"]
        return cls(
            _check.integer(WHO, "epoch", state["epoch"], 0),
            _check.integer(WHO, "batch", state["batch"], 0),
            [np.asarray(each, np.float64) for each in state["sums"]],
            [dict(each) for each in state["metrics"]],
            [[str(name), dict(held)] for name, held in state["callbacks"]],
            None if weights is None else [np.asarray(each) for each in weights],
            state.get("learning_rate"),
            dict(state.get("course") or {}),
            None if state.get("ending") is None else Ending.of(state["ending"]),
        )

    def check_course(self, course: Mapping[str, Any], epochs: int) -> None:
        """Refuse to continue within an epoch with other batches; warn about others between epochs.

        ``epochs`` is the last epoch of the continuing fit.
        """
        for name, before in self.course.items():
            now = course.get(name, before)
            if now == before or before is None or now is None:
                continue
            told = f"{_COURSE[name]} was {before!r} then and is {now!r} now"
            if self.batch:
                raise ValueError(
                    f"fit: resume continues within epoch {self.epoch}, after {self.batch} batches, "
                    f"and needs the same batches; {told}"
                )
            if 0 < self.epoch < epochs:
                _screen.warn(
                    f"fit: resume continues with other batches: {told}; the weights will differ "
                    f"from those of a fit that was never interrupted"
                )


def states_of(
    callbacks: Iterable[Any], earlier: tuple[Any, dict[str, Any]] | None = None
) -> list[list[Any]]:
    """Return the class and the state of each callback that has a state.

    ``earlier`` is a callback with a state that is returned instead of its present one.
    """
    held = [(each, each.get_state()) for each in callbacks if hasattr(each, "get_state")]
    if earlier is not None:
        one, before = earlier
        held = [(each, copy.deepcopy(before) if each is one else now) for each, now in held]
    return [[type(each).__name__, state] for each, state in held if state]


def put_states(callbacks: Iterable[Any], states: Iterable[list[Any]]) -> None:
    """Give callbacks the states of those of their class, in order."""
    left = list(states)
    for callback in callbacks:
        name = type(callback).__name__
        found = next((each for each in left if each[0] == name), None)
        if found is not None and hasattr(callback, "set_state"):
            left.remove(found)
            callback.set_state(found[1])


# --- metrics that accumulate in Python


def sums_of(metric: Any) -> dict[str, Any]:
    """Return copies of a metric's accumulated state: variables, and plain attributes."""
    own = {k: v for k, v in vars(metric).items() if k != "_variables" and _is_plain(v)}
    arrays = [np.array(variable.array) for variable in metric.variables]
    return {"variables": arrays, "attributes": copy.deepcopy(own)}


def put_sums(metric: Any, sums: Mapping[str, Any]) -> None:
    """Let a metric continue from the accumulated state of another of its kind."""
    for variable, values in zip(metric.variables, sums["variables"], strict=True):
        variable.array[...] = values
    metric.__dict__.update(copy.deepcopy(dict(sums["attributes"])))


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(each) for each in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    return isinstance(value, (type(None), bool, int, float, str, np.generic))
