"""Several callbacks called as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lamina._answers import is_own
from lamina._names import unknown
from lamina._public import PublicKeywords
from lamina.callbacks.callback import ALIASES, HOOKS, Callback

if TYPE_CHECKING:
    from lamina.models.network import Network

Hook = Callable[..., Any]
KNOWN = (*HOOKS, *ALIASES.values())


class CallbackList(PublicKeywords):
    """The overridden hooks of several callbacks, by hook.

    Parameters
    ----------
    callbacks : Callback, or iterable of Callback, optional
        Any object with hooks will do; it need not derive from ``Callback``.

    Examples
    --------
    >>> from lamina.callbacks import CallbackList, LambdaCallback
    >>> hooks = CallbackList([LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))])
    >>> hooks.call("on_epoch_end", 0, {"loss": 1.0})
    0 {'loss': 1.0}
    >>> hooks["on_train_batch_end"]
    []
    """

    def __init__(self, callbacks: object = None) -> None:
        if callbacks is None:
            self.callbacks: list[Any] = []
        elif isinstance(callbacks, Iterable) and not isinstance(callbacks, (str, bytes)):
            self.callbacks = list(callbacks)
        else:
            self.callbacks = [callbacks]
        for callback in self.callbacks:
            if isinstance(callback, type) or not any(hasattr(callback, hook) for hook in KNOWN):
                raise TypeError(f"callbacks: needs Callback instances; got {callback!r}")
            _check_hooks(callback)
        self._hooks: dict[str, list[Hook]] = {}
        self.refresh()

    def __repr__(self) -> str:
        """Return the callbacks."""
        return f"CallbackList({self.callbacks!r})"

    def refresh(self) -> None:
        """Collect the hooks anew."""
        self._hooks = {name: _overridden(self.callbacks, name) for name in HOOKS}

    def append(self, callback: Callback) -> None:
        """Add a callback after the others."""
        self.callbacks.append(callback)
        self.refresh()

    def prepend(self, callback: Callback) -> None:
        """Add a callback before the others."""
        self.callbacks.insert(0, callback)
        self.refresh()

    def start(self, model: Network, params: dict[str, Any]) -> None:
        """Tell every callback its model and the run's settings."""
        for callback in self.callbacks:
            if hasattr(callback, "set_params"):
                callback.set_params(params)
            if hasattr(callback, "set_model"):
                callback.set_model(model)
        self.refresh()

    def __getitem__(self, name: str) -> list[Hook]:
        """Return the overridden hooks of that name, in order."""
        return self._hooks[name]

    def call(self, name: str, *args: Any) -> None:
        """Call all hooks of that name."""
        for hook in self._hooks[name]:
            hook(*args)


def _check_hooks(callback: Any) -> None:
    """Raise ValueError for a method of a Callback that is called like a hook, and is none."""
    for cls in type(callback).__mro__:
        if is_own(cls) or not issubclass(cls, Callback):
            continue
        for name, value in vars(cls).items():
            if name.startswith("on_") and callable(value) and name not in KNOWN:
                raise ValueError(f"{type(callback).__name__}: {unknown('hook', name, KNOWN)}")


def _overridden(callbacks: list[Any], name: str) -> list[Hook]:
    found: list[Hook] = []
    for callback in callbacks:
        for spelling in (name, ALIASES.get(name)):
            hook = getattr(callback, spelling, None) if spelling else None
            if hook is None:
                continue
            base = getattr(Callback, spelling, None) if spelling else None
            if getattr(hook, "__func__", hook) is not base:
                found.append(hook)
    return found
