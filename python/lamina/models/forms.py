"""The structures in which a model takes arrays and returns them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina._tensors.arguments import flat, mapped

NESTS = (list, tuple, dict)


class Leaf:
    """Stands for one array in a form."""


def form_of(value: Any, is_leaf: Callable[[Any], bool]) -> Any:
    """Return a structure with ``Leaf`` in place of its arrays, or of what stands for them."""
    return mapped(value, lambda v: Leaf if is_leaf(v) else None)


def names_of(form: Any) -> list[str] | None:
    """Return the names of the leaves of a dict, such as "a", "b_1", "b_2"; None of other forms.

    Those within a key's list are numbered, those within its dict have its keys.
    """
    if not isinstance(form, Mapping):
        return None
    names: list[str] = []
    for key, value in form.items():
        if isinstance(value, NESTS):
            inner = names_of(value) or [str(i + 1) for i in range(len(flat(value)))]
            names += [f"{key}_{name}" for name in inner]
        else:
            names.append(str(key))
    return names


def by_key(value: Any) -> Any:
    """Return a structure whose dicts are sorted by their keys."""
    if isinstance(value, Mapping):
        return {key: by_key(value[key]) for key in sorted(value, key=str)}
    return [by_key(each) for each in value] if isinstance(value, (list, tuple)) else value


def by_name(form: Any, value: Any) -> Any:
    """Return what a structure of the form holds for each leaf, by name, or as a list.

    What has another structure is returned as it is, and what is given for leaves of no depth.
    """
    if not _nested(form) or not _fits(form, value):
        return value
    leaves = _leaves(form, value)
    names = names_of(form)
    return leaves if names is None else dict(zip(names, leaves, strict=True))


def _nested(form: Any) -> bool:
    values = form.values() if isinstance(form, Mapping) else form
    return isinstance(form, NESTS) and any(isinstance(v, NESTS) for v in values)


def _fits(form: Any, value: Any) -> bool:
    if isinstance(form, Mapping):
        same = isinstance(value, Mapping) and set(value) == set(form)
        return same and all(_fits(form[key], value[key]) for key in form)
    if isinstance(form, (list, tuple)):
        same = isinstance(value, (list, tuple)) and len(value) == len(form)
        return same and all(_fits(f, v) for f, v in zip(form, value, strict=True))
    return True


def _leaves(form: Any, value: Any) -> list[Any]:
    if isinstance(form, Mapping):
        return [leaf for key in form for leaf in _leaves(form[key], value[key])]
    if isinstance(form, (list, tuple)):
        return [leaf for f, v in zip(form, value, strict=True) for leaf in _leaves(f, v)]
    return [value]
