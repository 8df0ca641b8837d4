"""The callbacks of a run: the user's, the history, and the progress display."""

from __future__ import annotations

from typing import Any

from lamina.callbacks.callback import Callback
from lamina.callbacks.callback_list import CallbackList
from lamina.callbacks.history import History
from lamina.callbacks.progress import ClearBar, EpochLines, Progress, level


def of_fit(callbacks: object, verbose: object) -> tuple[CallbackList, History]:
    """Return the user's callbacks, then the history, then the progress display.

    Callbacks that save the state of all others come last.
    """
    hooks = CallbackList(callbacks)
    shower = shower_of("fit", verbose)
    history = History()
    hooks.append(history)
    given = [callback for callback in hooks if isinstance(callback, Progress)]
    if shower is not None and not given:
        hooks.append(shower)
    if isinstance(shower, Progress):
        hooks.prepend(ClearBar(given[0] if given else shower))
    hooks.callbacks.sort(key=lambda callback: bool(getattr(callback, "comes_last", False)))
    return hooks, history


def of_pass(who: str, callbacks: object, verbose: object) -> CallbackList:
    """Return the user's callbacks, then the progress display of an evaluation or a prediction.

    With "auto" no lines remain, as the results are returned.
    """
    hooks = CallbackList(callbacks)
    shower = shower_of(who, verbose)
    if isinstance(verbose, str) and verbose == "auto":
        shower = Progress(lines=False) if isinstance(shower, Progress) else None
    if shower is not None and not any(isinstance(callback, Progress) for callback in hooks):
        hooks.append(shower)
    return hooks


def shower_of(who: str, verbose: object) -> Callback | None:
    """Return the progress display: a bar (1), lines (2) or None (0)."""
    makers: tuple[Any, ...] = (lambda: None, Progress, EpochLines)
    shower: Callback | None = makers[level(who, verbose)]()
    return shower
