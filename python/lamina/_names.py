"""Names given as strings: looking one up, or suggesting the nearest known name."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class _Counts:
    """Number of objects of each kind that have been named."""

    def __init__(self) -> None:
        self.by_name: dict[str, int] = {}
        self.lock = threading.Lock()

    def renew_lock(self) -> None:
        self.lock = threading.Lock()


_counts = _Counts()
if hasattr(os, "register_at_fork"):  # another thread may hold the lock
    os.register_at_fork(after_in_child=_counts.renew_lock)


def next_name(name: str) -> str:
    """Return the name, numbered from its second use on, as Keras names layers and models.

    Counting is over all models, until ``reset_names``.

    Examples
    --------
    >>> reset_names()
    >>> next_name("dense"), next_name("dense"), next_name("relu")
    ('dense', 'dense_1', 'relu')
    """
    with _counts.lock:
        number = _counts.by_name.get(name, 0)
        _counts.by_name[name] = number + 1
    return f"{name}_{number}" if number else name


def give_back(name: str) -> None:
    """Forget the last use of a name, whose object was rejected."""
    with _counts.lock:
        number = _counts.by_name.get(name, 0)
        if number:
            _counts.by_name[name] = number - 1


def reset_names() -> None:
    """Start counting again."""
    with _counts.lock:
        _counts.by_name.clear()


def lookup(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Return ``table[name]``; an unknown name raises a ValueError that suggests the nearest.

    Parameters
    ----------
    kind : str
        The kind of object, for the message: "optimizer", "loss", ...
    name : str
        The name given.
    table : mapping of str to object
        Known names.

    Examples
    --------
    >>> lookup("colour", "red", {"red": 1, "green": 2})
    1
    >>> lookup("colour", "gren", {"red": 1, "green": 2})
    Traceback (most recent call last):
    ...
    ValueError: unknown colour 'gren'; did you mean 'green'? Known: green, red
    """
    try:
        return table[name]
    except KeyError:
        raise ValueError(unknown(kind, name, table)) from None


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown name: the name, the nearest one, and all known ones.

    If there are too many known names, only the nearest are shown.

    Examples
    --------
    >>> unknown("colour", "black", ["green", "red"])
    "unknown colour 'black'; known: green, red"
    """
    from difflib import get_close_matches

    from lamina._answers import BY_NAME, answer_to_string

    names, few = sorted(known), 40
    spellings = {n.lower(): n for n in names} | {n: n for n in names}
    asked = str(name).lower()
    cutoff, count = (0.5, 1) if len(names) <= few else (0.6, 5)
    if kind == "column":  # chosen freely: 'crim' is not a typing error for 'rm'
        cutoff = 0.75
    near = list(
        dict.fromkeys(spellings[m] for m in get_close_matches(asked, spellings, count, cutoff))
    )
    said = answer_to_string(kind, str(name))
    if said is None and near:
        said = f"did you mean {' or '.join(map(repr, near))}?"
    listed = f"known: {', '.join(names)}"
    if len(names) > few:
        room = BY_NAME.get(kind)
        listed = f"known: {', '.join(names[:5])} and {len(names) - 5} more"
        if room is not None:
            listed = f"all are listed by dir(lamina.{room})"
    if said is None:
        return f"unknown {kind} {name!r}; {listed}"
    end = "" if said.endswith("?") else "."
    return f"unknown {kind} {name!r}; {said}{end} {listed[0].upper()}{listed[1:]}"


def unknown_class(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown class in a configuration.

    Examples
    --------
    >>> unknown_class("layer", "Dens", ["Dense"]).rpartition("; ")[2]
    "did you mean 'Dense'?"
    """
    from lamina._answers import answer_to_string, nearest

    near, answer = nearest(name, known), answer_to_string(kind, name)
    if answer is not None:
        return f"unknown {kind} {name!r:.80}; {answer}"
    said = (
        f"unknown {kind} {name!r:.80}; files and configurations only contain the names of classes: "
        f"pass a class of your own as custom_objects={{{name!r:.80}: the_class}}, or register it "
        f"with lamina.saving.register_serializable"
    )
    return said if near is None else f"{said}; did you mean {near!r}?"


def snake_case(name: str) -> str:
    """Return a class name as a layer's default name, which is the same as Keras's.

    Examples
    --------
    >>> snake_case("InputLayer"), snake_case("Conv2DTranspose"), snake_case("GRU")
    ('input_layer', 'conv2d_transpose', 'gru')
    """
    out = ""
    for i, c in enumerate(name):
        # A capital starts a word after a small letter, and before one: "2D" + "Transpose".
        beside = name[i - 1].islower() or name[i + 1 : i + 2].islower()
        starts_word = c.isupper() and i > 0 and beside
        out += ("_" if starts_word else "") + c.lower()
    return out


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name, numbered if it is taken.

    Examples
    --------
    >>> free_name("dense", {"relu"}), free_name("dense", {"dense", "dense_1"})
    ('dense', 'dense_2')
    """
    free, number = name, 0
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
