"""The weights of a model by the groups and numbers in files of Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamina import _screen
from lamina._check import Array
from lamina.saving.keras_places import Group, Orders, groups_of

Arrays = Mapping[str, Sequence[Array]]


def put_back(model: Any, arrays: Arrays, orders: Orders) -> None:
    """Set the weights of a model that was made from a file, bit for bit."""
    model.ensure_built(model.input_row_shapes)
    put(model, _checked(model, arrays, orders, None))


def put(model: Any, pairs: Sequence[tuple[Any, Array]]) -> None:
    """Set all weights of a model that was made from a file, without drawing initial ones."""
    for parameter, array in pairs:
        parameter.array[...] = array
    for layer in model._holders():
        for first in layer._first_values():
            first.drawn = True


def take(model: Any, arrays: Arrays, skip_mismatch: bool) -> None:
    """Load the weights of a file into a model; on an error nothing changes."""
    model.ensure_built(model.input_row_shapes)
    skipped: list[str] = []
    pairs = _checked(model, arrays, {}, skipped if skip_mismatch else None)
    for parameter, array in pairs:
        parameter.array[...] = array
    if skipped:
        _screen.warn(f"load_weights: some weights were not loaded: {'; '.join(skipped)}")


def _checked(
    model: Any, arrays: Arrays, orders: Orders, skipped: list[str] | None
) -> list[tuple[Any, Array]]:
    """Return each weight with its array; mismatches are errors, or noted in ``skipped``."""
    pairs: list[tuple[Any, Array]] = []
    known = {_plain(path): held for path, held in arrays.items()}
    for group in groups_of(model, orders):
        held = known.get(_plain(group.path), ())
        problem = _missing(group, held, known) or misfit(
            group.name, repr(group.path), group.parameters, held
        )
        if problem is None:
            pairs += zip(group.parameters, held, strict=True)
        elif skipped is None:
            raise ValueError(problem)
        else:
            skipped.append(problem)
    left = {id(p) for p in model.parameters} - {id(p) for p, _ in pairs}
    if left and skipped is None:
        raise ValueError(f"{model.name}: the file lacks {len(left)} of its weights")
    return pairs


def _plain(path: str) -> str:
    """Return a path without the parts that vary between versions of Keras: private attributes."""
    return "/".join(part.lstrip("_") for part in path.split("/"))


def _missing(group: Group, held: Sequence[Array], known: Arrays) -> str | None:
    if held or not group.parameters:
        return None
    there = ", ".join(path for path, arrays in known.items() if arrays)
    return f"{group.name}: the file has no weights at {group.path!r}; it has some at {there:.200}"


def misfit(name: str, where: str, own: Sequence[Any], held: Sequence[Array]) -> str | None:
    """Return why weights cannot take the arrays of one group, or None."""
    shapes = [tuple(p.array.shape) for p in own]
    theirs = [tuple(array.shape) for array in held]
    if shapes != theirs:
        return f"{name}: has weights of shapes {shapes}; {where} in the file has {theirs}"
    kinds = [p.array.dtype.kind for p in own]
    got = [array.dtype.kind for array in held]
    # Keras counts in integers what a layer counts in its own dtype here.
    if any(a not in (b, "f") or b == "b" != a for a, b in zip(kinds, got, strict=True)):
        return f"{name}: has weights of kinds {kinds}; {where} in the file has {got}"
    return None
