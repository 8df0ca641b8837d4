"""The first argument of figures of results: a result, or a model for which to compute it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


def found(
    who: str, given: Any, kinds: type | tuple[type, ...], find: Callable[..., Any],
    arguments: Sequence[Any], options: dict[str, Any],
) -> Any:  # fmt: skip
    """Return a given result unchanged, or the one that ``find`` computes for a model."""
    if isinstance(given, kinds):
        if any(argument is not None for argument in arguments) or options:
            raise TypeError(f"{who}: takes data and options with a model; got a result with them")
        return given
    return find(given, *[a for a in arguments if a is not None], **options)


def chosen(who: str, what: str, wanted: Any, names: Sequence[str]) -> list[str]:
    """Return the requested ones of some names, by name or number; all if None."""
    if wanted is None:
        return list(names)
    single = isinstance(wanted, (str, int)) or not isinstance(wanted, Iterable)
    listed = [wanted] if single else list(wanted)
    made: list[str] = []
    if not listed:
        raise ValueError(f"{who}: {what} must name at least one; got {wanted!r}")
    for each in listed:
        if isinstance(each, int) and not isinstance(each, bool) and 0 <= each < len(names):
            made.append(names[each])
        elif isinstance(each, str) and each in names:
            made.append(str(each))
        else:
            raise ValueError(f"{who}: {what} must be among {', '.join(names)}; got {each!r}")
    return made
