"""What public classes share: names without plumbing, and answers to Keras's that are not here."""

from __future__ import annotations

import functools
import inspect
from abc import ABCMeta
from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from lamina._answers import is_own
from lamina._calls import checking_keywords
from lamina._keras.objects import TABLES


class Absent:
    """An attribute of Keras's objects that is not here: asking for it raises, with the words.

    A ``__getattr__`` would answer misspelt names too, but it slows every attribute that is there:
    the step of a small network by a seventh.
    """

    def __init__(self, name: str, said: str) -> None:
        self.name, self.said = name, said

    def __get__(self, thing: object, cls: type) -> NoReturn:
        """Raise AttributeError."""
        text = f"{cls.__name__} has no attribute {self.name!r}; {self.said}"
        raise AttributeError(text, name=self.name)  # with a name, Python suggests no second


class PublicType(ABCMeta):
    """The type of public classes, whose ``dir`` and ``help`` leave out what is the library's own.

    It derives from ABCMeta so that a class of one's own may derive from ABC too.
    """

    def __dir__(cls) -> list[str]:
        """Return the names that users call."""
        return shown(cls, super().__dir__())


class Public(metaclass=PublicType):
    """A base of public classes."""

    # What other parts of the library ask of the objects, beside what users call.
    _plumbing: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        """Answer Keras's attributes that such objects do not have."""
        super().__init_subclass__(**options)
        if is_own(cls):
            for said, names in TABLES.get(cls.__name__, {}).items():
                for name in names.split():
                    if not hasattr(cls, name):
                        setattr(cls, name, Absent(name, said))

    def __dir__(self) -> list[str]:
        """Return the names that users call."""
        return shown(type(self), super().__dir__())


class PublicKeywords(Public):
    """The same, of classes whose constructors list their keywords and answer all others."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Let the constructor answer keywords that it does not take."""
        super().__init_subclass__(**options)
        if is_own(cls) and "__init__" in vars(cls):
            cls.__init__ = checking_keywords(vars(cls)["__init__"])  # type: ignore[method-assign]


GIVEN = "_given"  # the attribute that keeps what a user's constructor was given
_LARGEST = 1 << 20  # bytes of an array
_PLAIN = (type(None), bool, int, float, str, bytes, list, tuple, dict)


class Given:
    """The arguments of a call of a constructor that can be told in a configuration.

    Attributes
    ----------
    values : callable
        Returns them by name.
    """

    def __init__(self, init: Any, args: Any, kwargs: Any) -> None:
        named = {}
        if args:
            names = list(inspect.signature(init).parameters)[1:]
            named = dict(zip(names, args, strict=False))
        both = {**named, **kwargs}
        self._values = {k: v for k, v in both.items() if _is_told(v)}

    def values(self) -> dict[str, Any]:
        """Return the arguments by name."""
        return dict(self._values)


def _is_told(value: Any) -> bool:
    small = 0 <= getattr(value, "nbytes", -1) <= _LARGEST  # others would be kept alive for it
    return isinstance(value, _PLAIN) or hasattr(value, "get_config") or small


def check_base_is_called(cls: type, attribute: str) -> None:
    """Let a user's constructor that forgot its base's say so: it leaves no ``attribute``.

    What it was given is kept for ``get_config``.
    """
    init = vars(cls).get("__init__")
    if init is None or is_own(cls):
        return

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        if GIVEN not in self.__dict__:  # the outermost class's
            self.__dict__[GIVEN] = Given(init, args, kwargs)
        init(self, *args, **kwargs)
        if attribute not in self.__dict__:
            raise RuntimeError(
                f"{cls.__name__}: __init__ must call super().__init__() before anything else"
            )

    cls.__init__ = checked  # type: ignore[misc]


def shown(cls: type, names: Iterable[str]) -> list[str]:
    """Return the public names, without those that ``_plumbing`` of a class lists."""
    hidden: set[str] = set()
    for base in cls.__mro__:
        hidden.update(str(vars(base).get("_plumbing", "")).split())
    absent = {name for name in set(names) - hidden if absent_of(cls, name) is not None}
    kept = {"__call__", "__doc__", "__init__"}
    return sorted(n for n in set(names) - hidden - absent if not n.startswith("_") or n in kept)


def absent_of(cls: type, name: str) -> Absent | None:
    """Return what a class says of a name of Keras's that it does not have."""
    found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return found if isinstance(found, Absent) else None
