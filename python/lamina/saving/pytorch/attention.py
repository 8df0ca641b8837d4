"""The projections of attention in PyTorch: joined in one module, or separate linear layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.saving.pytorch.conversion import LINEAR, Arrays, Conversion, Given

_THREE = ("query", "key", "value")
_ENDS = (*_THREE, "attention_output")


def _projections(layer: Any, held: Given) -> list[Arrays]:
    """Return the tensors of the linear layers of query, key, value and output."""
    if layer.use_gate:
        raise ValueError(f"{layer.name}: has a gate, which attention in PyTorch lacks")
    made = []
    for end in _ENDS:
        kernel = held[f"{end}/kernel"]
        rows = kernel.shape[0] if end in _THREE else kernel.shape[0] * kernel.shape[1]
        made.append({"weight": kernel.reshape(rows, -1).T})
        if f"{end}/bias" in held:
            made[-1]["bias"] = held[f"{end}/bias"].reshape(-1)
    return made


def _attention() -> Conversion:
    def write(layer: Any, held: Given, names: Sequence[set[str]] | None) -> list[Arrays]:
        *three, output = _projections(layer, held)
        made = {f"out_proj.{name}": array for name, array in output.items()}
        joint = len({each["weight"].shape for each in three}) == 1
        if joint if names is None else "in_proj_weight" in names[0]:
            made["in_proj_weight"] = np.concatenate([each["weight"] for each in three])
        else:
            pairs = zip("qkv", three, strict=True)
            made |= {f"{letter}_proj_weight": each["weight"] for letter, each in pairs}
        if "bias" in output:
            made["in_proj_bias"] = np.concatenate([each["bias"] for each in three])
        return [made]

    def read(layer: Any, given: Sequence[Given]) -> Arrays:
        (held,) = given
        if "in_proj_weight" in held:
            weights = np.split(held["in_proj_weight"], 3)
        else:
            weights = [held[f"{letter}_proj_weight"] for letter in "qkv"]
        made = [{"weight": weight} for weight in (*weights, held["out_proj.weight"])]
        if "in_proj_bias" in held:
            biases = (*np.split(held["in_proj_bias"], 3), held["out_proj.bias"])
            for each, bias in zip(made, biases, strict=True):
                each["bias"] = bias
        return _of_projections(layer, made)

    return Conversion((("attention",),), write, read, same=(("num_heads", "num_heads"),))


def _of_projections(layer: Any, given: Sequence[Given]) -> Arrays:  # noqa: ARG001
    made = {}
    for end, held in zip(_ENDS, given, strict=True):
        made[f"{end}/kernel"] = held["weight"].T
        if "bias" in held:
            made[f"{end}/bias"] = held["bias"]
    return made


def _apart() -> Conversion:
    """Return the conversion of attention with separate linear layers as projections."""

    def write(layer: Any, held: Given, names: Any) -> list[Arrays]:  # noqa: ARG001
        return _projections(layer, held)

    parts = ("q_proj", "k_proj", "v_proj", "out_proj")
    return Conversion((LINEAR,) * 4, write, _of_projections, parts=parts, pick=_letters)


def _letters(names: Sequence[str]) -> list[int] | None:
    """Return the indices of query, key and value, whose names begin with q, k and v, and output.

    The output is their next sibling, as "out_proj" beside "q_proj", or else the module after them.
    """
    split = [name.rpartition(".") for name in names]
    letter = [last.removeprefix("to_").removeprefix("w")[:1] for _, _, last in split]
    if "q" not in letter:
        return None
    above = split[letter.index("q")][0]
    beside = [i for i, (parent, _, _) in enumerate(split) if parent == above]
    three = [next((i for i in beside if letter[i] == each), None) for each in "qkv"]
    places = [i for i in three if i is not None]
    if len(places) < 3:
        return None
    others = [i for i in beside if letter[i] not in "qkv"]
    later = [i for i in range(max(places) + 1, len(names)) if letter[i] not in "qkv"]
    return [*places, (others or later)[0]] if others or later else None


JOINT, APART = _attention(), _apart()
