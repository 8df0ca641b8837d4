"""Values as JSON and arrays, and back.

JSON has numbers, strings, lists and objects.  Any other value in a configuration is an object whose
``class_name`` tells its kind: ``__tuple__``, ``__tensor__`` (the name of an array), ``__list__``
(the name of an array with the numbers of a list), ``__dict__`` (keys that are not strings),
``__float__`` (infinities and NaN), ``__bytes__``, ``__slice__``, ``__ellipsis__`` and ``function``
(a name).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina._answers import is_own
from lamina._check import Array
from lamina._settings import Configurable, class_name
from lamina.saving import functions

_KINDS = "biuf"  # of arrays that can be stored


class Writer:
    """Convert values to plain ones; arrays go into ``tensors``.

    Parameters
    ----------
    who : str
        For messages.
    room : str
        The first part of the arrays' names.
    tensors : dict, optional
        The arrays by name; if it is not given, arrays become lists.
    lists : bool, default False
        Whether lists of numbers are stored there, too: a history may have a million numbers.
    """

    def __init__(
        self, who: str, room: str, tensors: dict[str, Array] | None = None, lists: bool = False
    ) -> None:
        self.who, self.room, self.tensors, self.lists = who, room, tensors, lists
        self.lost: dict[str, str] = {}  # functions that must be given again: name to holder

    def plain(self, value: Any, where: str) -> Any:
        """Return a value as JSON; ``where`` is its position for names of arrays and messages."""
        if value is None or isinstance(value, (bool, str)) or type(value) is int:
            return value
        if isinstance(value, (float, np.floating)):
            number = float(value)
            return number if math.isfinite(number) else _special("float", str(number))
        if isinstance(value, (int, np.integer)):
            return int(value)
        if isinstance(value, np.bool_):
            return bool(value)
        if isinstance(value, np.ndarray):
            return self._array(value, where)
        if isinstance(value, list):
            numbers = _numbers(value) if self.lists else None
            if numbers is not None:
                return {**self._array(numbers, where), "class_name": "__list__"}
            return [self.plain(each, f"{where}/{i}") for i, each in enumerate(value)]
        if isinstance(value, tuple):
            items = [self.plain(each, f"{where}/{i}") for i, each in enumerate(value)]
            return {"class_name": "__tuple__", "items": items}
        if isinstance(value, Mapping):
            return self._mapping(value, where)
        return self._other(value, where)

    def _mapping(self, value: Mapping[Any, Any], where: str) -> Any:
        inner = self._named(value, where)
        if all(isinstance(key, str) for key in value) and not _is_special(value.get("class_name")):
            return {key: self.plain(each, f"{inner}/{key}") for key, each in value.items()}
        pairs = [
            [self.plain(key, where), self.plain(each, f"{inner}/{key}")]
            for key, each in value.items()
        ]
        return _special("dict", pairs)

    @staticmethod
    def _named(value: Mapping[Any, Any], where: str) -> str:
        # The name of a layer is the clearest description of a position in its configuration.
        config = value.get("config")
        name = config.get("name") if isinstance(config, Mapping) else None
        return name if isinstance(name, str) and "class_name" in value else where

    def _array(self, value: Array, where: str) -> Any:
        if value.dtype.kind == "U":
            kind, values = "__strings__", value.tolist()
            return {"class_name": kind, "config": values}
        if value.dtype.kind not in _KINDS or value.dtype.itemsize > 8:
            raise TypeError(
                f"{self.who}: {where} holds an array of {value.dtype}, which cannot be saved"
            )
        if self.tensors is None:
            kind = value.dtype.name
            return {"class_name": "__array__", "config": {"value": value.tolist(), "dtype": kind}}
        name, count = f"{self.room}/{where}", 1
        while name in self.tensors:
            name, count = f"{self.room}/{where}.{count}", count + 1
        self.tensors[name] = np.array(value, dtype=value.dtype.newbyteorder("="))
        return _special("tensor", name)

    def _other(self, value: Any, where: str) -> Any:
        if isinstance(value, bytes):
            return _special("bytes", value.hex())
        if isinstance(value, slice):
            parts = [self.plain(v, where) for v in (value.start, value.stop, value.step)]
            return _special("slice", parts)
        if value is Ellipsis:
            return _special("ellipsis", None)
        if isinstance(value, np.dtype):
            return value.name
        if hasattr(value, "get_config") and not isinstance(value, type):
            return self.plain(described(value), where)
        if isinstance(value, type) and is_own(value) and hasattr(value, "from_config"):
            return {"class_name": value.__name__, "config": {}}
        if callable(value):
            made = functions.described(value, where.partition("/")[0])
            if "lost" in made:
                self.lost[made["config"]] = where
            return {key: each for key, each in made.items() if key != "lost"}
        raise TypeError(
            f"{self.who}: {where} holds {value!r:.80} of {type(value).__name__}, which cannot "
            f"be saved; let get_config return numbers, strings, arrays, lists, tuples and dicts of "
            f"them, or objects that have a get_config"
        )


def _numbers(values: list[Any]) -> Array | None:
    """Return floats, or integers, as an array that represents them exactly; otherwise None."""
    kinds = {type(value) for value in values}
    if kinds == {float}:
        return np.array(values, np.float64)
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in values):
        return np.array(values, np.int64)
    return None


def _is_special(kind: Any) -> bool:
    return isinstance(kind, str) and kind.startswith("__")


def _special(kind: str, config: Any) -> dict[str, Any]:
    return {"class_name": f"__{kind}__", "config": config}


def described(value: Any) -> dict[str, Any]:
    """Return {"class_name", "config"} for an object with ``get_config``."""
    name = getattr(value, "class_name", None) or class_name(type(value))
    config = dict(value.get_config())
    # The name of a metric or loss may have been set after its creation.
    if isinstance(value, Configurable) and "name" in config and isinstance(value.name, str):  # type: ignore[attr-defined]
        config["name"] = value.name  # type: ignore[attr-defined]
    return {"class_name": name, "config": config}


def restored(value: Any, tensors: Mapping[str, Array] | None = None) -> Any:
    """Return the values that a ``Writer`` converted; configurations of objects are kept as such.

    Raises
    ------
    ValueError
        If a function is missing from ``custom_objects``, or an array is missing.
    """

    def back(value: Any) -> Any:
        if isinstance(value, list):
            return [back(each) for each in value]
        if not isinstance(value, dict):
            return value
        kind = value.get("class_name")
        if kind == "function":
            return functions.found(value)
        read = _READERS.get(kind) if isinstance(kind, str) else None
        if read is not None:
            return read(value.get("config", value.get("items")), back, tensors or {})
        return {key: back(each) for key, each in value.items()}

    return back(value)


Back = Callable[[Any], Any]


def _tensor(name: Any, _: Back, tensors: Mapping[str, Array]) -> Any:
    if not isinstance(name, str) or name not in tensors:
        raise ValueError(f"there is no array {name!r:.80}")
    return np.array(tensors[name])


def _list(name: Any, back: Back, tensors: Mapping[str, Array]) -> Any:
    return _tensor(name, back, tensors).tolist()


def _array(config: Any, _: Back, __: Any) -> Any:
    return np.array(config["value"], _kind(config["dtype"]))


def _strings(values: Any) -> Array:
    """Return an array of strings of fixed width, unless that would waste memory."""
    lengths = [len(each) for each in values]
    wide = len(lengths) * max(lengths, default=0) > 16 * sum(lengths) + 65536
    return np.array(values, dtype=object if wide else str)


def _kind(name: Any) -> np.dtype[Any]:
    kind = np.dtype(str(name)) if str(name).isalnum() else None
    if kind is None or kind.kind not in _KINDS:
        raise ValueError(f"arrays must contain numbers; got dtype {name!r:.80}")
    return kind


_READERS: dict[str, Callable[[Any, Back, Mapping[str, Array]], Any]] = {
    "__tuple__": lambda items, back, _: tuple(back(each) for each in items),
    "__dict__": lambda pairs, back, _: {back(key): back(each) for key, each in pairs},
    "__float__": lambda text, _, __: {"inf": math.inf, "-inf": -math.inf}.get(text, math.nan),
    "__bytes__": lambda text, _, __: bytes.fromhex(text),
    "__slice__": lambda parts, back, _: slice(*(back(each) for each in parts)),
    "__ellipsis__": lambda _, __, ___: Ellipsis,
    "__strings__": lambda values, _, __: _strings(values),
    "__tensor__": _tensor,
    "__list__": _list,
    "__array__": _array,
}
