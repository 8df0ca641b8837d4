"""All that training keeps beside the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._settings import has_settings
from lamina.models.position import Position

if TYPE_CHECKING:
    from lamina import _core
    from lamina.optimizers import Optimizer

Paths = Mapping[str, "_core.Parameter"]


class TrainState:
    """How far a model's training is; with the weights it decides every bit of what follows.

    Attributes
    ----------
    epoch : int
        Epochs done over all fits: keys the shuffles.
    draw : int
        Training batches begun over all fits: keys dropout and other noise.
    optimizer : Optimizer or None
        Counts the steps, and holds the learning rate or its schedule and the state of its rule;
        None before ``compile``.
    position : Position or None
        Where the last fit stood when it ended, for one that goes on from there.
    running : callable or None
        Returns the position of the fit that runs.
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
        """Steps done by the optimizer."""
        return 0 if self.optimizer is None else self.optimizer.steps

    @property
    def where(self) -> Position | None:
        """The position of the fit that runs, or else of the last one."""
        return self.position if self.running is None else self.running()

    def get(self, paths: Paths) -> dict[str, Any]:
        """Return the state as plain values and copies of arrays.

        Parameters
        ----------
        paths : dict of str to Parameter
            The model's weights: state of the rule is told by the path of the weight it belongs to.

        Returns
        -------
        dict
            ``epoch``, ``draw``, ``position`` and, of a compiled model, what its optimizer keeps:
            ``step``, ``learning_rate`` (a number or a schedule's configuration) and ``slots``:
            {path: {slot: array}}, accumulated gradients and means of the weights among them; some
            keep more, such as the states of the ``optimizers`` of several.
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
        """Take over what ``get`` of another model's state returned; a refused call changes nothing.

        Raises
        ------
        TypeError, ValueError
            A value that ``get`` does not return; a weight that the model has not, or whose state
            has another size; the state of an optimizer where the model is not compiled.
        """
        who = "TrainState"
        if not has_settings(state, "epoch", "draw"):
            raise TypeError(f"{who}: needs what get returned; got {state!r}")
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
        """Return the attributes; no fit runs in a copy, which goes on where this one stands."""
        return {
            "epoch": self.epoch,
            "draw": self.draw,
            "optimizer": self.optimizer,
            "position": self.where,
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Restore."""
        self.running = None
        for name, value in state.items():
            setattr(self, name, value)
