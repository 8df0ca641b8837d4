"""Functions with three uses: on recorded tensors, on symbolic tensors, and on arrays."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from lamina import _check, _core
from lamina._calls import answering_calls, as_it_is
from lamina._tensors import dataflow
from lamina._tensors.arguments import flat, mapped
from lamina._tensors.awaited import Awaited, Calculated
from lamina._tensors.recording import NeedsRows, Recording, unread
from lamina._tensors.tensor import Tensor
from lamina._tensors.variable import Variable

# The beginning of messages, also of the engine, that do not know which operation they belong to.
NOBODY = ("ops", "expression")

F = TypeVar("F", bound=Callable[..., Any])


def operation(function: F) -> F:
    """Make a function that records operations also take symbolic tensors and arrays.

    The function is written with ``given`` and similar functions, and returns tensors.
    """
    answered, flags = answering_calls(function), _flags(function)

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        found = _found(args, kwargs)
        at_once_now = False
        try:
            for place, name in flags:
                if len(args) > place or name in kwargs:
                    value = args[place] if len(args) > place else kwargs[name]
                    _check.boolean(function.__name__, name, value, numbers=True)
            if found is Tensor:
                return answered(*args, **kwargs)
            if found is Awaited:
                return Calculated(public, args, kwargs)
            if found is not None and found is not Variable:  # symbolic
                from lamina.layers.base.operation import on_symbols

                return on_symbols(public, args, kwargs)
            if found is Variable and Recording.current() is not None:
                return answered(*args, **kwargs)
            if dataflow.among(args, kwargs):
                return dataflow.node(public, args, kwargs)
            at_once_now = True
            return at_once(answered, args, kwargs)
        except (TypeError, ValueError, IndexError) as error:
            text = _told_by(function.__name__, error, at_once_now)
            if text is None:
                raise
            kind = next(k for k in (TypeError, ValueError, IndexError) if isinstance(error, k))
            made = kind(text)
            made.operation = function.__name__  # type: ignore[union-attr]
            raise made from None

    public.recorded = function  # type: ignore[attr-defined]
    return as_it_is(public)  # type: ignore[return-value]


def _flags(function: Callable[..., Any]) -> list[tuple[int, str]]:
    """Return the places and names of the parameters whose default is True or False."""
    defaults = function.__defaults__ or ()
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    first = len(names) - len(defaults)
    return [(first + i, names[first + i]) for i, v in enumerate(defaults) if isinstance(v, bool)]


def calling(function: F) -> F:
    """Make a function that calls others, for separate entries, take symbolic tensors.

    The number of entries is known when a layer records the calls, but not always when ``tf.data``
    maps a function: the whole is then a single node of TensorFlow's.
    """

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        found = _found(args, kwargs)
        if found in (None, Tensor, Variable, Awaited):
            if dataflow.of_unknown_length(args, kwargs):
                return dataflow.node(function, args, kwargs)
            return function(*args, **kwargs)
        from lamina.layers.base.operation import calls_on_symbols

        return calls_on_symbols(function, args, kwargs)

    return public  # type: ignore[return-value]


def _told_by(who: str, error: Exception, outermost: bool) -> str | None:
    """Return the message with the name of the operation that was called, None if it has it already.

    Errors within an operation are reported under its name: on arrays all of them, and while a graph
    is recorded those of operations that it calls, but not of layers.
    """
    text = str(error)
    speaker = re.match(r"([\w.]+)(?: '[^']*')?(?: \([^)]*\))?: ", text)
    if speaker is None:
        return f"{who}: {text}"
    inner = getattr(error, "operation", None)
    if speaker[1] == who:
        if inner is None:
            error.operation = who  # type: ignore[attr-defined]
        return None
    if outermost or speaker[1] in NOBODY or speaker[1] == inner:
        return f"{who}: {text[speaker.end() :]}"
    return None


def _found(args: Any, kwargs: Any) -> type | None:
    """Return the kind of tensor among the arguments; None if there is none.

    It is Tensor, a symbolic one, Awaited or Variable.
    """
    found: type | None = None
    for value in args:
        kind = _kind(value)
        if kind is not None:
            if kind is not Variable:
                return kind
            found = kind
    for value in kwargs.values():
        kind = _kind(value)
        if kind is not None:
            if kind is not Variable:
                return kind
            found = kind
    return found


def on_tensors(*values: Any) -> bool:
    """Return whether the values include tensors, or weights while a graph is recorded."""
    found = _found(values, {})
    return found is not None and (found is not Variable or Recording.current() is not None)


def as_operand(value: Any) -> Any:
    """Return tensors, weights and arrays unchanged, and lists of numbers as a float32 array."""
    return value if hasattr(value, "shape") else np.asarray(value, np.float32)


def _kind(value: Any) -> type | None:
    cls = type(value)
    if cls is Tensor or cls is Variable:
        return cls
    if cls in (list, tuple):
        return _found(value, {})
    if cls is dict:
        return _found((), value)
    if issubclass(cls, Awaited):
        return Awaited
    return cls if getattr(cls, "symbolic", False) else None


def at_once(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return the result of a function that records operations for arrays.

    It is a tensor of the current recording if nobody reads its numbers and they are many.
    """
    leaves = flat(args) + flat(kwargs)
    if any(isinstance(leaf, Variable) for leaf in leaves):
        args, kwargs = mapped(tuple(args), _live), mapped(dict(kwargs), _live)
        leaves = flat(args) + flat(kwargs)
    dtype = dtype_of(leaves)
    graph = _core.Graph(dtype or "float64")
    outer = Recording.current()
    now = Recording(graph, rows=1, standing=outer is not None and outer.standing)
    now.once = True
    try:
        with now:
            result = function(*args, **kwargs)
    except NeedsRows:
        if outer is not None:
            raise
        raise ValueError(
            "ops: only tensors of a model have rows; got None, which stands for them, for arrays"
        ) from None
    made = [leaf for leaf in flat(result) if isinstance(leaf, Tensor)]
    if now.vague or any(unread(tensor.value.shape) for tensor in made):
        return function(*args, **kwargs)
    # Integers up to 2^31 are exact in float64; results computed from them are float32, as in Keras.
    return computed(graph, result, "float32" if dtype is None else dtype)


def _live(value: Any) -> Any:
    return value.live if isinstance(value, Variable) else None


def dtype_of(leaves: list[Any]) -> str | None:
    """Return "float64" if any array has that dtype, None for integers only, else "float32"."""
    kinds = {v.dtype.str[1:] for v in leaves if isinstance(v, (np.ndarray, np.generic))}
    if "f8" in kinds:
        return "float64"
    if any(kind[0] == "f" for kind in kinds) or any(isinstance(v, float) for v in leaves):
        return "float32"
    return None


def computed(graph: _core.Graph, result: Any, floats: str) -> Any:
    """Return a structure with arrays in place of the tensors of a graph without inputs."""
    tensors: list[Tensor] = [v for v in flat(result) if isinstance(v, Tensor)]
    if not tensors:
        return result
    for tensor in tensors:
        graph.add_output(tensor.value)
    graph.build()
    execution = _core.Execution(graph, 1, False)
    execution.bind([])
    execution.test(None, 0, 1)
    outputs = [execution.output(i) for i in range(len(tensors))]
    with np.errstate(all="ignore"):  # float64 may overflow in float32
        arrays = iter([np.array(a, floats if a.dtype.kind == "f" else a.dtype) for a in outputs])
    return mapped(result, lambda v: next(arrays) if isinstance(v, Tensor) else None)
