"""The layers in a PyTorch state dict: its tensors grouped by module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina._check import Array
from lamina.saving.pytorch.state import State

_NUMBERED = re.compile(r"((?:weight|bias)_(?:ih|hh))(_l\d+(?:_reverse)?)")
_ATTENTION = ("in_proj_weight", "q_proj_weight")
_GATES = {4: "lstm", 3: "gru", 1: "rnn"}
COUNTED = "num_batches_tracked"  # of batch normalization, which does not affect its outputs


@dataclass
class Unit:
    """The tensors for one layer: of a module, or of one level of a recurrent module.

    Attributes
    ----------
    prefix : str
        The module's name.
    form : str
        The kind of layer.
    keys : dict of str to str
        The full names of the tensors, by their names in the module.
    arrays : dict of str to ndarray
        The same for their values.
    module : torch.nn.Module or None
    """

    prefix: str
    form: str
    keys: dict[str, str]
    arrays: dict[str, Array]
    module: Any = None


def units_of(state: State) -> list[Unit]:
    """Return the units in PyTorch's order, or else sorted by name."""
    groups: dict[tuple[str, str], dict[str, str]] = {}
    attentions = {
        key.rpartition(".")[0] for key in state.arrays if key.rpartition(".")[2] in _ATTENTION
    }
    for key in state.arrays:
        prefix, _, name = key.rpartition(".")
        numbered = _NUMBERED.fullmatch(name)
        if numbered is not None:
            groups.setdefault((prefix, numbered[2]), {})[numbered[1]] = key
            continue
        above, _, last = prefix.rpartition(".")
        if last == "out_proj" and above in attentions:
            prefix, name = above, f"out_proj.{name}"
        groups.setdefault((prefix, ""), {})[name] = key
    made = []
    places = list(groups) if state.ordered else sorted(groups, key=_counted)
    for prefix, level in places:
        keys = groups[prefix, level]
        arrays = {name: state.arrays[key] for name, key in keys.items()}
        module = state.modules.get(prefix)
        made.append(Unit(prefix, _form(arrays, type(module).__name__), keys, arrays, module))
    return made


def _counted(place: tuple[str, str]) -> list[list[Any]]:
    """Return a sort key for names with numbers: "fc2" before "fc10"."""
    parts = [re.split(r"(\d+)", name) for name in place]
    return [[int(part) if part.isdigit() else part for part in each] for each in parts]


def _form(arrays: Mapping[str, Array], module: str) -> str:
    if "weight_hh" in arrays and arrays["weight_hh"].ndim == 2:
        rows, columns = arrays["weight_hh"].shape
        return _GATES.get(rows // columns if columns else 0, "own")
    if any(name in arrays for name in _ATTENTION):
        return "attention"
    if "running_mean" in arrays or module.startswith("BatchNorm"):
        return "batch_norm"
    if "weight" not in arrays:
        return "own"
    weight, bias = arrays["weight"], arrays.get("bias")
    axes = weight.ndim
    if module == "LayerNorm" or axes < 2 or (bias is not None and bias.shape == weight.shape):
        return "scale" if bias is None else "norm"
    if axes > 2:
        if "Conv" not in module:
            return f"kernel{axes - 2}"
        return f"conv_transpose{axes - 2}" if "Transpose" in module else f"conv{axes - 2}"
    return {"Linear": "linear", "Embedding": "embedding"}.get(module, "matrix")
