"""Functions that the engine calls without keeping their owners alive."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any


def method_of(owner: Any, name: str) -> Callable[..., Any]:
    """Return a function that calls ``owner.name`` and holds the owner weakly.

    Python's garbage collector does not see references held by the engine.  A user's function may
    hold the model, which holds the engine: with a strong reference there none of them would ever be
    freed.
    """
    who, reference = owner.name, weakref.ref(owner)

    def call(*arguments: Any) -> Any:
        alive = reference()
        if alive is None:
            raise RuntimeError(f"{who}: the object whose {name} is called no longer exists")
        return getattr(alive, name)(*arguments)

    return call
