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
TICK = 0.1  # seconds between calls of on_tick and similar hooks


class Callback(PublicKeywords):
    """Override the hooks you need; hooks that are not overridden cost nothing.

    Fit rejects a method named ``on_...`` that is not a hook, as nothing would call it.
    Set ``self.model.stop_training = True`` to end a fit after the current batch.

    A callback with state that lasts from epoch to epoch returns it in ``get_state`` and restores it
    in ``set_state``: a training that is saved and continued elsewhere then takes the same steps as
    one that was never stopped.  ``set_state`` is called before the continuing fit, whose
    ``on_train_begin`` must keep the restored state; otherwise that hook resets the state of the
    last fit.

    Attributes
    ----------
    model : Model
        The model being trained, evaluated or used.
    params : dict
        ``epochs``, ``steps`` (batches per epoch), ``verbose``; in a fit also ``batch_size``,
        ``metrics``, the keys of the logs of an epoch, ``directions``, which maps them to "up" if
        larger values are better, "down" if smaller ones are, or None if unknown, and ``open_logs``,
        whether a user's callback or a step of the model's class may add keys to the logs.
    first_process_only : bool
        Class attribute: whether only the first of several processes that train together
        (``lamina.distribute``) calls the callback, which is right for callbacks that write files;
        False by default.

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

    # The attributes returned by get_state, up to leading underscores.
    _kept: ClassVar[tuple[str, ...]] = ()
    _puts_back: ClassVar[bool] = False  # whether an interruption undoes its on_epoch_end
    _resumed = False
    # Hooks that do nothing with the current settings: calling them would add to every batch.
    _idle: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.model: Model | Any = None
        self.params: dict[str, Any] = {}

    def __repr__(self) -> str:
        """Return the constructor's arguments that differ from their defaults."""
        return f"{type(self).__name__}({', '.join(changed_arguments(self))})"

    def set_model(self, model: Model) -> None:
        """Receive the model."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the run's settings."""
        self.params = params

    def get_state(self) -> dict[str, Any]:
        """Return the state kept from epoch to epoch, to be passed to ``set_state`` of another one.

        Returns
        -------
        dict of str
            Values are None, bool, int, float, str and copies of arrays, in lists and dicts at any
            depth, which can be written to a file.
        """
        return {name: _copied(value) for name, value in _held(self).items()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Let the next fit continue from the result of ``get_state``.

        Raises
        ------
        ValueError
            If `state` is not a state of this class; nothing is changed then.
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
        """Return whether the fit that begins continues from a restored state."""
        resumed, self._resumed = self._resumed, False
        return resumed

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, with the logs of that epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation.

        Entries added to ``logs`` or replaced there are seen by the callbacks after this one and
        enter the history.  If the fit is interrupted within this hook, a fit that continues it
        calls it again, from the state before, and then those of the callbacks after this one.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step; ``logs`` hold the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_train_diverged(self, batch: int, error: ArithmeticError) -> bool | None:
        """After a training step that would have made the loss or a weight NaN or infinite.

        Nothing has changed.  Unless a callback returns True, ``fit`` raises the error, a
        ``TrainingDiverged``; otherwise it continues as after a step whose loss was ``error.loss``,
        and ends after the epoch.
        """

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step; the old Keras name."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step; the old Keras name."""

    def on_tick(self, batch: int, logs: Logs | None = None) -> None:
        """About ten times per second within an epoch, after a training step."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation, including validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_test_tick(self, batch: int, logs: Logs | None = None) -> None:
        """About ten times per second within an evaluation, after a batch."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction; ``logs["outputs"]`` are the batch's predictions."""

    def on_predict_tick(self, batch: int, logs: Logs | None = None) -> None:
        """About ten times per second within a prediction, after a batch."""


def state_before(callback: Any) -> dict[str, Any]:
    """Return the state that a callback has before its next hook.

    Values named in ``_kept`` are not copied: hooks replace them rather than change them.
    """
    if getattr(type(callback), "get_state", None) is Callback.get_state:
        return _held(callback)
    return callback.get_state() if hasattr(callback, "get_state") else {}


def _held(callback: Callback) -> dict[str, Any]:
    return {name.lstrip("_"): getattr(callback, name) for name in callback._kept}


def _copied(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_copied(each) for each in value]
    return copy.deepcopy(value)


# Keras's old names of the hooks for training batches are also supported.
ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}
HOOKS = tuple(
    name for name in vars(Callback) if name.startswith("on_") and name not in ALIASES.values()
)
