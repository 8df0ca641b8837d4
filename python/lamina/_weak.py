"""Functions that the engine calls without keeping alive what they belong to."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any


def method_of(owner: Any, name: str) -> Callable[..., Any]:
    """Return a function that calls ``owner.name``, and holds the owner weakly.

    Python's collector does not see what the engine holds.  A function of the user's may hold the
    model, which holds the engine: held strongly there, none of them would ever be freed.
    """
    who, reference = owner.name, weakref.ref(owner)

    def call(*arguments: Any) -> Any:
        alive = reference()
        if alive is None:
            raise RuntimeError(f"{who}: the object whose {name} is called does not exist any more")
        return getattr(alive, name)(*arguments)

    return call
