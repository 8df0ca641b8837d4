"""The arguments of ``add_weight``, which can be in two orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BY_SHAPE = ("shape", "initializer", "dtype", "name")
BY_NAME = ("name", "shape", "initializer", "trainable", "regularizer", "constraint", "dtype")


def by_name(who: str, given: Sequence[Any], named: dict[str, Any]) -> dict[str, Any]:
    """Return all arguments by name; positional ones start with a shape or with a name.

    ``named`` has None for arguments not given by name, and is returned with those filled in.
    """
    known = BY_NAME if given and isinstance(given[0], str) else BY_SHAPE
    order = [name for name in known if name in named]
    if len(given) > len(order):
        raise TypeError(f"{who}: takes {', '.join(order)} by position; got {len(given)} arguments")
    for name, value in zip(order, given, strict=False):
        if named[name] is not None:
            raise TypeError(f"{who}: {name} must be given once; got it by position and by name")
        named[name] = value
    return named
