"""Reading PyTorch tensors from dicts, modules and files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.saving.formats import path_of

# Prefixes of wrappers: DataParallel, torch.compile.
_WRAPPERS = ("module.", "_orig_mod.")
# Keys under which checkpoints store the tensors of the model.
_WITHIN = ("state_dict", "model_state_dict", "model")
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_INTEGERS = {
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4",
    "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
_KINDS = {**_FLOATS, **_INTEGERS}


@dataclass
class State:
    """Tensors by their names in PyTorch.

    Attributes
    ----------
    arrays : dict of str to ndarray
    modules : dict of str to torch.nn.Module
        The modules that contain them, by name; empty if only tensors were given.
    ordered : bool
        Whether they are in the order of the modules' creation, which safetensors files do not keep.
    """

    arrays: dict[str, Array]
    modules: dict[str, Any] = field(default_factory=dict)
    ordered: bool = True


def state_of(who: str, source: Any) -> State:
    """Return the tensors of a module, of a dict, or of a file.

    Raises
    ------
    TypeError
        If it is anything else, or a dict has values that are not tensors.
    ValueError
        If a file contains no tensors.
    """
    if isinstance(source, (str, os.PathLike)):
        return _plain(_of_file(who, path_of(who, source)))
    if isinstance(source, Mapping):
        return _plain(State(_arrays(who, source)))
    if callable(getattr(source, "state_dict", None)) and hasattr(source, "named_modules"):
        return _plain(State(_arrays(who, source.state_dict()), dict(source.named_modules())))
    raise TypeError(
        f"{who}: needs a state dict, a torch.nn.Module, or the path of a .safetensors or .pt file; "
        f"got {type(source).__name__}"
    )


def _plain(state: State) -> State:
    for head in _WRAPPERS:
        if state.arrays and all(name.startswith(head) for name in state.arrays):
            arrays = {name.removeprefix(head): value for name, value in state.arrays.items()}
            modules = {name.removeprefix(head): module for name, module in state.modules.items()}
            state = State(arrays, modules, state.ordered)
    return state


def _arrays(who: str, source: Mapping[Any, Any]) -> dict[str, Array]:
    held = _inner(source)
    strange = [name for name, value in held.items() if not _is_tensor(value)]
    if strange or not all(isinstance(name, str) for name in held):
        shown = ", ".join(map(repr, strange[:3])) or "keys that are no strings"
        raise TypeError(f"{who}: a state dict maps names to tensors; got others: {shown}")
    return {name: _array(who, name, value) for name, value in held.items()}


def _inner(source: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return the dict of tensors in a checkpoint that also contains other objects."""
    if source and not any(_is_tensor(value) for value in source.values()):
        for name in _WITHIN:
            if isinstance(source.get(name), Mapping):
                return source[name]  # type: ignore[no-any-return]
    return source


def _is_tensor(value: Any) -> bool:
    return isinstance(value, np.ndarray) or hasattr(value, "detach")


def _array(who: str, name: str, value: Any) -> Array:
    if not isinstance(value, np.ndarray):
        value = value.detach().cpu()
        # NumPy has no bfloat16.
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    if value.dtype.kind not in "biuf":
        raise TypeError(f"{who}: {name} must hold numbers; got {value.dtype}")
    return value  # type: ignore[no-any-return]


# --- files


def _of_file(who: str, path: str) -> State:
    if path.endswith((".pt", ".pth", ".bin", ".ckpt")):
        return State(_of_pickle(who, path))
    return State(_of_safetensors(path), ordered=False)


def _of_safetensors(path: str) -> dict[str, Array]:
    from safetensors import SafetensorError, deserialize

    with open(path, "rb") as file:
        data = file.read()
    try:
        found = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ValueError(f"{path}: is not a safetensors file: {error}") from None
    return {name: _from_bytes(path, name, told) for name, told in found}


def _from_bytes(path: str, name: str, told: Mapping[str, Any]) -> Array:
    kind, data = told["dtype"], bytes(told["data"])
    flat: Array
    if kind == "BF16":  # the upper halves of float32
        flat = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    elif kind in _KINDS:
        flat = np.frombuffer(data, _KINDS[kind])
    else:
        raise ValueError(f"{path}: {name} is {kind}; needs {', '.join(('BF16', *_KINDS))}")
    shaped: Array = flat.reshape(told["shape"])
    return shaped


def _of_pickle(who: str, path: str) -> dict[str, Array]:
    try:
        import torch  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ImportError(
            f"{who}: {path} is read by PyTorch, which is not installed (pip install torch); "
            f".safetensors files need nothing more"
        ) from None
    with open(path, "rb"):  # Python's own error if it cannot be opened
        pass
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        code = re.search(r"GLOBAL (\S+) was not an allowed", str(error))
        why = "it is no such file, or not whole"
        if code is not None:
            why = f"it holds {code[1]}, an object of Python's, whose code is not run"
        raise ValueError(
            f"{who}: {path} must hold tensors alone, as torch.save(module.state_dict(), path) "
            f"writes them; {why}"
        ) from None
    if not isinstance(held, Mapping):
        raise ValueError(f"{who}: {path} must hold a state dict; holds {type(held).__name__}")
    return _arrays(f"{who}: {path}", held)
