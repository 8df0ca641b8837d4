"""Paths of a model's weights that are the same in all models built in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lamina._names import free_name, snake_case

if TYPE_CHECKING:
    from lamina import _core
    from lamina.layers import Layer


def by_path(
    parameters: Iterable[_core.Parameter], layers: Sequence[Layer]
) -> dict[str, _core.Parameter]:
    """Return the weights by the layers that hold them, such as "encoder/dense_1/kernel".

    Names numbered over all models are renumbered within their model, or layer, so that a path does
    not depend on anything created before.
    """
    found: dict[str, _core.Parameter] = {}
    _add(parameters, layers, "", found, set())
    return found


def layer_paths(layers: Sequence[Layer], prefix: str = "") -> dict[str, str]:
    """Return the paths of layers, and of those within, with local names: "dense_7" is "dense_1".

    They are the paths of the weights in ``by_path``.
    """
    found: dict[str, str] = {}
    names: set[str] = set()
    for layer in layers:
        name = free_name(_uncounted(layer), names)
        names.add(name)
        found.setdefault(layer.name, f"{prefix}{name}")
        for inner, path in layer_paths(layer.layers_within(), f"{prefix}{name}/").items():
            found.setdefault(inner, path)
    return found


def _add(
    parameters: Iterable[_core.Parameter],
    layers: Sequence[Layer],
    prefix: str,
    found: dict[str, _core.Parameter],
    seen: set[int],
) -> None:
    held = {id(p) for layer in layers for p in layer.parameters}
    for parameter in parameters:
        if id(parameter) not in held and id(parameter) not in seen:
            seen.add(id(parameter))
            own = prefix + parameter.name.rpartition("/")[2]
            found[free_name(own, found)] = parameter
    names: set[str] = set()
    for layer in layers:
        name = free_name(_uncounted(layer), names)
        names.add(name)
        _add(layer.parameters, layer.layers_within(), f"{prefix}{name}/", found, seen)


def _uncounted(layer: Layer) -> str:
    """Return the layer's name, without an automatic number."""
    stem = re.sub(r"_\d+$", "", layer.name)
    kind = snake_case(layer.class_name)
    return stem if stem.removeprefix("forward_").removeprefix("backward_") == kind else layer.name
