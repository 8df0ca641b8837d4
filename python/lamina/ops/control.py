"""Loops and branches that are resolved while a graph is recorded."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina import _check
from lamina._tensors.arguments import flat, mapped, packed
from lamina._tensors.dispatch import calling, on_tensors
from lamina._tensors.recording import Recording, RowCount
from lamina.ops._arguments import function_of, known_array, several
from lamina.ops._axes import axis_of
from lamina.ops._numbers import integer
from lamina.ops.comparisons import where
from lamina.ops.core import is_tensor, shape, shape_of
from lamina.ops.indexing import get_item
from lamina.ops.joining import stack

__all__ = [
    "associative_scan",
    "cond",
    "fori_loop",
    "map",
    "scan",
    "switch",
    "vectorized_map",
    "while_loop",
]


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return the result of one of two functions.

    Parameters
    ----------
    pred : bool or tensor of one boolean
        For a tensor, whose value is not known yet, both functions are recorded, and the choice
        between their results is made when the graph runs.
    true_fn, false_fn : callable
        For a tensor both must return tensors, in the same structure, and not assign to weights.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cond(1 < 2, lambda: "yes", lambda: "no")
    'yes'
    """
    function_of("cond", "true_fn", true_fn)
    function_of("cond", "false_fn", false_fn)
    if not (on_tensors(pred) or getattr(type(pred), "symbolic", False)):
        if shape_of("cond", pred):
            raise ValueError(
                f"cond: pred must be a single truth value; got {pred!r:.100}; use ops.where"
            )
        known = isinstance(pred, (np.ndarray, np.generic)) or not hasattr(pred, "dtype")
        if known and not isinstance(pred, RowCount):
            known_array("cond", "pred", pred)
        return true_fn() if pred else false_fn()
    if pred.ndim:
        raise ValueError(f"cond: pred must be a single truth value; got {pred!r}; use ops.where")
    now = Recording.current()
    before = {} if now is None else dict(now.assigned)
    one, other = true_fn(), false_fn()
    if now is not None and now.assigned != before:
        raise ValueError(
            f"cond: both functions are recorded if pred is a tensor, {pred!r}, so that their "
            f"assignments would always take effect; assign the result of ops.where instead"
        )
    ones, others = flat(one), flat(other)
    if len(ones) != len(others):
        raise ValueError(
            f"cond: both functions must return the same number of tensors; got {len(ones)} and "
            f"{len(others)}"
        )
    return packed(one, [where(pred, a, b) for a, b in zip(ones, others, strict=True)])


def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """Return the result of the function with that index for the operands.

    Parameters
    ----------
    index : int
        Those below 0 mean the first function, those too large the last one.
    branches : sequence of callable
    *operands
        Given to the function.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.switch(1, [ops.negative, ops.square], [3, 4])
    array([ 9, 16], dtype=int32)
    >>> ops.switch(7, [lambda x: -x, lambda x: 2 * x], 3)
    6
    """
    place, branches = integer("switch", "index", index), several("switch", "branches", branches)
    if len(branches) == 0:
        raise ValueError("switch: branches must hold at least one function; got none")
    chosen = branches[builtins.max(0, builtins.min(place, len(branches) - 1))]
    return function_of("switch", "branches", chosen)(*operands)


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Return a value after ``value = body_fun(i, value)`` for i from ``lower`` to below ``upper``.

    Parameters
    ----------
    lower, upper : int
    body_fun : callable
    init_val : tensor, or a structure of them
        The first value, which is the result if there are no steps.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.fori_loop(0, 3, lambda i, x: x + i, 10)
    13
    """
    value = init_val
    function_of("fori_loop", "body_fun", body_fun)
    for i in range(*(integer("fori_loop", n, v) for n, v in (("lower", lower), ("upper", upper)))):
        value = body_fun(i, value)
    return value


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any,
    maximum_iterations: Any = None,
) -> Any:  # fmt: skip
    """Return values after applying ``body`` while ``cond`` is true for them.

    Parameters
    ----------
    cond : callable
        Its result must be known immediately; for recorded values it is not, and an error says so.
    body : callable
        Returns the same number of values as it is given.
    loop_vars : sequence
        The first values; a single one need not be in a sequence.
    maximum_iterations : int, optional
        Without it the loop may run forever.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.while_loop(lambda i, total: i < 4, lambda i, total: (i + 1, total + i), (1, 0))
    (4, 6)
    >>> ops.while_loop(lambda x: x > 1, lambda x: x / 2, 8.0, maximum_iterations=2)
    2.0
    """
    function_of("while_loop", "cond", cond)
    function_of("while_loop", "body", body)
    if maximum_iterations is not None:
        maximum_iterations = integer("while_loop", "maximum_iterations", maximum_iterations)
    many = isinstance(loop_vars, (list, tuple))
    values = tuple(loop_vars) if many else (loop_vars,)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and cond(*values):
        result = body(*values)
        values = tuple(result) if isinstance(result, (list, tuple)) else (result,)
        count += 1
    return values if many else values[0]


def _length(who: str, xs: Any, axis: int = 0) -> int:
    for x in flat(xs):
        if isinstance(x, np.ndarray):
            known_array(who, "its entries", x)
        axis_of(who, axis, len(shape(x)))
    lengths = {integer(who, "the number of entries", shape(x)[axis]) for x in flat(xs)}
    if len(lengths) != 1:
        raise ValueError(f"{who}: needs tensors of equal length; got {sorted(lengths)}")
    return lengths.pop()


def _entry(xs: Any, i: int) -> Any:
    """Return entry i of each tensor of a structure."""
    return mapped(xs, lambda x: None if isinstance(x, (list, tuple, dict)) else get_item(x, i))


def stacked(results: list[Any]) -> Any:
    """Return structures of the same form as one, with their tensors stacked."""
    leaves = [flat(result) for result in results]
    return packed(results[0], [stack(list(column)) for column in zip(*leaves, strict=True)])


@calling
def map(f: Callable[[Any], Any], xs: Any) -> Any:  # noqa: A001
    """Return the results of a function for each entry of axis 0, stacked.

    Parameters
    ----------
    f : callable
        Returns a tensor, or a structure of them.
    xs : tensor, or a structure of them
        With at least one entry.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.map(lambda x: ops.sum(x), np.ones((2, 3)))
    array([3., 3.])
    """
    return _mapped("map", function_of("map", "f", f), xs)


def _mapped(who: str, f: Callable[[Any], Any], xs: Any) -> Any:
    count = _length(who, xs)
    if count == 0:
        raise ValueError(f"{who}: needs at least one entry; got none")
    return stacked([f(_entry(xs, i)) for i in range(count)])


@calling
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Return the results of a function for each entry of axis 0, stacked, as ``map`` does.

    Parameters
    ----------
    function : callable
    elements : tensor, or a structure of them

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.vectorized_map(lambda row: ops.max(row) - row[0], np.array([[1, 4], [2, 9]], "int32"))
    array([3, 7], dtype=int32)
    """
    return _mapped("vectorized_map", function_of("vectorized_map", "function", function), elements)


@calling
def scan(
    f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: Any = None,
    reverse: bool = False, unroll: Any = 1,
) -> Any:  # fmt: skip
    """Return a state carried along axis 0, and the stacked results of all steps.

    Parameters
    ----------
    f : callable
        ``f(state, entry)`` returns the next state and a result.
    init : tensor, or a structure of them
        The initial state.
    xs : tensor, or a structure of them, optional
        ``f`` is given their entries along axis 0; None instead ``length`` times.
    length : int, optional
    reverse : bool, default False
        Whether to start with the last entry; results keep their positions.
    unroll : int or bool
        Has no effect: all steps are unrolled.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.scan(lambda total, x: (total + x, total), 0.0, np.arange(4))[1]
    array([0., 0., 1., 3.])
    """
    function_of("scan", "f", f)
    reverse = _check.boolean("scan", "reverse", reverse, numbers=True)
    integer("scan", "unroll", unroll, 0)
    if xs is None and length is None:
        raise ValueError("scan: needs xs, or length; got neither")
    count = integer("scan", "length", length, 0) if xs is None else _length("scan", xs)
    if length is not None and count != integer("scan", "length", length, 0):
        raise ValueError(f"scan: length must be that of xs, {count}; got {length}")
    state, results = init, []
    for i in reversed(range(count)) if reverse else range(count):
        state, result = f(state, None if xs is None else _entry(xs, i))
        results.append(result)
    if not results or all(leaf is None for leaf in flat(results[0])):
        return state, None
    return state, stacked(results[::-1] if reverse else results)


@calling
def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """Return the results of an associative function of all entries up to each, along an axis.

    Parameters
    ----------
    f : callable
        A function of two structures like ``elems``, applied entry by entry.
    elems : tensor, or a structure of them
    reverse : bool, default False
        Whether to run from the last entry to the first.
    axis : int, default 0

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.associative_scan(ops.add, np.array([1.0, 2.0, 4.0], "float32"))
    array([1., 3., 7.], dtype=float32)
    >>> ops.associative_scan(ops.maximum, np.array([1, 4, 2], "int32"), reverse=True)
    array([4, 4, 2], dtype=int32)
    """
    from lamina.ops.joining import concatenate
    from lamina.ops.repeating import flip

    def each(xs: Any, change: Callable[[Any], Any]) -> Any:
        return mapped(xs, lambda x: change(x) if is_tensor(x) else None)

    def between(x: Any, start: Any, stop: Any) -> Any:
        before = axis if axis >= 0 else axis + len(shape(x))
        return get_item(x, (*[slice(None)] * before, slice(start, stop)))

    function_of("associative_scan", "f", f)
    reverse = _check.boolean("associative_scan", "reverse", reverse, numbers=True)
    elems = each(elems, lambda x: flip(x, axis)) if reverse else elems
    count, step = _length("associative_scan", elems, axis), 1
    while step < count:  # each entry is joined with the one `step` before (Hillis, Steele, 1986)
        joined = f(
            each(elems, lambda x, n=step: between(x, None, count - n)),  # type: ignore[misc]
            each(elems, lambda x, n=step: between(x, n, None)),  # type: ignore[misc]
        )
        heads = [between(x, None, step) for x in flat(elems)]
        pairs = zip(heads, flat(joined), strict=True)
        elems = packed(elems, [concatenate([head, tail], axis) for head, tail in pairs])
        step *= 2
    return each(elems, lambda x: flip(x, axis)) if reverse else elems
