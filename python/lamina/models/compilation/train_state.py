"""The state of training besides the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._settings import has_settings
from lamina.models.training.position import Position

if TYPE_CHECKING:
    from lamina import _core
    from lamina.optimizers import Optimizer

Paths = Mapping[str, "_core.Parameter"]


class TrainState:
    """The progress of a model's training, which with the weights determines every further bit.

    Attributes
    ----------
    epoch : int
        Number of epochs over all fits: the key of shuffles.
    draw : int
        Number of training batches started over all fits: the key of dropout and other noise.
    optimizer : Optimizer or None
        Counts the steps, and holds the learning rate or its schedule and the state of its rule;
        None before ``compile``.
    position : Position or None
        The position of the last fit when it ended, from which another can continue.
    running : callable or None
        Returns the position of the running fit.
    """

    __slots__ = ("draw", "epoch", "optimizer", "position", "running")

    def __init__(self) -> None:
        self.epoch = 0
        self.draw = 0
        self.optimizer: Optimizer | None = None
        self.position: Position | None = None
        self.running: Callable[[], Position] | None = None

    @property
    def step(self) -> int:
        """Number of steps of the optimizer."""
        return 0 if self.optimizer is None else self.optimizer.steps

    @property
    def where(self) -> Position | None:
        """The position of the running fit, or of the last one."""
        return self.position if self.running is None else self.running()

    def get(self, paths: Paths) -> dict[str, Any]:
        """Return the state as plain values and copies of arrays.

        Parameters
        ----------
        paths : dict of str to Parameter
            The model's weights: the state of the rule is stored by the path of its weight.

        Returns
        -------
        dict
            ``epoch``, ``draw``, ``position`` and, for a compiled model, the optimizer's state:
            ``step``, ``learning_rate`` (a number or a schedule's configuration) and ``slots``:
            {path: {slot: array}}, including accumulated gradients and means of the weights; some
            optimizers have more entries, such as the states of several ``optimizers``.
        """
        position = self.where
        state: dict[str, Any] = {
            "epoch": self.epoch,
            "draw": self.draw,
            "position": None if position is None else position.get(),
        }
        if self.optimizer is not None:
            state.update(self.optimizer.get_state(paths))
        return state

    def set(self, state: Mapping[str, Any], paths: Paths) -> None:
        """Take over the result of ``get`` of another model; after an error nothing is changed.

        Raises
        ------
        TypeError, ValueError
            If a value cannot come from ``get``; a weight is not in the model, or its state has
            another size; or there is an optimizer's state but the model is not compiled.
        """
        who = "TrainState"
        if not has_settings(state, "epoch", "draw"):
            raise TypeError(f"{who}: needs the result of get; got {state!r}")
        epoch = _check.integer(who, "epoch", state["epoch"], 0)
        draw = _check.integer(who, "draw", state["draw"], 0)
        told = state.get("position")
        position = None if told is None else Position.of(told)
        if "step" in state:
            if self.optimizer is None:
                raise ValueError(f"{who}: holds the state of an optimizer; call compile first")
            self.optimizer.take_state(state, paths)
        self.epoch, self.draw, self.position = epoch, draw & 0xFFFF_FFFF, position

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; no fit is running in a copy, which continues from here."""
        return {
            "epoch": self.epoch,
            "draw": self.draw,
            "optimizer": self.optimizer,
            "position": self.where,
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Restore the attributes."""
        self.running = None
        for name, value in state.items():
            setattr(self, name, value)
