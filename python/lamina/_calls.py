"""Calls whose arguments do not fit: the function, the arguments, and the intended name.

A function that Python cannot call, because of a missing or superfluous argument, raises before its
first line.  ``answering_calls`` then provides the message; a valid call costs a tenth of a
microsecond more.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, NoReturn, TypeVar

from lamina import _screen
from lamina._answers import nearest, said_of

A = TypeVar("A", bound=Any)
F = TypeVar("F", bound=Callable[..., Any])
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def refuse_unknown(cls: type, unknown: Mapping[str, object]) -> None:
    """Raise TypeError for keywords that no constructor of a class takes.

    An unsupported argument of Keras may be None, or False if it switches something on; arguments
    that Keras itself ignores give a warning.

    Examples
    --------
    >>> from lamina.layers import Dense
    >>> Dense(3, activaton="relu")
    Traceback (most recent call last):
        ...
    TypeError: Dense: unknown argument 'activaton'; did you mean 'activation'?
    """
    from lamina._keras.arguments import IGNORED, TABLES, TAKEN

    known = _known_to_class(cls)
    taken, ignored = (
        {name for base in cls.__mro__ for name in table.get(base.__name__, "").split()}
        for table in (TAKEN, IGNORED)
    )
    for name, value in unknown.items():
        said = _said_of_class(TABLES, cls, name)
        if name in taken or _asks_nothing(name, value, said):
            continue
        if name not in ignored:
            _refuse(cls.__name__, name, known, said)
        _screen.warn(f"{cls.__name__}: {name} is ignored; {said}")


def refuse_arguments(
    function: Callable[..., Any],
    unknown: Mapping[str, object],
    caller: str | None = None,
    known: set[str] | None = None,
) -> None:
    """Raise TypeError for keywords that a function does not take, as ``refuse_unknown`` does.

    ``caller`` is what the user has called, and ``known`` what it takes, if not the function's.
    """
    from lamina._keras.arguments import TABLES, TAKEN

    who = caller or function.__name__
    taken = TAKEN.get(function.__name__, "").split()
    for name, value in unknown.items():
        said = said_of(TABLES.get(function.__name__, {}), name)
        if name not in taken and not _asks_nothing(name, value, said):
            said = None if said is None else said.format(method=function.__name__)
            _refuse(who, name, known or named_parameters(function), said)


def _asks_nothing(name: str, value: object, said: str | None) -> bool:
    """Return whether the value of a Keras argument requests only what is done anyway."""
    from lamina._keras.arguments import SWITCHES

    return (said is not None and value is None) or (name in SWITCHES and value is False)


def named_parameters(function: Callable[..., Any]) -> set[str]:
    """Return the names of a function's keyword parameters."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name for p in parameters if p.kind in NAMED and p.name not in ("self", "cls")}


def _known_to_class(cls: type) -> set[str]:
    return {
        name
        for base in cls.__mro__
        if inspect.isfunction(vars(base).get("__init__"))
        for name in named_parameters(vars(base)["__init__"])
    }


def _said_of_class(tables: Mapping[str, Mapping[str, str]], cls: type, name: str) -> str | None:
    found = (said_of(tables.get(base.__name__, {}), name) for base in cls.__mro__)
    return next((said for said in found if said is not None), None)


def _refuse(who: str, name: str, known: set[str], said: str | None) -> NoReturn:
    if said is None:
        near = nearest(name, known)
        said = (
            f"known: {', '.join(sorted(known)) or 'none'}"
            if near is None
            else (f"did you mean {near!r}?")
        )
    raise TypeError(f"{who}: unknown argument {name!r}; {said}")


@contextlib.contextmanager
def on_behalf(who: str, *others: str) -> Iterator[None]:
    """Make errors of functions called in the block name the function that the user has called.

    Parameters
    ----------
    who : str
        The function that the user has called.
    *others : str
        The names of the inner functions in errors.

    Examples
    --------
    >>> with on_behalf("calibrate", "predict"):
    ...     raise ValueError("predict: x must be finite")
    Traceback (most recent call last):
        ...
    ValueError: calibrate: x must be finite
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        said = error.args[0] if error.args else None
        for other in others:
            if isinstance(said, str) and said.startswith(f"{other}: "):
                error.args = (f"{who}{said.removeprefix(other)}", *error.args[1:])
        raise


def as_it_is(called: A) -> A:
    """Return a function, or a class, whose calls TensorFlow leaves as they are written.

    It rewrites the functions that a function mapped over its data sets calls, but not those that
    have this attribute.
    """
    called.autograph_info__ = {}
    return called


# --- calls that Python refuses


def answering_calls(function: F) -> F:
    """Return a function or method that explains calls whose arguments do not fit.

    Examples
    --------
    >>> from lamina.utils import to_categorical
    >>> to_categorical([0, 1], num_clases=2)
    Traceback (most recent call last):
        ...
    TypeError: to_categorical: unknown argument 'num_clases'; did you mean 'num_classes'?
    """

    @functools.wraps(function)
    def answered(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if was_entered(error):
                raise
            fault = error
        name = _caller(function, args)
        _refuse_surplus(name, function, args)
        unknown = _unknown(kwargs, named_parameters(function))
        refuse_arguments(function, unknown, name)
        _refuse_missing(name, function, args, kwargs)
        if not unknown:
            raise fault
        return function(*args, **_without(kwargs, unknown))

    return as_it_is(answered)  # type: ignore[return-value]


def checking_keywords(init: F) -> F:
    """Return a constructor that explains calls that do not fit, and keywords of Keras."""
    code = init.__code__  # inspect.signature would add milliseconds to the import
    known: Set[str] | None = None
    if not code.co_flags & inspect.CO_VARKEYWORDS:
        known = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        if known is not None and not kwargs.keys() <= known:
            unknown = _unknown(kwargs, known)
            refuse_unknown(type(self), unknown)
            kwargs = _without(kwargs, unknown)
        try:
            init(self, *args, **kwargs)
            return
        except TypeError as error:
            if was_entered(error):
                raise
            fault = error
        cls = type(self)
        _refuse_surplus(cls.__name__, init, (self, *args))
        refuse_unknown(cls, _unknown(kwargs, _known_to_class(cls)))
        _refuse_missing(cls.__name__, init, (self, *args), kwargs)
        raise fault

    return checked  # type: ignore[return-value]


def _caller(function: Callable[..., Any], args: Sequence[Any]) -> str:
    name = function.__name__
    if name == "__call__" and args:
        return type(args[0]).__name__
    room = function.__module__.rpartition(".")[2]
    return f"{room}.{name}" if name in ("load", "load_data", "get") else name  # ambiguous alone


def was_entered(error: TypeError) -> bool:
    """Return whether the error was raised within the function, which then has a frame."""
    trace = error.__traceback__
    return trace is None or trace.tb_next is not None


def _unknown(given: Mapping[str, Any], known: Set[str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in known}


def _without(given: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in unknown}


def _refuse_surplus(who: str, function: Callable[..., Any], args: Sequence[Any]) -> None:
    """Raise TypeError for too many positional arguments."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return
    places = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    own = int(places[:1] in (["self"], ["cls"]))
    if len(args) > len(places):
        listed = ", ".join(places[own:]) or "nothing"
        raise TypeError(f"{who}: takes {listed} by position; got {len(args) - own} arguments")


def _refuse_missing(
    who: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """Raise TypeError for an argument that is given twice, or not at all."""
    parameters = list(inspect.signature(function).parameters.values())
    places = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    filled = places[: len(args)]
    for name in filled:
        if name in kwargs:
            raise TypeError(f"{who}: {name} must be given once; got it by position and by name")
    needed = [p.name for p in parameters if p.default is p.empty and p.kind in NAMED]
    missing = [name for name in needed if name not in filled and name not in kwargs]
    if missing:
        given = ", ".join(n for n in (*filled, *kwargs) if n not in ("self", "cls"))
        raise TypeError(f"{who}: needs {' and '.join(missing)}; got {given or 'no argument'}")
