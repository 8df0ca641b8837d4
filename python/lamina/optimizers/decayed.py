"""Which weights the names given to ``exclude_from_weight_decay`` mean."""

from __future__ import annotations

import re


def pattern(who: str, name: object) -> re.Pattern[str]:
    """Return a name given as a compiled regular expression."""
    if not isinstance(name, str):
        raise TypeError(f"{who}: var_names must hold strings; got {name!r}")
    if not all(part.strip() for part in name.split("|")):  # which would be found in every name
        raise ValueError(f"{who}: var_names must hold no empty name; got {name!r}")
    try:
        return re.compile(name)
    except re.error as error:
        raise ValueError(
            f"{who}: var_names must be regular expressions; got {name!r} ({error})"
        ) from None


def means(given: re.Pattern[str], full: str) -> bool:
    """Return whether a pattern of ``exclude_from_weight_decay`` means the weight ``full``."""
    layer, _, own = full.rpartition("/")
    parts = layer.split("/") if layer else []
    if "/" in given.pattern:
        starts = ["/".join([*parts[i:], own]) for i in range(len(parts) + 1)]
        return any(given.fullmatch(start) for start in starts)
    return bool(given.search(own)) or any(given.fullmatch(part) for part in parts)
