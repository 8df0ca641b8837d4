"""Several callbacks called as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lamina._answers import is_own
from lamina._names import unknown
from lamina.callbacks.callback import ALIASES, HOOKS, Callback, Logs
from lamina.callbacks.history import History
from lamina.callbacks.progress import Progress

if TYPE_CHECKING:
    from lamina.models.model import Model

Hook = Callable[..., Any]
KNOWN = (*HOOKS, *ALIASES.values())


class CallbackList(Callback):
    """The overridden hooks of several callbacks, by name.

    Its own hooks call those of all callbacks, for hand-written training loops.

    Parameters
    ----------
    callbacks : Callback, or iterable of Callback, optional
        Any object with hooks, not necessarily derived from ``Callback``.  Lists may be nested.
    add_history : bool, default False
        Add a ``History`` if there is none.
    add_progbar : bool, default False
        Add a ``ProgbarLogger`` if there is none.
    model : Model, optional
        The model passed to every callback.
    **params : object
        The ``params`` passed to every callback.

    Examples
    --------
    >>> from lamina.callbacks import CallbackList, LambdaCallback
    >>> hooks = CallbackList([LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))])
    >>> hooks.on_epoch_end(0, {"loss": 1.0})
    0 {'loss': 1.0}
    >>> hooks["on_train_batch_end"]
    []
    """

    def __init__(
        self,
        callbacks: object = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = list(_flat(callbacks))
        for callback in self.callbacks:
            if isinstance(callback, type) or not any(hasattr(callback, hook) for hook in KNOWN):
                raise TypeError(f"callbacks: needs Callback instances; got {callback!r}")
            _check_hooks(callback)
        if add_history and not self._has(History):
            self.callbacks.append(History())
        if add_progbar and not self._has(Progress):
            self.callbacks.append(Progress())
        self._hooks: dict[str, list[Hook]] = {}
        self._owned: dict[str, list[tuple[Any, Hook]]] = {}
        self.refresh()
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def _has(self, kind: type) -> bool:
        return any(isinstance(callback, kind) for callback in self.callbacks)

    def __repr__(self) -> str:
        """Return the callbacks."""
        return f"CallbackList({self.callbacks!r})"

    def __iter__(self) -> Iterator[Any]:
        """Return an iterator over the callbacks."""
        return iter(self.callbacks)

    def refresh(self) -> None:
        """Collect the hooks again."""
        self._owned = {name: _overridden(self.callbacks, name) for name in HOOKS}
        self._hooks = {name: [hook for _, hook in owned] for name, owned in self._owned.items()}

    def append(self, callback: Callback) -> None:
        """Add a callback after the others."""
        self.callbacks.append(callback)
        self.refresh()

    def prepend(self, callback: Callback) -> None:
        """Add a callback before the others."""
        self.callbacks.insert(0, callback)
        self.refresh()

    def set_model(self, model: Model | Any) -> None:
        """Pass the model to every callback."""
        super().set_model(model)
        for callback in self.callbacks:
            if hasattr(callback, "set_model"):
                callback.set_model(model)
        self.refresh()

    def set_params(self, params: dict[str, Any]) -> None:
        """Pass the run's settings to every callback."""
        super().set_params(params)
        for callback in self.callbacks:
            if hasattr(callback, "set_params"):
                callback.set_params(params)
        self.refresh()

    def start(self, model: Any, params: dict[str, Any]) -> None:
        """Pass the model and the run's settings to every callback."""
        self.set_model(model)
        self.set_params(params)

    def know_steps(self, steps: int) -> None:
        """Pass on the number of batches in an epoch, if it is known only after the first epoch."""
        self.params["steps"] = steps

    def restore_fit(self, model: Any) -> bool:
        """Let callbacks that keep backups restore the model; return whether one did."""
        keepers = [each for each in self.callbacks if hasattr(each, "restore_fit")]
        return any(each.restore_fit(model) for each in keepers)

    @contextmanager
    def putting_back(self) -> Iterator[None]:
        """At the end of a ``with`` block, restore the weights with which the model is trained."""
        try:
            yield
        finally:
            self._each("put_back")

    @contextmanager
    def closing(self) -> Iterator[None]:
        """At the end of a ``with`` block, close callbacks of the library that hold resources."""
        try:
            yield
        finally:
            self._each("close")

    def _each(self, name: str) -> None:
        # In Keras a user's method of that name is never called.
        for callback in self.callbacks:
            method = getattr(callback, name, None)
            if method is not None and is_own(getattr(method, "__func__", callback)):
                method()

    def __getitem__(self, name: str) -> list[Hook]:
        """Return the overridden hooks of a name, in order."""
        return self._hooks[name]

    def owned(self, name: str) -> list[tuple[Any, Hook]]:
        """Return the overridden hooks of a name, each with its callback, in order."""
        return self._owned[name]

    def call(self, name: str, *args: Any) -> None:
        """Call all hooks of a name."""
        for hook in self._hooks[name]:
            hook(*args)


def _calling(name: str) -> Hook:
    """Return the method that calls all hooks of a name, as ``Callback`` declares it."""
    if name == "on_train_diverged":

        def of_error(self: CallbackList, batch: int, error: ArithmeticError) -> bool:
            return True in [hook(batch, error) for hook in self[name]]

        method: Hook = of_error
    elif "batch" in name or "epoch" in name or name.endswith("_tick"):

        def of_one(self: CallbackList, index: int, logs: Logs | None = None) -> None:
            self.call(name, index, {} if logs is None else logs)

        method = of_one
    else:

        def of_all(self: CallbackList, logs: Logs | None = None) -> None:
            self.call(name, {} if logs is None else logs)

        method = of_all
    method.__name__, method.__doc__ = name, getattr(Callback, name).__doc__
    method.__qualname__ = f"CallbackList.{name}"
    return method


for _name in HOOKS:
    setattr(CallbackList, _name, _calling(_name))
for _name, _alias in ALIASES.items():
    setattr(CallbackList, _alias, getattr(CallbackList, _name))


def _flat(callbacks: object) -> Iterator[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, Iterable) and not isinstance(callbacks, (str, bytes)):
        for callback in callbacks:
            yield from _flat(callback)
    else:
        yield callbacks


def _check_hooks(callback: Any) -> None:
    """Raise ValueError if a Callback has a method that is named like a hook but is not one."""
    for cls in type(callback).__mro__:
        if is_own(cls) or not issubclass(cls, Callback):
            continue
        for name, value in vars(cls).items():
            if name.startswith("on_") and callable(value) and name not in KNOWN:
                raise ValueError(f"{type(callback).__name__}: {unknown('hook', name, KNOWN)}")


def _overridden(callbacks: list[Any], name: str) -> list[tuple[Any, Hook]]:
    found: list[tuple[Any, Hook]] = []
    for callback in callbacks:
        # As in Keras, the old name is called by `Callback`'s own method of the new name.
        for spelling in (name, ALIASES.get(name)):
            hook = getattr(callback, spelling, None) if spelling else None
            if hook is None or name in getattr(callback, "_idle", ()):
                continue
            base = getattr(Callback, spelling, None) if spelling else None
            if getattr(hook, "__func__", hook) is not base:
                found.append((callback, hook))
                break
    return found
