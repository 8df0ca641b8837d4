"""Python's operators on tensors: each calls the corresponding function of ``lamina.ops``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self


def _apply(name: str, *operands: Any) -> Any:
    from lamina import ops

    if any(operand is None or isinstance(operand, str) for operand in operands):
        return NotImplemented
    return getattr(ops, name)(*operands)


# NumPy's functions for operators with other names in lamina.ops.
UFUNCS = {
    "remainder": "mod",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "invert": "logical_not",
}


# Methods of arrays, and of tensors of other libraries, with other names in lamina.ops.
METHODS = {
    "use ops.reshape": "flatten view resize",
    "use ops.expand_dims": "unsqueeze",
    "use ops.transpose": "permute t",
    "use ops.clip": "clamp",
    "use ops.cast(x, 'float32')": "float double half",
    "use ops.cast(x, 'int32')": "int long",
    "use ops.cast(x, 'bool')": "bool",
    "use ops.stop_gradient": "detach",
    "use ops.matmul": "mm bmm",
    "use ops.where": "masked_fill",
    "use x.ndim": "dim",
    # The first is what TensorFlow's tape asks a tensor for.
    "the engine takes the gradients and the optimizer's step: train_step returns {'loss': loss}, "
    "without GradientTape or backward; see also Model.value_and_gradients and "
    "Model.input_gradients": "_id backward",
}


def missing(tensor: Any, name: str) -> str:
    """Return the error message for an attribute that a tensor does not have."""
    from lamina import ops
    from lamina._answers import said_of
    from lamina._public import absent_of

    kind = type(tensor)
    absent = absent_of(kind, name)  # it has raised, and Python tries again
    said = said_of(METHODS, name) if absent is None else absent.said
    if said is None and not name.startswith("_") and name in dir(ops):
        said = f"use ops.{name}"
    return f"{kind.__name__} has no attribute {name!r}{'' if said is None else f'; {said}'}"


class Operators:
    """A base of the types that ``lamina.ops`` takes: operators, indexing, some attributes."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Call the function of ``lamina.ops``, for ``np.sin(x)`` and for ``array + x``."""
        from lamina import ops

        named = str(ufunc.__name__)
        function = getattr(ops, UFUNCS.get(named, named), None)
        if function is None or method != "__call__" or options:
            called = named if method == "__call__" else f"{named}.{method}"
            settings = f" with {', '.join(f'{name}=' for name in options)}" if options else ""
            raise TypeError(
                f"np.{called}: does not take tensors{settings}; use the functions of lamina.ops"
            )
        return function(*inputs)

    def __getitem__(self, key: Any) -> Self:
        """Return a part, with NumPy's indexing."""
        from lamina import ops

        return ops.get_item(self, key)  # type: ignore[no-any-return]

    if not TYPE_CHECKING:  # type checkers would accept any attribute

        def __getattr__(self, name: str) -> Any:
            """Raise AttributeError that names the intended function of ``lamina.ops``."""
            raise AttributeError(missing(self, name), name=name)

    def __round__(self, ndigits: int | None = None) -> Self:
        """Return the values rounded to a number of decimals."""
        return _apply("round", self, ndigits or 0)  # type: ignore[no-any-return]

    def __setitem__(self, key: Any, value: Any) -> None:
        """Raise TypeError: tensors are immutable."""
        raise TypeError(
            f"{self!r} is immutable; ops.slice_update, ops.scatter_update and ops.where return "
            f"a new tensor with some values replaced"
        )

    @property
    def T(self) -> Self:  # noqa: N802
        """The axes in reverse order."""
        return _apply("transpose", self)  # type: ignore[no-any-return]

    def astype(self, dtype: Any) -> Self:
        """Return the values as another type, as ``ops.cast`` does."""
        from lamina import ops

        return ops.cast(self, dtype)  # type: ignore[no-any-return]

    def reshape(self, *shape: Any) -> Self:
        """Return the values in another shape, as ``ops.reshape`` does."""
        new = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return _apply("reshape", self, new)  # type: ignore[no-any-return]

    def __pos__(self) -> Self:
        """Return the tensor."""
        return self

    def __neg__(self) -> Self:
        """Return -self."""
        return _apply("negative", self)  # type: ignore[no-any-return]

    def __abs__(self) -> Self:
        """Return |self|."""
        return _apply("absolute", self)  # type: ignore[no-any-return]

    def __invert__(self) -> Self:
        """Return not self."""
        return _apply("logical_not", self)  # type: ignore[no-any-return]

    def __add__(self, other: Any) -> Self:
        """Return self + other."""
        return _apply("add", self, other)  # type: ignore[no-any-return]

    def __radd__(self, other: Any) -> Self:
        """Return other + self."""
        return _apply("add", other, self)  # type: ignore[no-any-return]

    def __sub__(self, other: Any) -> Self:
        """Return self - other."""
        return _apply("subtract", self, other)  # type: ignore[no-any-return]

    def __rsub__(self, other: Any) -> Self:
        """Return other - self."""
        return _apply("subtract", other, self)  # type: ignore[no-any-return]

    def __mul__(self, other: Any) -> Self:
        """Return self * other."""
        return _apply("multiply", self, other)  # type: ignore[no-any-return]

    def __rmul__(self, other: Any) -> Self:
        """Return other * self."""
        return _apply("multiply", other, self)  # type: ignore[no-any-return]

    def __truediv__(self, other: Any) -> Self:
        """Return self / other."""
        return _apply("true_divide", self, other)  # type: ignore[no-any-return]

    def __rtruediv__(self, other: Any) -> Self:
        """Return other / self."""
        return _apply("true_divide", other, self)  # type: ignore[no-any-return]

    def __floordiv__(self, other: Any) -> Self:
        """Return self // other."""
        return _apply("floor_divide", self, other)  # type: ignore[no-any-return]

    def __rfloordiv__(self, other: Any) -> Self:
        """Return other // self."""
        return _apply("floor_divide", other, self)  # type: ignore[no-any-return]

    def __mod__(self, other: Any) -> Self:
        """Return self % other."""
        return _apply("mod", self, other)  # type: ignore[no-any-return]

    def __rmod__(self, other: Any) -> Self:
        """Return other % self."""
        return _apply("mod", other, self)  # type: ignore[no-any-return]

    def __pow__(self, other: Any) -> Self:
        """Return self**other."""
        return _apply("power", self, other)  # type: ignore[no-any-return]

    def __rpow__(self, other: Any) -> Self:
        """Return other**self."""
        return _apply("power", other, self)  # type: ignore[no-any-return]

    def __matmul__(self, other: Any) -> Self:
        """Return self @ other."""
        return _apply("matmul", self, other)  # type: ignore[no-any-return]

    def __rmatmul__(self, other: Any) -> Self:
        """Return other @ self."""
        return _apply("matmul", other, self)  # type: ignore[no-any-return]

    def __and__(self, other: Any) -> Self:
        """Return self & other."""
        return _apply("logical_and", self, other)  # type: ignore[no-any-return]

    def __rand__(self, other: Any) -> Self:
        """Return other & self."""
        return _apply("logical_and", other, self)  # type: ignore[no-any-return]

    def __or__(self, other: Any) -> Self:
        """Return self | other."""
        return _apply("logical_or", self, other)  # type: ignore[no-any-return]

    def __ror__(self, other: Any) -> Self:
        """Return other | self."""
        return _apply("logical_or", other, self)  # type: ignore[no-any-return]

    def __xor__(self, other: Any) -> Self:
        """Return self ^ other."""
        return _apply("logical_xor", self, other)  # type: ignore[no-any-return]

    def __rxor__(self, other: Any) -> Self:
        """Return other ^ self."""
        return _apply("logical_xor", other, self)  # type: ignore[no-any-return]

    def __lt__(self, other: Any) -> Self:
        """Return where self < other."""
        return _apply("less", self, other)  # type: ignore[no-any-return]

    def __le__(self, other: Any) -> Self:
        """Return where self <= other."""
        return _apply("less_equal", self, other)  # type: ignore[no-any-return]

    def __gt__(self, other: Any) -> Self:
        """Return where self > other."""
        return _apply("greater", self, other)  # type: ignore[no-any-return]

    def __ge__(self, other: Any) -> Self:
        """Return where self >= other."""
        return _apply("greater_equal", self, other)  # type: ignore[no-any-return]

    def __eq__(self, other: Any) -> Self:  # type: ignore[override]
        """Return where self == other."""
        return _apply("equal", self, other)  # type: ignore[no-any-return]

    def __ne__(self, other: Any) -> Self:  # type: ignore[override]
        """Return where self != other."""
        return _apply("not_equal", self, other)  # type: ignore[no-any-return]
