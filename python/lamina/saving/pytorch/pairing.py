"""Pairing layers with PyTorch modules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.saving.pytorch.conversion import Conversion
from lamina.saving.pytorch.slots import Slot
from lamina.saving.pytorch.units import COUNTED, Unit

Names = Mapping[str, "str | Sequence[str]"]


@dataclass
class Pair:
    """A layer, its modules, and the conversion; ``counted`` if it was found by order."""

    slot: Slot
    way: Conversion
    units: list[Unit]
    counted: bool = False


@dataclass
class Pairing:
    """The result of the pairing.

    Attributes
    ----------
    pairs : list of Pair
    lacking : list of Slot
        Layers without a module.
    beside : list of Unit
        Modules without a layer.
    doubts : list of str
        Ambiguities if the modules had no order.
    """

    pairs: list[Pair] = field(default_factory=list)
    lacking: list[Slot] = field(default_factory=list)
    beside: list[Unit] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def checked_names(who: str, names: Any, slots: Sequence[Slot]) -> dict[str, tuple[str, ...]]:
    """Return ``names`` with tuples of prefixes; every path must exist in the model."""
    if names is None:
        return {}
    if not isinstance(names, Mapping):
        raise TypeError(
            f"{who}: names must map the model's layers to modules; got {type(names).__name__}"
        )
    made: dict[str, tuple[str, ...]] = {}
    for path, given in names.items():
        listed = (given,) if isinstance(given, str) else given
        strings = isinstance(listed, (list, tuple)) and all(isinstance(p, str) for p in listed)
        if not strings or not isinstance(path, str):
            raise TypeError(
                f"{who}: names must map strings to strings, or lists of them; got {path!r}: "
                f"{given!r}"
            )
        if not any(_is_in(slot.path, path, "/") for slot in slots):
            known = ", ".join(slot.path for slot in slots)
            raise ValueError(
                f"{who}: names: the model has no layer with weights named {path!r}; its layers are "
                f"{known}"
            )
        made[path] = tuple(listed)
    return made


def paired(
    who: str, slots: Sequence[Slot], units: Sequence[Unit], names: Mapping[str, tuple[str, ...]]
) -> Pairing:
    """Pair layers and modules: by ``names``, then by the same names, then in order by kind."""
    found = Pairing()
    free = list(units)
    pools: dict[tuple[str, ...], list[tuple[Slot, str]]] = {}
    for slot in slots:
        path = _nearest(slot.path, names)
        prefixes = () if path is None else names[path]
        pools.setdefault(prefixes, []).append((slot, _wanted(slot.module, path, prefixes)))
    taken: dict[tuple[str, ...], list[Unit]] = {}
    for prefixes in sorted(pools, key=lambda p: -max(map(len, p), default=-1)):
        if prefixes:
            ours = [u for p in prefixes for u in free if _is_in(u.prefix, p, ".")]
            ours = list({id(u): u for u in ours}.values())
            for p in prefixes:
                if not any(_is_in(u.prefix, p, ".") for u in units):
                    raise ValueError(
                        f"{who}: names: the source has no module or tensor named {p!r}"
                    )
        else:
            ours = free
        taken[prefixes] = ours
        free = [u for u in free if not any(u is other for other in ours)]
    for prefixes, members in pools.items():
        left = _pool(members, taken[prefixes], found, named=bool(prefixes))
        found.beside += left
    found.beside += free if () not in pools else []
    return found


def _pool(
    members: Sequence[tuple[Slot, str]], units: list[Unit], found: Pairing, named: bool
) -> list[Unit]:
    """Pair what belongs together; return the remaining modules."""
    left, waiting, before = list(units), [], len(found.pairs)
    for slot, wanted in members:  # with the same names
        near = [unit for unit in left if _is_in(unit.prefix, wanted, ".")]
        pair = _first(slot, near, False, named) if wanted else None
        if pair is None:
            waiting.append(slot)
        else:
            left = _keep(pair, left, found)
    for fits in (True, False):  # in order: those that fit, then those that do not
        still = []
        for slot in waiting:
            pair = _first(slot, left, fits, named)
            if pair is None:
                still.append(slot)
            else:
                pair.counted = pair.way.pick is None
                left = _keep(pair, left, found)
        waiting = still
    found.lacking += waiting
    found.doubts += _doubts(found.pairs[before:], left)
    return left


def _keep(pair: Pair, left: Sequence[Unit], found: Pairing) -> list[Unit]:
    found.pairs.append(pair)
    return [unit for unit in left if not any(unit is taken for taken in pair.units)]


def _first(slot: Slot, units: Sequence[Unit], fits: bool, named: bool) -> Pair | None:
    for way in slot.ways:
        kind = [u for u in units if any(u.form in forms for forms in way.forms)]
        for some in _groups(way, kind, named):
            pair = Pair(slot, way, some)
            if not fits or not problems_of(pair):
                return pair
    return None


def _groups(way: Conversion, units: Sequence[Unit], named: bool) -> Iterator[list[Unit]]:
    """Yield groups of modules that may form a layer: neighbours, or those with matching names."""
    size = len(way.forms)
    places = None if way.pick is None else way.pick([unit.prefix for unit in units])
    if places is not None:
        yield [units[i] for i in places]
    elif way.pick is None or named:
        for start in range(len(units) - size + 1):
            yield list(units[start : start + size])


def problems_of(pair: Pair) -> list[str]:
    """Return descriptions of the mismatches of a layer and the tensors."""
    slot, told = pair.slot, []
    wanted = slot.write(pair.way, [set(unit.arrays) for unit in pair.units])
    for unit, expected in zip(pair.units, wanted, strict=True):
        where = unit.prefix or "the module"
        lacks = [name for name in expected if name not in unit.arrays]
        more = [name for name in unit.arrays if name not in expected and name != COUNTED]
        if lacks:
            told.append(f"{slot.path} needs {', '.join(lacks)}, which {where} lacks")
        if more:
            told.append(f"{slot.path} has no place for {', '.join(unit.keys[n] for n in more)}")
        for name, array in expected.items():
            got = unit.arrays.get(name)
            if got is not None and got.shape != array.shape and name != COUNTED:
                told.append(
                    f"{slot.path} needs shape {array.shape} of {unit.keys[name]}, which has "
                    f"{got.shape}"
                )
        told += _settings(slot, pair.way, unit)
    return told


def _settings(slot: Slot, way: Conversion, unit: Unit) -> Iterable[str]:
    """Yield the settings in which a module differs; a state dict contains none."""
    for own, theirs in way.same:
        here, there = getattr(slot.layer, own, None), getattr(unit.module, theirs, None)
        if here is None or there is None or here == -1:
            continue
        if not np.array_equal(np.asarray(here), np.asarray(there)):
            where = unit.prefix or "the module"
            yield f"{slot.path} has {own}={here}, and {where} {theirs}={there}"


def _doubts(pairs: Sequence[Pair], left: Sequence[Unit]) -> list[str]:
    """Return the layers whose tensors are ambiguous without an order of the modules.

    Names that only differ in their numbers have an order.
    """
    alike: dict[Any, dict[str, list[str]]] = {}
    held = [(unit, [pair.slot.path]) for pair in pairs if pair.counted for unit in pair.units]
    for unit, paths in [*held, *((unit, []) for unit in left)]:
        shapes = tuple(sorted((name, array.shape) for name, array in unit.arrays.items()))
        stem = re.sub(r"[._]?\d+", "", unit.prefix)
        alike.setdefault((unit.form, shapes), {}).setdefault(stem, []).extend(paths)
    told = []
    for stems in alike.values():
        paths = [path for those in stems.values() for path in those]
        if len(stems) > 1 and paths:
            told.append(f"{', '.join(paths)} may take the tensors of any of {', '.join(stems)}")
    return told


def _nearest(path: str, names: Mapping[str, Any]) -> str | None:
    """Return the longest path in ``names`` that is equal to or contains a path."""
    return max((p for p in names if _is_in(path, p, "/")), key=len, default=None)


def _wanted(module: str, path: str | None, prefixes: tuple[str, ...]) -> str:
    """Return the expected name of the module of a layer that is not in ``names``."""
    if path is None:
        return module.replace("/", ".")
    rest = module[len(path) + 1 :].replace("/", ".")
    return f"{prefixes[0]}.{rest}".lstrip(".") if rest and len(prefixes) == 1 else ""


def prefixes_of(
    slot: Slot, parts: tuple[str, ...], names: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return the names of a layer's modules when there is no state dict."""
    path = _nearest(slot.path, names)
    given = () if path is None else names[path]
    if len(given) == len(parts) > 1:
        return list(given)
    first = given[0] if given else ""
    whole = _wanted(slot.module, path, given[:1]) or first
    return [f"{whole}.{part}".strip(".") for part in parts]


def _is_in(path: str, above: str, mark: str) -> bool:
    return path == above or not above or path.startswith(above + mark)


def arrays_of(pair: Pair) -> list[Array]:
    """Return new values for the weights of a pair that fits."""
    return pair.slot.read(pair.way, [unit.arrays for unit in pair.units])
