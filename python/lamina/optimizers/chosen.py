"""Weights selected by object, layer or name, as for ``exclude_from_weight_decay``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np


class Chosen:
    """A selection of weights.

    Parameters
    ----------
    who : str
    var_list : iterable of weights and layers, optional
    var_names : iterable of str, optional
        Regular expressions: see `means`.

    Raises
    ------
    TypeError, ValueError
        If the names are not a list, or one is not a string or not a regular expression.
    """

    def __init__(
        self, who: str, var_list: Iterable[Any] | None = None, var_names: Any = None
    ) -> None:
        if isinstance(var_names, str):  # whose letters would be treated as names
            raise TypeError(f"{who}: var_names must be a list of names; got {var_names!r}")
        self._patterns = [pattern(who, name) for name in var_names or []]
        if isinstance(var_list, np.ndarray) or hasattr(var_list, "array"):
            var_list = [var_list]
        self._things = list(var_list or [])

    def __contains__(self, weight: Any) -> bool:
        """Return whether a weight is selected."""
        if any(weight is thing or _holds(thing, weight) for thing in self._things):
            return True
        return any(means(p, getattr(weight, "name", "")) for p in self._patterns)


def _holds(layer: Any, weight: Any) -> bool:
    held = getattr(layer, "parameters", ())
    return isinstance(held, list) and any(weight is each for each in held)


def pattern(who: str, name: object) -> re.Pattern[str]:
    """Return a given name as a compiled regular expression."""
    if not isinstance(name, str):
        raise TypeError(f"{who}: var_names must hold strings; got {name!r}")
    if not all(part.strip() for part in name.split("|")):  # which would match every name
        raise ValueError(f"{who}: var_names must hold no empty name; got {name!r}")
    return re.compile(expression(who, "var_names", name))


def expression(who: str, argument: str, text: object) -> str:
    """Return a regular expression, checked."""
    if not isinstance(text, str):
        raise TypeError(f"{who}: {argument} must hold strings; got {text!r}")
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(
            f"{who}: {argument} must be regular expressions; got {text!r} ({error})"
        ) from None
    return text


def means(given: re.Pattern[str], full: str) -> bool:
    """Return whether a pattern matches the weight with path ``full``, such as "dense/kernel"."""
    layer, _, own = full.rpartition("/")
    parts = layer.split("/") if layer else []
    if "/" in given.pattern:
        starts = ["/".join([*parts[i:], own]) for i in range(len(parts) + 1)]
        return any(given.fullmatch(start) for start in starts)
    return bool(given.search(own)) or any(given.fullmatch(part) for part in parts)
