"""Arguments of ``compile`` for each output: by name, in a list, or nested like the outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lamina._tensors.arguments import flat
from lamina.models.architecture import forms
from lamina.models.data.inputs import arranged


def _per_output(value: object) -> bool:
    # A mapping with a class name is the configuration of one object.
    return isinstance(value, Mapping) and "class_name" not in value


def losses(value: Any, names: Sequence[str]) -> list[Any]:
    """Return the loss of each output, or the list of its losses; None for none."""
    if not _per_output(value):
        if isinstance(value, (list, tuple)) and len(value) == len(names):
            return [_one(entry) for entry in value]
        return each("loss", value, names)
    if not set(value) <= set(names):
        return each("loss", value, names)
    return [_one(value.get(name)) for name in names]


def unnamed(value: Any, names: Sequence[str], form: Any) -> list[str]:
    """Return the outputs that a dict of losses does not name, though it has to.

    As in Keras it may be compiled so, but not trained.  A model that returns a dict itself has no
    loss for those.
    """
    if not _per_output(value) or isinstance(form, Mapping) or not set(value) <= set(names):
        return []
    return [name for name in names if name not in value]


def order(value: Any, names: Sequence[str], form: Any) -> list[int]:
    """Return the positions of the outputs in the order in which Keras reports their losses.

    This is the order of the dict of losses if the model itself returns a dict.
    """
    if not (_per_output(value) and isinstance(form, Mapping) and set(value) <= set(names)):
        return list(range(len(names)))
    listed = list(value)
    return sorted(
        range(len(names)),
        key=lambda i: listed.index(names[i]) if names[i] in value else len(names),
    )


def _one(entry: Any) -> Any:
    """Return the element of a list of length one, and other values unchanged."""
    return entry[0] if isinstance(entry, (list, tuple)) and len(entry) == 1 else entry


def each(what: str, value: Any, names: Sequence[str]) -> list[Any]:
    """Return the entry of a list or dict, nested like the outputs, for each output."""
    if _per_output(value):
        return arranged("compile", what, _by_name(value), names, "output")
    if isinstance(value, (list, tuple)):
        value = flat(value)
        if len(value) != len(names):
            raise ValueError(
                f"compile: {what} must have one entry for each output, {', '.join(names)}; "
                f"got {len(value)}"
            )
        return list(value)
    return [value] * len(names)


def _by_name(value: Mapping[str, Any]) -> Mapping[str, Any]:
    # A dict may be nested like the outputs.
    names = forms.names_of(value) or []
    return dict(zip(names, flat(dict(value)), strict=True))


def lists(what: str, value: Any, names: Sequence[str], form: Any) -> list[list[Any]]:
    """Return the lists of metrics of all outputs, given by name or nested like the outputs."""
    if _is_nested(value, names, form):
        return _spread(what, value, names, form)
    if len(names) == 1:
        if _per_output(value) and set(value) == set(names):
            value = value[names[0]]
        entries = _listed(what, value)  # of which one may be the list of the output
        return [[metric for entry in entries for metric in _entry(entry)]]
    if value is None:
        return [[] for _ in names]
    if _per_output(value):
        entries = arranged("compile", what, value, names, "output")
        return [_listed(what, entry) for entry in entries]
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            raise ValueError(
                f"compile: {what} of a model with several outputs must be a dict, or a list with "
                f"one entry for each of {', '.join(names)}; got {len(value)}"
            )
        return [_listed(what, entry) for entry in value]
    if not isinstance(value, str):
        raise TypeError(
            f"compile: {what} of a model with several outputs must be a dict by output or a list "
            f"of lists; got {value!r}"
        )
    return [[value] for _ in names]


def _is_nested(value: Any, names: Sequence[str], form: Any) -> bool:
    if not forms.nested(form):
        return False
    if isinstance(form, Mapping):
        return _per_output(value) and any(k in form and k not in names for k in value)
    return isinstance(value, (list, tuple)) and len(value) == len(form) != len(names)


def _spread(what: str, value: Any, names: Sequence[str], form: Any) -> list[list[Any]]:
    """Return the lists of metrics for all leaves of a form with these names."""
    if not isinstance(form, forms.NESTS):
        return [_listed(what, value)]
    keys: list[Any] = list(form) if isinstance(form, Mapping) else list(range(len(form)))
    if value is None or isinstance(value, str):
        entries: Any = dict.fromkeys(keys, value)
    elif isinstance(form, Mapping) and _per_output(value):
        entries = dict(zip(keys, arranged("compile", what, value, keys, "output"), strict=True))
    elif isinstance(value, (list, tuple)) and len(value) == len(keys):
        entries = dict(zip(keys, value, strict=True))
    else:
        got = len(value) if isinstance(value, (list, tuple)) else repr(value)
        raise ValueError(
            f"compile: {what} must have one entry for each of {', '.join(names)}; got {got}"
        )
    found: list[list[Any]] = []
    for key in keys:
        count = len(flat(form[key]))
        own = names[len(found) : len(found) + count]
        found += _spread(f"{what}[{key!r}]", entries[key], own, form[key])
    return found


def _entry(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def _listed(name: str, value: object) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, dict):
        raise TypeError(f"compile: {name} must be a list; got {value!r}")
    return [value]
