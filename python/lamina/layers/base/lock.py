"""The lock held while layers are built, named, recorded and given their initial weights.

There is one for all models: they share layers, and a layer within several must be built only once.
Nothing that runs for every batch acquires it.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager
from typing import Any

_lock = threading.RLock()


def structure() -> AbstractContextManager[Any]:
    """Return the lock, for a ``with`` statement; it is reentrant."""
    return _lock


def _renew() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # the thread that held it does not exist in the child
    os.register_at_fork(after_in_child=_renew)
