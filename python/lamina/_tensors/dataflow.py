"""Calls within a function that ``tf.data`` maps over a data set.

``Dataset.map`` calls its function once, on symbolic tensors of TensorFlow's, which hold no numbers.
A layer or an operation that is called on some becomes a node of TensorFlow's graph, and computes on
the arrays of each element.  TensorFlow is not imported here: the caller's tensors show that it is.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from lamina._calls import as_it_is
from lamina._tensors.arguments import Arguments, flat, packed
from lamina._tensors.rehearsal import rehearsal
from lamina._tensors.stand_ins import stand_ins

F = TypeVar("F", bound=Callable[..., Any])


def is_node(value: Any) -> bool:
    """Return whether a value is a symbolic tensor of TensorFlow's."""
    cls = type(value)
    return cls.__name__ == "SymbolicTensor" and cls.__module__.startswith("tensorflow.")


def among(*values: Any) -> bool:
    """Return whether there is a symbolic tensor of TensorFlow's in lists, tuples and dicts."""
    return "tensorflow" in sys.modules and any(map(is_node, flat(values)))


def of_unknown_length(*values: Any) -> bool:
    """Return whether there is a symbolic tensor with an axis whose length is not known yet."""
    return "tensorflow" in sys.modules and any(
        is_node(value) and (value.shape.rank is None or None in value.shape)
        for value in flat(values)
    )


def building() -> bool:
    """Return whether TensorFlow is calling a function in order to make a graph of it."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and not tensorflow.executing_eagerly()


def mappable(function: F) -> F:
    """Make a function of arrays take symbolic tensors of TensorFlow's."""

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        return node(function, args, kwargs) if among(args, kwargs) else function(*args, **kwargs)

    return as_it_is(public)  # type: ignore[return-value]


def drawing(function: F) -> F:
    """Make a function of random numbers draw anew for each element of a data set."""

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        if building():
            return node(function, args, kwargs)
        return function(*args, **kwargs)

    return as_it_is(public)  # type: ignore[return-value]


def shape(x: Any) -> tuple[Any, ...]:
    """Return the lengths of the axes, those that are not known yet as numbers of the graph."""
    _check_rank("shape", x)
    lengths = None
    made = []
    for axis, length in enumerate(x.shape):
        if length is None and lengths is None:
            lengths = sys.modules["tensorflow"].shape(x)
        made.append(lengths[axis] if length is None else length)  # type: ignore[index]
    return tuple(made)


class Held(Protocol):
    """What an object that is called holds, and calls may change; see `layers/base/rehearsed.py`."""

    def start_anew(self) -> None:
        """Prepare for a call on stand-ins."""

    def restore(self) -> None:
        """Undo what the calls have changed."""


def node(function: Callable[..., Any], args: Any, kwargs: Any, held: Held | None = None) -> Any:
    """Return what a function makes of arrays as symbolic tensors of TensorFlow's.

    It is called here on two stand-ins for data, of different values and, along axes of unknown
    length, of different sizes: so layers are built, and the types of the results are known, and as
    much of their shapes as the two have in common.  Other effects of these calls are undone.
    """
    tf: Any = sys.modules["tensorflow"]
    arguments = Arguments(args, kwargs, is_node)
    tensors = arguments.forget_tensors()
    for tensor in tensors:
        _check_rank(getattr(function, "name", None) or function.__name__, tensor)

    def results(arrays: Sequence[Any]) -> Any:
        filled, named = arguments.filled(arrays)
        return function(*filled, **named)

    with tf.init_scope():  # random numbers are drawn at once in there
        form, other = rehearsed(lambda which: results(stand_ins(tf, tensors, which)), held)
    probes = [(_plain(one), _plain(two)) for one, two in zip(flat(form), flat(other), strict=True)]

    def run(*arrays: Any) -> list[Any]:
        whole = [np.asarray(a) if isinstance(a, np.number) else a for a in arrays]
        made = [_plain(leaf) for leaf in flat(results(whole))]
        return [a.astype(one.dtype) for a, (one, _) in zip(made, probes, strict=True)]

    kinds = [tf.string if one.dtype.kind == "O" else one.dtype for one, _ in probes]
    nodes = tf.numpy_function(run, tensors, kinds)
    for each, (one, two) in zip(nodes, probes, strict=True):
        each.set_shape(_known(one.shape, two.shape))
    return packed(form, nodes)


def rehearsed(results: Callable[[int], Any], held: Held | None) -> list[Any]:
    """Return the results of the two calls on stand-ins, and leave no other trace of them."""
    made = []
    try:
        for which in (0, 1):
            if held is not None:
                held.start_anew()
            with rehearsal():
                made.append(results(which))
    finally:
        if held is not None:
            held.restore()
    return made


def _check_rank(who: str, tensor: Any) -> None:
    if tensor.shape.rank is None:
        raise ValueError(
            f"{who}: needs tensors with a known number of axes in a function that tf.data maps; "
            f"got {tensor.name} of unknown rank (state it, as tensor.set_shape((None, 3)))"
        )


def _plain(leaf: Any) -> Any:
    array = np.asarray(leaf)
    return array.astype(object) if array.dtype.kind == "U" else array


def _known(one: tuple[int, ...], two: tuple[int, ...]) -> Any:
    """Return the lengths of axes, None for those that depend on unknown ones."""
    if len(one) != len(two):
        return None
    return [a if a == b else None for a, b in zip(one, two, strict=True)]
