"""Code shared by public classes: visible names, and answers to unsupported names of Keras."""

from __future__ import annotations

import functools
import inspect
from abc import ABCMeta
from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from lamina._answers import is_own
from lamina._calls import as_it_is, checking_keywords
from lamina._keras.objects import TABLES


class Absent:
    """An attribute of Keras's objects that does not exist here: access raises an error with advice.

    A ``__getattr__`` would answer misspelt names too, but it slows access to all existing
    attributes: the step of a small network by a seventh.
    """

    def __init__(self, name: str, said: str) -> None:
        self.name, self.said = name, said

    def __get__(self, thing: object, cls: type) -> NoReturn:
        """Raise AttributeError."""
        text = f"{cls.__name__} has no attribute {self.name!r}; {self.said}"
        raise AttributeError(text, name=self.name)  # with a name set, Python adds no suggestion


class PublicType(ABCMeta):
    """The type of public classes, whose ``dir`` and ``help`` hide internal names.

    It derives from ABCMeta so that a user's class may also derive from ABC.
    """

    def __dir__(cls) -> list[str]:
        """Return the names intended for users."""
        return shown(cls, super().__dir__())


@as_it_is
class Public(metaclass=PublicType):
    """A base of public classes."""

    # Attributes that other parts of the library use, in addition to those for users.
    _plumbing: ClassVar[str] = "autograph_info__"

    def __init_subclass__(cls, **options: Any) -> None:
        """Answer attributes of Keras that such objects do not have."""
        super().__init_subclass__(**options)
        if is_own(cls):
            for said, names in TABLES.get(cls.__name__, {}).items():
                for name in names.split():
                    if not hasattr(cls, name):
                        setattr(cls, name, Absent(name, said))

    def __dir__(self) -> list[str]:
        """Return the names intended for users."""
        return shown(type(self), super().__dir__())


class PublicKeywords(Public):
    """The same, for classes whose constructors list their keywords and answer all others."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Make the constructor answer keywords that it does not take."""
        super().__init_subclass__(**options)
        if is_own(cls) and "__init__" in vars(cls):
            cls.__init__ = checking_keywords(vars(cls)["__init__"])  # type: ignore[method-assign]


GIVEN = "_given"  # the attribute that holds the arguments of a user's constructor
_LARGEST = 1 << 20  # maximum bytes of an array
_PLAIN = (type(None), bool, int, float, str, bytes, list, tuple, dict)


class Given:
    """The arguments of a constructor call that can be included in a configuration.

    Attributes
    ----------
    values : callable
        Returns the arguments by name.
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
    small = 0 <= getattr(value, "nbytes", -1) <= _LARGEST  # larger ones would be kept alive
    return isinstance(value, _PLAIN) or hasattr(value, "get_config") or small


def check_base_is_called(cls: type, attribute: str) -> None:
    """Make a user's constructor raise if it did not call its base's: ``attribute`` is unset.

    Its arguments are kept for ``get_config``.
    """
    init = vars(cls).get("__init__")
    if init is None or is_own(cls):
        return

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        if GIVEN not in self.__dict__:  # that of the outermost class
            self.__dict__[GIVEN] = Given(init, args, kwargs)
        init(self, *args, **kwargs)
        if attribute not in self.__dict__:
            raise RuntimeError(
                f"{cls.__name__}: __init__ must call super().__init__() before anything else"
            )

    cls.__init__ = checked  # type: ignore[misc]


def shown(cls: type, names: Iterable[str]) -> list[str]:
    """Return the public names, without those listed in ``_plumbing`` of a class."""
    hidden: set[str] = set()
    for base in cls.__mro__:
        hidden.update(str(vars(base).get("_plumbing", "")).split())
    absent = {name for name in set(names) - hidden if absent_of(cls, name) is not None}
    kept = {"__call__", "__doc__", "__init__"}
    return sorted(n for n in set(names) - hidden - absent if not n.startswith("_") or n in kept)


def absent_of(cls: type, name: str) -> Absent | None:
    """Return a class's advice for a Keras name that it does not have."""
    found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return found if isinstance(found, Absent) else None
