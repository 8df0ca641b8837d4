"""The weights of models as named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _screen
from lamina._check import Array

if TYPE_CHECKING:
    from lamina.models import Model

ROOM = "weights/"  # prefix of the names of weights


def named(model: Model) -> dict[str, Any]:
    """Return the weights by their paths, such as "encoder/dense_1/kernel", in Keras's order."""
    paths = {id(parameter): path for path, parameter in model.weights_by_path().items()}
    return {paths[id(parameter)]: parameter for parameter in model.parameters}


def collected(model: Model, tensors: dict[str, Array]) -> dict[str, Any]:
    """Add the weights of a model to ``tensors``; return their list for the document."""
    model.ensure_built(model.input_row_shapes)
    found = named(model)
    tensors.update({ROOM + path: np.array(p.array) for path, p in found.items()})
    frozen = [path for path, p in found.items() if not p.trainable]
    return {"paths": list(found), "frozen": frozen, "beside": _beside(model, tensors)}


def _beside(model: Model, tensors: dict[str, Array]) -> list[list[str]]:
    """Note the arrays of layers that are not weights: [layer, name] of each."""
    listed = []
    for place, layer in enumerate(walked(model)):
        for name, array in layer.held_beside().items():
            tensors[f"beside/{place}/{name}"] = np.array(array)
            listed.append([str(place), name])
    return listed


def walked(model: Model) -> list[Any]:
    """Return all layers of a model, including nested ones, each once."""
    every = (each for layer in model._holders() for each in layer.walk())
    return list({id(each): each for each in every}.values())


def put_back(model: Any, listed: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Set the weights of a model that was made from a file, bit for bit."""
    model.ensure_built(model.input_row_shapes)
    found, paths = named(model), listed["paths"]
    arrays = [tensors[ROOM + path] for path in paths]
    _check_same(model.name, found, paths, arrays)
    for parameter, array in zip(found.values(), arrays, strict=True):
        parameter.array[...] = array
    for layer in model._holders():
        for first in layer._first_values():
            first.drawn = True
    frozen = set(listed["frozen"])
    for path, parameter in zip(paths, found.values(), strict=True):
        parameter.trainable = path not in frozen
    _take_beside(model, listed, tensors)


def _check_same(
    who: str, found: Mapping[str, Any], paths: Sequence[str], arrays: Sequence[Array]
) -> None:
    if len(found) != len(paths):
        raise ValueError(
            f"{who}: the model has {len(found)} weights, {', '.join(found)}; the file has "
            f"{len(paths)}, {', '.join(paths)}"
        )
    for (own, parameter), path, array in zip(found.items(), paths, arrays, strict=True):
        _check_fits(own, parameter, path, array)


def _check_fits(own: str, parameter: Any, path: str, array: Array) -> None:
    kept = parameter.array
    if tuple(array.shape) != tuple(kept.shape):
        raise ValueError(
            f"{own}: has shape {tuple(kept.shape)}; {path} in the file has {tuple(array.shape)}"
        )
    if array.dtype.kind != kept.dtype.kind:
        raise ValueError(f"{own}: has dtype {kept.dtype}; {path} in the file has {array.dtype}")


def _take_beside(model: Any, listed: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    held: dict[int, dict[str, Array]] = {}
    for place, name in listed.get("beside", ()):
        held.setdefault(int(place), {})[name] = tensors[f"beside/{place}/{name}"]
    layers = walked(model)
    for place, arrays in held.items():
        layers[place].take_beside(arrays)


def take(
    model: Model,
    listed: Mapping[str, Any],
    tensors: Mapping[str, Array],
    by_name: bool,
    skip_mismatch: bool,
) -> None:
    """Load the weights of a file into a model; on an error nothing changes."""
    model.ensure_built(model.input_row_shapes)
    found, paths = named(model), list(listed["paths"])
    pairs, left = paired(found, paths, by_name)
    if left and not skip_mismatch:
        raise ValueError(f"{model.name}: {left}")
    taken, skipped = [], [left] if left else []
    for own, path in pairs:
        array = tensors[ROOM + path]
        try:
            _check_fits(own, found[own], path, array)
        except ValueError as error:
            if not skip_mismatch:
                raise
            skipped.append(str(error))
            continue
        taken.append((found[own], array))
    for parameter, array in taken:
        parameter.array[...] = array
    if len(taken) == len(found) == len(paths) and [p for _, p in pairs] == paths:
        _take_beside(model, listed, tensors)
    if skipped:
        _screen.warn(f"load_weights: some weights were not loaded: {'; '.join(skipped)}")


def paired(
    found: Mapping[str, Any], paths: Sequence[str], by_name: bool
) -> tuple[list[tuple[str, str]], str]:
    """Return the weight in the file for each weight, and the reason if not all can be matched."""
    if by_name:
        return [(path, path) for path in found if path in set(paths)], ""
    if set(found) == set(paths):
        return [(path, path) for path in found], ""
    if len(found) == len(paths):
        return list(zip(found, paths, strict=True)), ""
    theirs = set(paths)
    lacking = ", ".join(path for path in found if path not in theirs)
    more = ", ".join(path for path in paths if path not in found)
    said = (
        f"has {len(found)} weights, and the file {len(paths)}: the file lacks {lacking or 'none'}, "
        f"and also has {more or 'none'}"
    )
    return [(path, path) for path in found if path in theirs], said
