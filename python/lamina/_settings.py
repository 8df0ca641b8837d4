"""Settings of public objects: configurations and lookup by name."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from lamina._answers import is_own, nearest
from lamina._calls import answering_calls
from lamina._check import fits, number
from lamina._names import lookup, unknown_class
from lamina._public import PublicKeywords, absent_of

C = TypeVar("C", bound="Configurable")

TINY = 1e-37  # smaller numbers may be 0 in float32

# The user's classes, by name, while a configuration is read.
_custom: ContextVar[Mapping[str, Any]] = ContextVar("custom", default=MappingProxyType({}))


# Objects registered by programs, by name: see lamina.saving.
registered: dict[str, Any] = {}


def class_name(cls: type) -> str:
    """Return the name of a class in configurations: its own, or its registered name."""
    name = cls.__name__
    if registered and registered.get(name) is not cls:
        return next((known for known, thing in registered.items() if thing is cls), name)
    return name


@contextmanager
def reading_with(custom_objects: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Make these names known to everything read from configurations within the block.

    Names of enclosing blocks are also known; the innermost takes precedence.  Yields all of them.
    """
    if custom_objects is not None and not isinstance(custom_objects, Mapping):
        raise TypeError(f"custom_objects: must map names to classes; got {custom_objects!r}")
    known = {**registered, **_custom.get(), **(custom_objects or {})}
    token = _custom.set(known)
    try:
        yield known
    finally:
        _custom.reset(token)


def custom(name: str) -> Any:
    """Return the object with a name in ``custom_objects``, or None."""
    return _custom.get().get(name, registered.get(name))


def argument_names(cls: type) -> tuple[str, ...]:
    """Return the names of the constructor's arguments; cached for each class.

    A constructor of the library that takes ``**options`` passes them on to its base class.
    """
    names: tuple[str, ...] | None = vars(cls).get("_argument_names")
    if names is None:
        parameters = inspect.signature(cls).parameters.values()
        open_ended = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        names = tuple(p.name for p in parameters if p.kind not in open_ended)
        open_to = [p.name for p in parameters if p.kind is p.VAR_KEYWORD]
        if open_to == ["options"] and is_own(cls.__init__):  # type: ignore[misc]
            behind = cls.__mro__[cls.__mro__.index(_owner(cls, "__init__")) + 1]
            names = tuple(dict.fromkeys((*names, *argument_names(behind))))
        cls._argument_names = names  # type: ignore[attr-defined]
    return names


class Changes:
    """Counts the changes of settings of any object after its construction.

    Settings are recorded on graphs and passed to kernels.  A training loop checks ``count`` before
    each step, and only if it has changed finds out which setting was changed.
    """

    count = 0


changes = Changes()
_numbers = itertools.count(1)


def note_change(thing: Any) -> None:
    """Report that a setting of ``thing`` has changed; call it after the change."""
    thing.__dict__["_version"] = next(_numbers)
    changes.count = next(_numbers)


def version(thing: Any) -> int:
    """Return a number that changes with every change of a setting of ``thing``."""
    number: int = thing.__dict__.get("_version", 0)
    return number


def checked(thing: Any, names: Iterable[str], name: str, value: object) -> Any:
    """Return the value that the constructor of ``thing`` makes of a new value for an argument.

    It raises the same errors.  A user's own constructor is not called.
    """
    cls = type(thing)
    if not is_own(cls.__init__) or not all(hasattr(thing, n) for n in names):
        return value
    arguments = {n: getattr(thing, n) for n in names}
    return getattr(cls(**{**arguments, name: value}), name)


def refuse_misspelt(thing: Any, name: str) -> None:
    """Raise AttributeError for a new attribute whose name resembles a setting's, or is Keras's.

    Objects of users' classes may have any attributes.
    """
    cls = type(thing)
    if name.startswith("_") or not is_own(cls):
        return
    if hasattr(cls, name) or name in argument_names(cls):
        return
    absent = absent_of(cls, name)
    said = None if absent is None else absent.said
    if said is None:
        near = nearest(name, argument_names(cls))
        if near is None:
            return
        said = f"did you mean {near!r}?"
    raise AttributeError(f"{cls.__name__} has no attribute {name!r}; {said}", name=name)


def check_fits(thing: Any, dtype: Any, who: str | None = None) -> None:
    """Reject settings of ``thing``, and of objects it holds, that do not fit ``dtype``.

    These are settings that become infinite, or 0 if the constructor rejects 0.
    """
    cls = next(base for base in type(thing).__mro__ if is_own(base))
    for name in argument_names(cls):
        value = thing.__dict__.get(name)
        if type(value) is float:
            check_fit(thing, name, value, dtype, who)
        elif getattr(type(value), "counts_in_dtype", False):
            check_fits(value, dtype)


def check_fit(thing: Any, name: str, value: float, dtype: Any, who: str | None = None) -> None:
    """Reject a new value of one setting, as ``check_fits`` does."""
    zero = True
    if 0.0 < abs(value) < TINY:
        names = [n for n in argument_names(type(thing)) if n in thing.__dict__ or n == name]
        try:
            checked(thing, names, name, 0.0)
        except ValueError:
            zero = False
    fits(who or type(thing).__name__, name, value, dtype, zero=zero)


_PASSED = "_passed"  # the attribute that holds the keywords of a user's constructor call
_LOST = object()  # stands in a configuration for an argument that has no attribute


def _settings_names(thing: Any) -> tuple[str, ...]:
    """Return the names of the constructor's arguments, and of those that a user's passed on.

    These are the ones that the call was given: others may be fixed by the class, which then passes
    them to its base itself.
    """
    cls = type(thing)
    names = argument_names(cls)
    if is_own(cls.__init__) or not _is_open(inspect.signature(cls)):
        return names
    return tuple(dict.fromkeys((*names, *thing.__dict__.get(_PASSED, ()))))


def _is_open(signature: inspect.Signature) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


def _owner(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in vars(base))


def _is_new(cls: type, name: str) -> bool:
    """Return whether a user's class defines a method, or has it from a mix-in."""
    owner = _owner(cls, name)
    return owner is cls or not (is_own(owner) or issubclass(owner, Configurable))


def _noting_names(cls: type, init: Callable[..., None]) -> Callable[..., None]:
    """Return a constructor that notes the names of the arguments of the outermost call.

    A ``__new__`` would hide the signatures of classes: before Python 3.11.9 ``inspect`` prefers it.
    """

    @functools.wraps(init)
    def noting(self: Any, *args: Any, **kwargs: Any) -> None:
        if _PASSED not in self.__dict__:
            self.__dict__[_PASSED] = (*_names_of_surplus(cls, init, len(args)), *kwargs)
        init(self, *args, **kwargs)

    return noting


def _names_of_surplus(cls: type, init: Callable[..., None], count: int) -> tuple[str, ...]:
    """Return the names that positional arguments beyond a constructor's own have in its base's."""
    if not count:
        return ()
    parameters = list(inspect.signature(init).parameters.values())[1:]
    own = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    behind = cls.__mro__[cls.__mro__.index(_owner(cls, "__init__")) + 1]
    return argument_names(behind)[: max(0, count - own)]


def _checking_config(get_config: Callable[..., Any]) -> Callable[..., Any]:
    """Return a user's ``get_config`` that raises for arguments that neither it nor its base has."""

    @functools.wraps(get_config)
    def checked(self: Any) -> Any:
        config = get_config(self)
        outermost = getattr(type(self).get_config, "__wrapped__", None) is get_config
        if outermost and isinstance(config, Mapping):
            _refuse_lost(self, config)
        return config

    return checked


def _refuse_lost(thing: Any, config: Mapping[str, Any]) -> None:
    lost = next((name for name, value in config.items() if value is _LOST), None)
    if lost is not None:
        raise AttributeError(
            f"{type(thing).__name__} has no attribute {lost!r}, which its constructor takes; add "
            f"it to the result of get_config, or keep it as self.{lost}"
        )


class Configurable(PublicKeywords):
    """An object that is completely described by its constructor's arguments.

    ``get_config`` returns the arguments of ``__init__``, read from the attributes of the same
    names; ``from_config`` builds an equal object from them.  An attribute set later is checked like
    the argument, and takes effect from the next step or call on.
    """

    # Whether kernels use the settings in the model's dtype.
    counts_in_dtype: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        """Make a user's class note what its constructor is given, and check its configuration."""
        super().__init_subclass__(**options)
        if is_own(cls):
            return
        init, get_config = cls.__init__, cls.get_config
        if _is_new(cls, "__init__") and _is_open(inspect.signature(init)):
            cls.__init__ = _noting_names(cls, init)  # type: ignore[method-assign]
        if _is_new(cls, "get_config"):
            cls.get_config = _checking_config(get_config)  # type: ignore[method-assign]

    def __init__(self) -> None:
        pass  # constructors of the package answer unknown keywords

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a new value of a setting is checked first."""
        if name not in self.__dict__:
            refuse_misspelt(self, name)
            object.__setattr__(self, name, value)
            return
        names = argument_names(type(self))
        if name not in names:
            object.__setattr__(self, name, value)
            return
        object.__setattr__(self, name, checked(self, names, name, value))
        note_change(self)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as a dictionary of plain values."""
        config = {name: getattr(self, name, _LOST) for name in _settings_names(self)}
        if is_own(type(self).get_config):  # a user's may add what it keeps under other names
            _refuse_lost(self, config)
        return config

    @classmethod
    def from_config(cls: type[C], config: Mapping[str, Any]) -> C:
        """Build an object from the result of ``get_config``."""
        return cls(**config)

    def __repr__(self) -> str:
        """Return the constructor call that builds an equal object."""
        settings = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({settings})"


def has_settings(config: object, *names: str) -> bool:
    """Return whether ``config`` can be a configuration, and contains all ``names``."""
    return isinstance(config, Mapping) and all(name in config for name in names)


@answering_calls
def serialize(instance: Configurable | None) -> dict[str, Any] | None:
    """Return ``{"class_name": ..., "config": ...}``, which every ``get`` accepts."""
    if instance is None:
        return None
    if not callable(getattr(instance, "get_config", None)):
        raise TypeError(f"serialize: needs an instance with get_config; got {instance!r:.80}")
    return {"class_name": class_name(type(instance)), "config": instance.get_config()}


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def find(kind: str, name: str, table: Mapping[str, type[C]]) -> type[C]:
    """Return the class called `name`, ignoring case and underscores.

    Raises
    ------
    ValueError
        If no class has the name; the message suggests the nearest.
    """
    for known, cls in table.items():
        if _folded(known) == _folded(name):
            return cls
    return lookup(kind, name, table)


def resolve(kind: str, identifier: object, table: Mapping[str, type[C]], base: type[C]) -> C:
    """Return an instance for a name, a class, a serialized dictionary or an instance.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is none of these.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, str):
        return find(kind, identifier, table)()
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        own: dict[str, type[C]] = {
            name: cls
            for name, cls in _custom.get().items()
            if isinstance(cls, type) and issubclass(cls, base)
        }
        name = str(identifier["class_name"])
        known = {**table, **own}
        alike = [c for n, c in known.items() if n == name or _folded(n) == _folded(name)]
        if not alike:
            raise ValueError(unknown_class(kind, name, known))
        cls = own.get(name, alike[0])
        return cls.from_config(identifier.get("config", {}))
    raise TypeError(
        f"{kind}: needs a name, an instance of {base.__name__} or its configuration; "
        f"got {identifier!r}"
    )


def optional_number(who: str, name: str, value: object, **limits: Any) -> float | None:
    """Return None for None, else the result of ``_check.number``."""
    return None if value is None else number(who, name, value, **limits)
