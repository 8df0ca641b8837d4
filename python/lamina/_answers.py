"""Answers to unknown names: an alternative for Keras's names, the nearest name for misspelt ones.

The tables in ``lamina._keras`` are read only when a name is missing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PACKAGE = __name__.partition(".")[0]


def is_own(thing: Any) -> bool:
    """Return whether a class or function belongs to this package rather than to a user."""
    return str(thing.__module__).partition(".")[0] == PACKAGE


def said_of(table: Mapping[str, str], name: str) -> str | None:
    """Return the sentence of a table that answers a name."""
    return next((sentence for sentence, names in table.items() if name in names.split()), None)


def folded(name: str) -> str:
    """Return a name without case and underscores."""
    return name.replace("_", "").lower()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the intended name: equal except for case and underscores, or the nearest one."""
    from difflib import get_close_matches

    by_fold: dict[str, str] = {}
    for each in sorted(known):
        by_fold.setdefault(folded(each), each)
    near = get_close_matches(folded(name), by_fold, n=1, cutoff=0.75)
    if not near and len(name) > 1:  # a prefix of a single name
        near = [each for each in by_fold if each.startswith(folded(name))]
    return by_fold[near[0]] if len(near) == 1 else None


# --- modules


def answering(module: str, lazy: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module: an AttributeError that suggests an alternative.

    ``lazy`` maps names to the modules that are imported on first access, or to ``"module:name"``.

    For ``from module import name`` it raises an ImportError with the same advice.

    Examples
    --------
    >>> from lamina import layers
    >>> layers.CuDNNLSTM
    Traceback (most recent call last):
        ...
    AttributeError: lamina.layers has no 'CuDNNLSTM'; use LSTM or GRU
    """

    def __getattr__(name: str) -> Any:  # noqa: N807
        if lazy is not None and name in lazy:
            path, _, attribute = lazy[name].partition(":")
            room = importlib.import_module(path)
            found = getattr(room, attribute) if attribute else room
            vars(sys.modules[module])[name] = found  # found there the next time
            return found
        if name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        text = missing_from(module, name)
        if _is_from_import():
            raise ImportError(f"cannot import name {name!r}: {text}", name=module)
        raise AttributeError(text, name=name)  # with a name set, Python adds no suggestion

    return __getattr__


def missing_from(module: str, name: str) -> str:
    """Return the error message for a name that a public module does not have."""
    from lamina._keras.rooms import TABLES

    room = module.removeprefix(PACKAGE).removeprefix(".")
    said = said_of(TABLES.get(room, {}), name)
    if said is None:
        said = _elsewhere(module, name) or f"dir({module}) lists what it has"
    return f"{module} has no {name!r}; {said}"


def _elsewhere(module: str, name: str) -> str | None:
    from lamina._keras.rooms import TABLES

    held = vars(sys.modules[module])
    made = (n for n, value in held.items() if getattr(value, "__module__", None) == module)
    own = held.get("__all__") or [n for n in made if not n.startswith("_")]
    for each in own:
        if folded(each) == folded(name):
            return f"use {each}"
    rooms = {PACKAGE: sys.modules[PACKAGE]}
    rooms |= {path: sys.modules[path] for r in TABLES if (path := f"{PACKAGE}.{r}") in sys.modules}
    for path, room in rooms.items():
        if name in getattr(room, "__all__", ()):
            return f"use {path}.{name}"
    near = nearest(name, own)
    return None if near is None else f"did you mean {near!r}?"


def _is_from_import() -> bool:
    # Whether the module's __getattr__ runs for a `from module import name`.  Python would replace
    # its AttributeError, message included; only the calling instruction shows the difference.
    if not hasattr(sys, "_getframe"):
        return False
    from opcode import opmap

    asking = sys._getframe(2)
    code, place = asking.f_code.co_code, asking.f_lasti
    return 0 <= place < len(code) and code[place] == opmap.get("IMPORT_FROM")


# Objects given by name, and the modules that contain them.  (Names of layers are chosen by users.)
BY_NAME = {
    "activation": "activations", "constraint": "constraints", "initializer": "initializers",
    "loss": "losses", "metric": "metrics", "optimizer": "optimizers", "regularizer": "regularizers",
}  # fmt: skip


def answer_to_string(kind: str, name: str) -> str | None:
    """Return the error message for a Keras name given as a string: ``compile(loss="hinge")``.

    ``kind`` is the kind of object: "loss", "optimizer", ...
    """
    from lamina._keras import rooms, strings

    for table in (strings.TABLES.get(kind, {}), rooms.TABLES.get(BY_NAME.get(kind, "none"), {})):
        for sentence, names in table.items():
            if folded(name) in map(folded, names.split()):
                return sentence
    return _in_the_others_place(kind, name)


def _in_the_others_place(kind: str, name: str) -> str | None:
    """Return the error message for a loss in place of the optimizer, and vice versa."""
    other = {"optimizer": "loss", "loss": "optimizer"}.get(kind)
    if other is None:
        return None
    room = importlib.import_module(f"{PACKAGE}.{BY_NAME[other]}")
    if folded(name) not in map(folded, room.NAMED):
        return None
    article = "an" if other == "optimizer" else "a"
    return f"it is {article} {other}; compile takes the optimizer first, then the loss"


class _Rooms:
    """Answers ``import lamina.ops``: the last finder, for modules that no other one finds."""

    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> None:  # noqa: ARG004
        """Raise ModuleNotFoundError with advice for a module of Keras."""
        module, _, name = fullname.rpartition(".")
        if module.partition(".")[0] != PACKAGE:
            return
        from lamina._keras.rooms import TABLES

        room = module.removeprefix(PACKAGE).removeprefix(".")
        said = said_of(TABLES.get(room, {}), name)
        if said is not None:
            raise ModuleNotFoundError(f"{module} has no {name!r}; {said}", name=fullname)


def answer_imports() -> None:
    """Make ``import`` of Keras modules that do not exist here suggest an alternative."""
    if _Rooms not in sys.meta_path:
        sys.meta_path.append(_Rooms)
