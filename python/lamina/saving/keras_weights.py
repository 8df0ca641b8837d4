"""Which weights of a model Keras's files mean by their groups and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lamina import _screen
from lamina._check import Array
from lamina._names import snake_case

Arrays = Mapping[str, Sequence[Array]]
Orders = Mapping[int, Sequence[Any]]  # a model's id -> its layers as the file counts them

# The parts of a layer that hold weights, in the order in which Keras lists them.
_PARTS = (
    "forward_layer", "backward_layer", "layer", "cell", "cells", "query_dense", "key_dense",
    "value_dense", "output_dense",
)  # fmt: skip
# What parts hold that is no weight: how far random numbers are.
_BESIDE = ("seed_generator", "random_seed_generator")


def put_back(model: Any, arrays: Arrays, orders: Orders) -> None:
    """Give a model that was made of a file the weights of that file, to the bit."""
    model.ensure_built(model.input_row_shapes)
    for parameter, array in _checked(model, arrays, orders):
        parameter.array[...] = array
    for layer in model._holders():
        for first in layer._first_values():
            first.drawn = True


def take(model: Any, arrays: Arrays, skip_mismatch: bool) -> None:
    """Give a model the weights of a file; a refused call changes nothing."""
    model.ensure_built(model.input_row_shapes)
    skipped: list[str] = []
    for parameter, array in _checked(model, arrays, {}, skipped if skip_mismatch else None):
        parameter.array[...] = array
    if skipped:
        _screen.warn(f"load_weights: some are left as they were: {'; '.join(skipped)}")


def _checked(
    model: Any, arrays: Arrays, orders: Orders, skipped: list[str] | None = None
) -> list[tuple[Any, Array]]:
    """Return each weight with its array; what does not fit is an error, or noted in ``skipped``."""
    pairs: list[tuple[Any, Array]] = []
    taken: set[int] = set()
    for path, layer in _placed(model, "", orders):
        own = [p for p in dict.fromkeys(layer.parameters) if id(p) not in taken]
        held = _of_layer(arrays, path)
        if not held and own and skipped is None:
            raise ValueError(f"{layer.name}: the file has no weights at {path!r}")
        problem = _misfit(layer.name, path, own, held)
        if problem is None:
            pairs += zip(own, held, strict=True)
            taken.update(id(p) for p in own)
        elif skipped is None:
            raise ValueError(problem)
        else:
            skipped.append(problem)
    left = {id(p) for p in model.parameters} - taken
    if left and skipped is None:
        raise ValueError(f"{model.name}: the file lacks {len(left)} of its weights")
    return pairs


def _misfit(name: str, path: str, own: Sequence[Any], held: Sequence[Array]) -> str | None:
    shapes = [tuple(p.array.shape) for p in own]
    theirs = [tuple(array.shape) for array in held]
    if shapes != theirs:
        return f"{name}: has weights of shapes {shapes}; {path} in the file has {theirs}"
    kinds = [p.array.dtype.kind for p in own]
    got = [array.dtype.kind for array in held]
    # Keras counts in integers what is counted in a layer's own numbers here.
    if any(a not in (b, "f") or b == "b" != a for a, b in zip(kinds, got, strict=True)):
        return f"{name}: has weights of kinds {kinds}; {path} in the file has {got}"
    return None


def _placed(thing: Any, path: str, orders: Orders) -> Iterator[tuple[str, Any]]:
    """Walk over layers that hold weights, with the groups where Keras keeps these."""
    from lamina.models import Model

    model = thing if isinstance(thing, Model) else getattr(thing, "stands_for", None)
    if model is None:
        inner = getattr(thing, "layer", None)
        cells = getattr(getattr(thing, "cell", None), "cells", None)
        if inner is not None and _holds_model(inner):
            yield from _placed(inner, f"{path}/layer", orders)
        elif cells is not None:
            yield from _counted(cells, f"{path}/cell/cells", orders)
        else:
            yield path, thing
        return
    layers = orders.get(id(model), model.layers)
    yield from _counted(layers, f"{path}/layers" if path else "layers", orders)


def _counted(layers: Sequence[Any], path: str, orders: Orders) -> Iterator[tuple[str, Any]]:
    """Walk over a list's layers, which Keras calls by their classes, and counts."""
    counts: dict[str, int] = {}
    for layer in layers:
        kind = snake_case(_class_of(layer))
        number = counts[kind] = counts.get(kind, -1) + 1
        yield from _placed(layer, f"{path}/{kind}_{number}" if number else f"{path}/{kind}", orders)


def _holds_model(layer: Any) -> bool:
    from lamina.models import Model

    return isinstance(layer, Model) or getattr(layer, "stands_for", None) is not None


def _class_of(layer: Any) -> str:
    return str(getattr(layer, "class_name", None) or type(layer).__name__)


def _of_layer(arrays: Arrays, path: str) -> list[Array]:
    """Return a layer's arrays, and behind them those of its parts."""
    found = []
    for key, held in arrays.items():
        if key == path or key.startswith(path + "/"):
            parts = key[len(path) + 1 :].split("/") if key != path else []
            if not any(part in _BESIDE for part in parts):
                found.append(([_rank(part) for part in parts], held))
    return [array for _, held in sorted(found, key=lambda pair: pair[0]) for array in held]


def _rank(part: str) -> tuple[int, int, str]:
    part = part.removeprefix("_")
    if part in _PARTS:
        return _PARTS.index(part), 0, ""
    stem, _, number = part.rpartition("_")
    return (len(_PARTS), int(number), stem) if number.isdigit() else (len(_PARTS), 0, part)
