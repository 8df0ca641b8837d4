"""The base of all callbacks."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from lamina._public import PublicKeywords
from lamina._repr import changed_arguments

if TYPE_CHECKING:
    from lamina.models.model import Model

Logs = dict[str, float]
TICK = 0.1  # seconds between two calls of on_tick and its like


class Callback(PublicKeywords):
    """Override the hooks you need; those you do not override cost nothing.

    A method that is called ``on_...`` and is no hook is refused by fit: nothing would call it.
    Set ``self.model.stop_training = True`` to end a fit after the batch at hand.

    A callback that keeps something from epoch to epoch gives it out by ``get_state`` and goes on
    from it by ``set_state``: a training that is saved and continued elsewhere then takes the same
    steps as one that was never stopped.  ``set_state`` is called before the fit that goes on, whose
    ``on_train_begin`` must keep what it set; otherwise that hook forgets the last fit.

    Attributes
    ----------
    model : Model
        The model being trained, evaluated or used.
    params : dict
        ``epochs``, ``steps`` (batches an epoch), ``verbose``; of a fit also ``batch_size``,
        ``metrics``, the keys that the logs of an epoch will have, ``directions``, which maps them
        to "up" where larger values are better, "down" where smaller ones are, or None where nothing
        tells, and ``open_logs``, whether a callback of the user's own may add keys to the logs.
    first_process_only : bool
        Of the class: whether only the first of several processes that train together
        (``lamina.distribute``) calls it, as one that writes files should be; False.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> class Last(lamina.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.seen = (epoch, sorted(logs))
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> last = Last()
    >>> _ = model.fit(np.eye(2), [0.0, 1.0], epochs=2, verbose=0, callbacks=[last])
    >>> last.seen
    (1, ['loss'])
    """

    first_process_only: ClassVar[bool] = False

    # The attributes that get_state returns, underscores before their names aside.
    _kept: ClassVar[tuple[str, ...]] = ()
    _resumed = False
    # Hooks with nothing to do by the settings at hand: calling them would cost every batch.
    _idle: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.model: Model | Any = None
        self.params: dict[str, Any] = {}

    def __repr__(self) -> str:
        """Return the constructor's arguments that are no defaults."""
        return f"{type(self).__name__}({', '.join(changed_arguments(self))})"

    def set_model(self, model: Model) -> None:
        """Receive the model."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the run's settings."""
        self.params = params

    def get_state(self) -> dict[str, Any]:
        """Return what the callback keeps from epoch to epoch, for ``set_state`` of another one.

        Returns
        -------
        dict of str
            None, bool, int, float, str and copies of arrays, in lists and dicts at any depth:
            what a file can hold.
        """
        return {name.lstrip("_"): _copied(getattr(self, name)) for name in self._kept}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Let the next fit go on from what ``get_state`` returned.

        Raises
        ------
        ValueError
            If `state` is not one of this class; nothing changes then.
        """
        names = {name.lstrip("_"): name for name in self._kept}
        if set(state) != set(names):
            raise ValueError(
                f"{type(self).__name__}: the state must have {', '.join(names) or 'no entries'}; "
                f"got {', '.join(map(str, state)) or 'none'}"
            )
        for key, value in state.items():
            setattr(self, names[key], _copied(value))
        self._resumed = True

    def _goes_on(self) -> bool:
        """Return whether the fit that begins goes on from a state that was set."""
        resumed, self._resumed = self._resumed, False
        return resumed

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch; ``logs`` are that epoch's."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation.

        What is added to ``logs`` or replaced there is what the callbacks after this one see, and
        what enters the history.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step; ``logs`` hold the epoch's means so far."""
        self.on_batch_end(batch, logs)

    def on_train_diverged(self, batch: int, error: ArithmeticError) -> bool | None:
        """After a training step that would have made the loss or a weight NaN or infinite.

        Nothing has changed.  Unless a callback returns True, ``fit`` raises the error, a
        ``TrainingDiverged``; else it goes on as after a step whose loss was ``error.loss``, and
        ends with the epoch.
        """

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step, by Keras's older name."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step, by Keras's older name."""

    def on_tick(self, batch: int, logs: Logs | None = None) -> None:
        """About ten times a second within an epoch, after a training step."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation, validation included."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_test_tick(self, batch: int, logs: Logs | None = None) -> None:
        """About ten times a second within an evaluation, after a batch."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction; ``logs["outputs"]`` is what ``predict`` would return."""

    def on_predict_tick(self, batch: int, logs: Logs | None = None) -> None:
        """About ten times a second within a prediction, after a batch."""


def _copied(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_copied(each) for each in value]
    return copy.deepcopy(value)


# Keras's older name of the training-batch hooks is honoured too.
ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}
HOOKS = tuple(
    name for name in vars(Callback) if name.startswith("on_") and name not in ALIASES.values()
)
