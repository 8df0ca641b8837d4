"""A callback from functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._names import unknown
from lamina.callbacks.callback import ALIASES, HOOKS, Callback

if TYPE_CHECKING:
    from lamina._typing import Hooks, Unpack


KNOWN = (*HOOKS, *ALIASES.values())


class LambdaCallback(Callback):
    """Call given functions at the hooks of the same names.

    Parameters
    ----------
    **hooks : callable
        ``on_epoch_end=f`` calls ``f(epoch, logs)``; every hook of ``Callback`` may be given.

    Raises
    ------
    ValueError
        If a hook does not exist; the nearest one is suggested.

    Examples
    --------
    >>> from lamina.callbacks import LambdaCallback
    >>> LambdaCallback(on_train_end=lambda logs: print("done")).on_train_end(None)
    done
    """

    def __init__(self, **hooks: Unpack[Hooks]) -> None:
        super().__init__()
        for name, hook in hooks.items():
            if name not in KNOWN:
                raise ValueError(f"LambdaCallback: {unknown('hook', name, KNOWN)}")
            if hook is None:
                continue
            if not callable(hook):
                raise TypeError(f"LambdaCallback: {name} must be callable; got {hook!r}")
            setattr(self, name, hook)

    def __repr__(self) -> str:
        """Return the hooks for which functions were given."""
        given = ", ".join(f"{name}={vars(self)[name]!r}" for name in KNOWN if name in vars(self))
        return f"LambdaCallback({given})"
