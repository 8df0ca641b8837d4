"""Python's operators on tensors: each calls the function of ``lamina.ops`` that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NAMES = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide",
    "floordiv": "floor_divide", "mod": "mod", "pow": "power", "matmul": "matmul",
    "and": "logical_and", "or": "logical_or", "xor": "logical_xor",
}  # fmt: skip
_COMPARISONS = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "eq": "equal", "ne": "not_equal",
}  # fmt: skip
_UNARY = {"neg": "negative", "abs": "absolute", "invert": "logical_not"}


def _function(name: str) -> Callable[..., Any]:
    from lamina import ops

    return getattr(ops, name)  # type: ignore[no-any-return]


class Operators:
    """A base of what ``lamina.ops`` takes: NumPy's operators, indexing, and a few attributes."""

    __slots__ = ()
    # NumPy leaves operations with arrays on the left to the methods here.
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __getitem__(self, key: Any) -> Any:
        """Return part of it, by NumPy's basic indexing."""
        return _function("get_item")(self, key)

    def __pos__(self) -> Any:
        """Return the tensor."""
        return self

    @property
    def T(self) -> Any:  # noqa: N802
        """The axes in reverse order."""
        return _function("transpose")(self)

    def astype(self, dtype: Any) -> Any:
        """Return the values as another type, as ``ops.cast`` does."""
        return _function("cast")(self, dtype)

    def reshape(self, *shape: Any) -> Any:
        """Return the values in another shape, as ``ops.reshape`` does."""
        new = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return _function("reshape")(self, new)


def _install() -> None:
    def binary(name: str, reflected: bool) -> Callable[[Any, Any], Any]:
        def method(self: Any, other: Any) -> Any:
            if isinstance(other, str) or other is None:
                return NotImplemented
            first, second = (other, self) if reflected else (self, other)
            return _function(name)(first, second)

        method.__doc__ = f"Return ``ops.{name}``."
        return method

    def unary(name: str) -> Callable[[Any], Any]:
        def method(self: Any) -> Any:
            return _function(name)(self)

        method.__doc__ = f"Return ``ops.{name}``."
        return method

    for operator, name in _NAMES.items():
        setattr(Operators, f"__{operator}__", binary(name, False))
        setattr(Operators, f"__r{operator}__", binary(name, True))
    for operator, name in _COMPARISONS.items():
        setattr(Operators, f"__{operator}__", binary(name, False))
    for operator, name in _UNARY.items():
        setattr(Operators, f"__{operator}__", unary(name))


_install()
