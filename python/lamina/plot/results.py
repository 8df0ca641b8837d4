"""What figures of results take: a result, or a model to find it for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


def found(
    who: str, given: Any, kinds: type | tuple[type, ...], find: Callable[..., Any],
    arguments: Sequence[Any], options: dict[str, Any],
) -> Any:  # fmt: skip
    """Return a result that is given as it is, or the one that ``find`` finds for a model."""
    if isinstance(given, kinds):
        if any(argument is not None for argument in arguments) or options:
            raise TypeError(f"{who}: takes data and options with a model; got a result with them")
        return given
    return find(given, *[a for a in arguments if a is not None], **options)


def chosen(who: str, what: str, wanted: Any, names: Sequence[str]) -> list[str]:
    """Return which of some names are wanted: all if None, by name or by number."""
    if wanted is None:
        return list(names)
    single = isinstance(wanted, (str, int)) or not isinstance(wanted, Iterable)
    listed = [wanted] if single else list(wanted)
    made: list[str] = []
    if not listed:
        raise ValueError(f"{who}: {what} must name one at least; got {wanted!r}")
    for each in listed:
        if isinstance(each, int) and not isinstance(each, bool) and 0 <= each < len(names):
            made.append(names[each])
        elif isinstance(each, str) and each in names:
            made.append(str(each))
        else:
            raise ValueError(f"{who}: {what} must be among {', '.join(names)}; got {each!r}")
    return made
