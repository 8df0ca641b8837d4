"""The lock under which layers are built, named, recorded and given their first weights.

One for all models: they share layers, and a layer within several must be built once.  Nothing
that runs for every batch takes it.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager
from typing import Any

_lock = threading.RLock()


def structure() -> AbstractContextManager[Any]:
    """Return the lock, for a ``with`` statement; the thread that holds it may take it again."""
    return _lock


def _renew() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # the thread that held it is not in the child
    os.register_at_fork(after_in_child=_renew)
