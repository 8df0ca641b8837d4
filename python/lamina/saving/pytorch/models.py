"""Weights from PyTorch models, and back."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.layers.base import weights as weights_
from lamina.layers.base.lock import structure
from lamina.saving.atomic import write_whole
from lamina.saving.formats import path_of
from lamina.saving.pytorch.flattened import orders_of
from lamina.saving.pytorch.pairing import (
    Names,
    Pairing,
    arrays_of,
    checked_names,
    paired,
    prefixes_of,
    problems_of,
)
from lamina.saving.pytorch.slots import Slot, slots_of
from lamina.saving.pytorch.state import State, state_of
from lamina.saving.pytorch.units import COUNTED, units_of

if TYPE_CHECKING:
    from lamina.models import Model

_ENDINGS = (".safetensors", ".pt", ".pth")


class _Left(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class Loaded(_Left):
    """The result of ``load_torch``, like that of ``torch.nn.Module.load_state_dict``.

    Attributes
    ----------
    missing_keys : list of str
        The paths of layers without tensors.
    unexpected_keys : list of str
        The names of tensors that no layer uses.
    paired : dict of str to str
        The module from which each layer was loaded, by the layers' paths; several modules are
        separated by commas.
    """

    paired: dict[str, str]


@answering_calls
def load_torch(
    model: Model, source: Any, names: Names | None = None, strict: bool = True
) -> Loaded:
    """Load the weights of a PyTorch model into a model, layer by layer.

    Each layer takes the tensors of the module with the same name.  All other layers, in the order
    of ``model.layers``, take those of the next module of their kind that fits, in the order of the
    state dict, in which the modules were created.  Safetensors files keep no order: names that
    differ only in their numbers are sorted by these, and others are rejected.

    Parameters
    ----------
    model : Model
        A built model with the same layers.
    source : dict, torch.nn.Module, str or path-like
        A state dict, of tensors or of arrays; a module; or a file: ``.safetensors``, or ``.pt``,
        ``.pth``, ``.bin`` and ``.ckpt``, which are read by ``torch.load(weights_only=True)``.
        The prefixes ``module.`` and ``_orig_mod.`` of names are removed.
    names : dict of str to str or list of str, optional
        Modules by the paths of layers, such as ``{"encoder/dense": "enc.fc1"}``, if the order does
        not determine the pairs.  The path of a model or layer that contains others applies to all
        of them: they take their tensors from that module.  Several layers may share a module, in
        order: ``{"lstm": "rnn", "lstm_1": "rnn"}`` for an ``nn.LSTM`` with two layers.  Paths
        consist of the names of layers.
    strict : bool, default True
        Whether each layer with weights must find its tensors, and each tensor its layer.

    Returns
    -------
    Loaded
        ``missing_keys`` and ``unexpected_keys``, both empty if ``strict``; ``paired`` says which
        layer took which module's tensors.

    Raises
    ------
    ValueError
        If layers or tensors are left over, if shapes differ, or if a setting of a module, such as
        ``eps``, differs from that of the layer.  The message lists all of them, and no weight is
        changed.
    TypeError
        If the source contains no tensors.

    Notes
    -----
    Data have their channels last.  The weights of a ``Dense`` that reads a flattened image are
    reordered accordingly.  Settings that a state dict does not contain must be set by hand:
    ``epsilon`` of normalizations is 1e-3 by default, ``eps`` in PyTorch 1e-5; a ``momentum`` of 0.1
    in PyTorch is 0.9 here, and only matters in training; with strides, ``padding="same"`` pads more
    at the end.  An LSTM has one bias, the sum of the two in PyTorch.  Statistics that ``adapt``
    learned do not change.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> state = {"fc.weight": np.array([[1.0, 2.0, 3.0]]), "fc.bias": np.array([0.5])}
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1, name="last")])
    >>> lamina.models.load_torch(model, state)
    Loaded(missing_keys=[], unexpected_keys=[])
    >>> lamina.models.load_torch(model, state).paired
    {'last': 'fc'}
    >>> model.predict([[1.0, 1.0, 1.0]], verbose=0)
    array([[6.5]], dtype=float32)
    """
    who = "load_torch"
    strict = _check.boolean(who, "strict", strict)
    state = state_of(who, source)
    with structure():
        found = _paired(who, model, state, names, strict)
        parameters: list[Any] = []
        arrays: list[Array] = []
        for pair in found.pairs:
            parameters += pair.slot.held.values()
            arrays += arrays_of(pair)
        checked = weights_.checked(f"{who}: {model.name}", parameters, arrays)
        for parameter, array in zip(parameters, checked, strict=True):
            parameter.array[...] = array
    loaded = Loaded(*_left(found))
    loaded.paired = {
        pair.slot.path: ", ".join(unit.prefix for unit in pair.units) for pair in found.pairs
    }
    return loaded


@answering_calls
def to_torch(model: Model, like: Any = None, names: Names | None = None) -> dict[str, Any]:
    """Return a model's weights as a state dict of PyTorch.

    Parameters
    ----------
    model : Model
        A built model.
    like : torch.nn.Module, dict, str or path-like, optional
        The model that the tensors are for: they get its names and shapes, paired as in
        ``load_torch``.
    names : dict of str to str or list of str, optional
        As for ``load_torch``.  Without ``like``, the tensors of a layer are named after the module
        given here, or else after its path: ``encoder/dense`` becomes ``encoder.dense.weight``.

    Returns
    -------
    dict of str to torch.Tensor

    Raises
    ------
    ValueError
        If ``like`` lacks layers or has them in other shapes; all of them are listed.  If tensors of
        two layers would have the same name.
    ImportError
        If PyTorch is not installed; ``save_torch`` writes files without it.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, name="fc")])
    >>> state = lamina.models.to_torch(model)  # doctest: +SKIP
    >>> {name: tuple(tensor.shape) for name, tensor in state.items()}  # doctest: +SKIP
    {'fc.weight': (2, 3), 'fc.bias': (2,)}
    """
    who = "to_torch"
    torch = _torch(who)
    arrays = _arrays(who, model, like, names)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


@answering_calls
def save_torch(
    model: Model,
    filepath: str | os.PathLike[str],
    like: Any = None,
    names: Names | None = None,
    overwrite: bool = True,
) -> None:
    """Write a model's weights, as returned by ``to_torch``, to a PyTorch file.

    Parameters
    ----------
    model : Model
        A built model.
    filepath : str or path-like
        Ends in ``.safetensors``, or in ``.pt`` or ``.pth``, for which PyTorch must be installed.
    like, names : optional
        As for ``to_torch``.
    overwrite : bool, default True
        If False, an existing file raises an error.

    Raises
    ------
    ValueError
        As for ``to_torch``, and if the extension is not one of these.
    OSError
        If there is no space, no folder or no permission: then an existing file is unchanged.

    Examples
    --------
    >>> import os, tempfile, lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, name="fc")])
    >>> path = os.path.join(tempfile.mkdtemp(), "net.safetensors")
    >>> lamina.models.save_torch(model, path)
    >>> lamina.models.load_torch(model, path)
    Loaded(missing_keys=[], unexpected_keys=[])
    """
    who = "save_torch"
    path = path_of(who, filepath)
    if not path.endswith(_ENDINGS):
        raise ValueError(f"{who}: the name must end in {' or '.join(_ENDINGS)}; got {path!r}")
    if not _check.boolean(who, "overwrite", overwrite) and os.path.exists(path):
        raise FileExistsError(f"{who}: {path} already exists; pass overwrite=True to replace it")
    torch = None if path.endswith(".safetensors") else _torch(who)
    arrays = _arrays(who, model, like, names)
    if torch is None:
        from safetensors.numpy import save

        write_whole(path, [save(arrays, {"format": "pt"})])
        return
    made = io.BytesIO()
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, made)
    write_whole(path, [made.getbuffer()])


def _torch(who: str) -> Any:
    try:
        import torch  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ImportError(
            f"{who}: needs PyTorch, which is not installed (pip install torch); save_torch writes "
            f".safetensors files without it"
        ) from None
    return torch


def _slots(who: str, model: Any) -> list[Slot]:
    from lamina.models import Model

    if not isinstance(model, Model):
        raise TypeError(f"{who}: needs a model; got {type(model).__name__}")
    model.ensure_built(model.input_row_shapes)
    return slots_of(model, orders_of(who, model))


def _paired(who: str, model: Any, state: State, names: Any, strict: bool) -> Pairing:
    """Return the pairs, or raise an error that lists all mismatches."""
    slots = _slots(who, model)
    found = paired(who, slots, units_of(state), checked_names(who, names, slots))
    if found.doubts and not state.ordered:
        raise ValueError(
            f"{who}: {model.name}: {'; '.join(found.doubts)}: a file of safetensors keeps no "
            f"order; say which in names"
        )
    told = [problem for pair in found.pairs for problem in problems_of(pair)]
    if strict:
        missing, unexpected = _left(found)
        told += [f"{path} finds no tensors of its kind" for path in missing]
        told += [f"{key} belongs to no layer" for key in unexpected]
    if told:
        raise ValueError(f"{who}: {model.name}: {'; '.join(told)}")
    return found


def _left(found: Pairing) -> tuple[list[str], list[str]]:
    keys = [key for unit in found.beside for name, key in unit.keys.items() if name != COUNTED]
    return [slot.path for slot in found.lacking], keys


def _arrays(who: str, model: Any, like: Any, names: Any) -> dict[str, Array]:
    """Return the tensors as new arrays, by their names in PyTorch."""
    with structure():
        if like is None:
            slots = _slots(who, model)
            made = _named(who, slots, checked_names(who, names, slots))
        else:
            found = _paired(who, model, state_of(who, like), names, strict=True)
            made = {}
            for pair in found.pairs:
                wanted = [set(unit.arrays) for unit in pair.units]
                written = pair.slot.write(pair.way, wanted)
                for unit, arrays in zip(pair.units, written, strict=True):
                    made |= {unit.keys[name]: array for name, array in arrays.items()}
        return {name: np.array(array, order="C") for name, array in made.items()}


def _named(
    who: str, slots: Sequence[Slot], names: Mapping[str, tuple[str, ...]]
) -> dict[str, Array]:
    made: dict[str, Array] = {}
    levels: dict[tuple[str, bool], int] = {}
    for slot in slots:
        way = slot.ways[0]
        prefixes = prefixes_of(slot, way.parts, names)
        end = ""
        if slot.recurrent:
            place = (prefixes[0], slot.backward)
            level = levels[place] = levels.get(place, -1) + 1
            end = f"_l{level}{'_reverse' if slot.backward else ''}"
        for prefix, arrays in zip(prefixes, slot.write(way, None), strict=True):
            for name, array in arrays.items():
                key = f"{prefix}.{name}{end}".lstrip(".")
                if key in made:
                    raise ValueError(
                        f"{who}: {slot.path} and another layer would both have {key!r}; give them "
                        f"other names"
                    )
                made[key] = array
    return made
