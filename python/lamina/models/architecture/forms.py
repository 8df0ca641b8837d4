"""The structures in which a model takes and returns arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina._arrays import is_array
from lamina._names import unknown
from lamina._tensors.arguments import flat, mapped

NESTS = (list, tuple, dict)


class Leaf:
    """Stands for one array in a form."""


def form_of(value: Any, is_leaf: Callable[[Any], bool]) -> Any:
    """Return a structure with ``Leaf`` in place of its arrays, or of their placeholders."""
    return mapped(value, lambda v: Leaf if is_leaf(v) else None)


def names_of(form: Any) -> list[str] | None:
    """Return the names of the leaves of a dict, such as "a", "b_1", "b_2"; None for other forms.

    Leaves within a list are numbered; those within a dict have its keys.
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


def within_nests(form: Mapping[Any, Any]) -> list[bool]:
    """Return for each leaf of a dict whether it is within a list or dict in it."""
    return [isinstance(value, NESTS) for value in form.values() for _ in flat(value)]


def of_inputs(x: Any) -> tuple[Any, list[Any]]:
    """Return the form of the inputs, None for a single array, and the arrays."""
    if isinstance(x, Mapping):
        leaves = flat(dict(x))
        return mapped(
            dict(x), lambda v: None if isinstance(v, (dict, list, tuple)) else Leaf
        ), leaves
    if isinstance(x, (list, tuple)) and x and all(is_array(each) for each in x):
        return type(x)(Leaf for _ in x), list(x)
    return None, [x]


def input_names(form: Any) -> list[str]:
    """Return the names of the inputs of a form: a dict's keys, or "inputs_0", ..."""
    if form is None:
        return ["inputs"]
    if isinstance(form, Mapping):
        return [str(key) for key, value in form.items() for _ in flat(value)]
    return [f"inputs_{i}" for i in range(len(flat(form)))]


def output_names(form: Any) -> list[str]:
    """Return the names of the outputs of a form: those of a dict, or "output_1", ..."""
    count = len(flat(form))
    numbered = ["output"] if count == 1 else [f"output_{i + 1}" for i in range(count)]
    return names_of(form) or numbered


def by_key(value: Any) -> Any:
    """Return a structure with its dicts sorted by key."""
    if isinstance(value, Mapping):
        return {key: by_key(value[key]) for key in sorted(value, key=str)}
    if type(value) in (list, tuple):
        return type(value)(by_key(each) for each in value)
    return value


def in_order(form: Any, value: Any) -> Any:
    """Return a structure with the keys of its dicts in the order in which a form has them."""
    if isinstance(form, Mapping) and isinstance(value, Mapping):
        return {key: in_order(each, value[key]) for key, each in form.items()}
    if type(form) in (list, tuple) and type(value) is type(form):
        return type(form)(map(in_order, form, value))
    return value


def by_name(form: Any, value: Any, what: str, names: Sequence[str]) -> Any:
    """Return the entries of a structure of the form for each leaf, by name, or as a list.

    Entries given by leaf names, or for a form without nesting, are returned as they are; a nested
    structure of another form is rejected.  Entries missing from dicts are None.
    """
    if not nested(form) or not _is_nested(form, value, names):
        return value
    leaves = _leaves(form, value, what, names)
    return dict(zip(names, leaves, strict=True)) if isinstance(form, Mapping) else leaves


def nested(form: Any) -> bool:
    """Return whether a form has nested structures."""
    values = form.values() if isinstance(form, Mapping) else form
    return isinstance(form, NESTS) and any(isinstance(v, NESTS) for v in values)


def _is_nested(form: Any, value: Any, names: Sequence[str]) -> bool:
    if _fits(form, value):
        return True
    if isinstance(form, Mapping):
        given = isinstance(value, Mapping) and not set(value) <= set(names)
        return given and any(isinstance(form.get(key), NESTS) for key in value)
    listed = isinstance(value, (list, tuple)) and len(value) == len(form) != len(names)
    return listed and any(isinstance(v, NESTS) or is_array(v) for v in value)


def _fits(form: Any, value: Any) -> bool:
    if isinstance(form, Mapping):
        same = isinstance(value, Mapping) and set(value) == set(form)
        return same and all(_fits(form[key], value[key]) for key in form)
    if isinstance(form, (list, tuple)):
        same = isinstance(value, (list, tuple)) and len(value) == len(form)
        return same and all(_fits(f, v) for f, v in zip(form, value, strict=True))
    return True


def _leaves(form: Any, value: Any, what: str, names: Sequence[str]) -> list[Any]:
    if not isinstance(form, NESTS):
        return [value]
    keys = list(form) if isinstance(form, Mapping) else list(range(len(form)))
    groups, start = {}, 0
    for key in keys:
        groups[key] = names[start : start + len(flat(form[key]))]
        start += len(groups[key])
    entries = _entries(form, value, what, groups)
    return [
        leaf
        for key in keys
        for leaf in _leaves(form[key], entries[key], f"{what}[{key!r}]", groups[key])
    ]


def _entries(form: Any, value: Any, what: str, groups: Mapping[Any, Sequence[str]]) -> Any:
    """Return the entries of a structure for each key, or position, of one level of a form."""
    if value is None:
        return dict.fromkeys(groups)
    kind, rule = (Mapping, "a dict") if isinstance(form, Mapping) else ((list, tuple), "a list")
    names = [name for group in groups.values() for name in group]
    if not isinstance(value, kind):
        shape = f" of shape {np.shape(value)}" if isinstance(value, np.ndarray) else ""
        raise TypeError(
            f"{what} must be {rule} of {len(names)} arrays, for {', '.join(names)}, as the outputs "
            f"are; got {type(value).__name__}{shape}"
        )
    if isinstance(value, Mapping):
        for key in value:
            if key not in groups:
                raise ValueError(f"{what}: {unknown('name', str(key), map(str, groups))}")
        return {key: value.get(key) for key in groups}
    if len(value) != len(groups):
        missing = [name for group in list(groups.values())[len(value) :] for name in group]
        lack = f", nothing for {', '.join(missing)}" if missing else ""
        raise ValueError(
            f"{what} must hold {len(groups)} entries, for {', '.join(names)}; "
            f"got {len(value)}{lack}"
        )
    return dict(enumerate(value))


def is_shape(value: Any) -> bool:
    """Return whether a value is a shape, whose sizes may be None."""
    return isinstance(value, (list, tuple)) and all(
        size is None or isinstance(size, (int, np.integer)) for size in value
    )


def shapes_in(value: Any) -> list[Any]:
    """Return the shapes in a structure of them."""
    if is_shape(value):
        return [value]
    values = value.values() if isinstance(value, Mapping) else value
    return [shape for each in values for shape in shapes_in(each)]
