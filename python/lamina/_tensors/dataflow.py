"""Calls within a function that ``tf.data`` maps over a data set.

``Dataset.map`` calls its function once, on symbolic tensors of TensorFlow's, which hold no numbers.
A layer or an operation that is called on some becomes a node of TensorFlow's graph, and computes on
the arrays of each element.  TensorFlow is not imported here: who has such a tensor has imported it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from lamina._calls import as_it_is
from lamina._tensors.arguments import Arguments, flat, packed

F = TypeVar("F", bound=Callable[..., Any])


def is_node(value: Any) -> bool:
    """Return whether a value is a symbolic tensor of TensorFlow's."""
    cls = type(value)
    return cls.__name__ == "SymbolicTensor" and cls.__module__.startswith("tensorflow.")


def among(*values: Any) -> bool:
    """Return whether there is a symbolic tensor of TensorFlow's in lists, tuples and dicts."""
    return "tensorflow" in sys.modules and any(map(is_node, flat(values)))


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
    lengths = None
    made = []
    for axis, length in enumerate(x.shape):
        if length is None and lengths is None:
            lengths = sys.modules["tensorflow"].shape(x)
        made.append(lengths[axis] if length is None else length)  # type: ignore[index]
    return tuple(made)


def node(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return what a function makes of arrays as symbolic tensors of TensorFlow's.

    It is called twice on zeros here, in place of axes of unknown length 2 and then 3 of them: so
    the types and shapes of its results are known, and layers are built.  What has an ``_example``
    is called on that.
    """
    tf: Any = sys.modules["tensorflow"]
    arguments = Arguments(args, kwargs, is_node)
    tensors = arguments.forget_tensors()

    def results(arrays: Sequence[Any]) -> Any:
        filled, named = arguments.filled(arrays)
        return function(*filled, **named)

    example = getattr(function, "_example", None)
    with tf.init_scope():  # random numbers are drawn at once in there
        form, other = (
            results([_stand_in(tf, tensor, length, example) for tensor in tensors])
            for length in (2, 3)
        )
    probes = [(_plain(one), _plain(two)) for one, two in zip(flat(form), flat(other), strict=True)]

    def run(*arrays: Any) -> list[Any]:
        made = [_plain(leaf) for leaf in flat(results(arrays))]
        return [a.astype(one.dtype) for a, (one, _) in zip(made, probes, strict=True)]

    kinds = [tf.string if one.dtype.kind == "O" else one.dtype for one, _ in probes]
    nodes = tf.numpy_function(run, tensors, kinds)
    for each, (one, two) in zip(nodes, probes, strict=True):
        each.set_shape(_known(one.shape, two.shape))
    return packed(form, nodes)


def _plain(leaf: Any) -> Any:
    array = np.asarray(leaf)
    return array.astype(object) if array.dtype.kind == "U" else array


def _stand_in(tf: Any, tensor: Any, length: int, example: Any) -> Any:
    """Return an array such as the tensor may hold.

    Numbers that may be lengths are lengths, and texts have as many words: the results of two
    lengths tell what depends on them.
    """
    text = tensor.dtype == tf.string
    if example is None:
        length_itself = tensor.dtype.is_integer and tensor.shape.rank == 0
        example = " ".join("a" * length) if text else length if length_itself else 0
    sizes = [length if size is None else size for size in tensor.shape]
    return np.full(sizes, example, object if text else tensor.dtype.as_numpy_dtype)


def _known(one: tuple[int, ...], two: tuple[int, ...]) -> Any:
    """Return the lengths of axes, None for those that depend on unknown ones."""
    if len(one) != len(two):
        return None
    return [a if a == b else None for a, b in zip(one, two, strict=True)]
