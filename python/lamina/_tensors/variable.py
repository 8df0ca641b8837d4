"""Weights: arrays that training changes, with the operators of tensors."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina import _check, _core
from lamina._calls import checking_keywords
from lamina._check import Array, Shape
from lamina._tensors.given import given
from lamina._tensors.operators import Operators, missing
from lamina._tensors.recording import Recording

# The floats that store integers, and the power of 2 up to which they, and int32, store all
# integers.
EXACT = {"float32": 24, "float64": 31}


class Variable(_core.Parameter, Operators):
    """An array that training changes, such as the weights that ``Layer.add_weight`` makes.

    Parameters
    ----------
    initializer : array_like, str or callable
        The initial values; an initializer, by name or as an object, is called with shape and dtype.
    shape : tuple of int, optional
        By default that of the values; required for a callable.
    dtype : {"float32", "float64", "int32", "bool"}, default "float32"
        Integers and booleans are for counters and flags, which gradients do not change: see the
        notes.
    trainable : bool, default True
        Whether gradients change it.
    name : str, default "variable"

    Notes
    -----
    In a layer's ``call`` (and in losses and metrics) it is a tensor of the graph, which gradients
    reach.  Elsewhere it stands for its live values: ``numpy.asarray(weight)`` is a view of them,
    and ``weight[...] = 0`` and ``weight.assign(values)`` change the layer.

    Integers are stored as floats of the layer's precision: exactly up to 2^24 in absolute value in
    float32, and up to 2^31 in float64.  Values given from outside that cannot be stored exactly,
    such as 1.5 or 2^24 + 1, are rejected, and so are booleans other than True, False, 1 and 0.
    Values assigned in ``call`` are cast without a check: fractions are truncated, and a counter
    that increases by 1 in each step stops at 2^24 in a float32 model; in a float64 model it
    continues.

    Attributes
    ----------
    name : str
        The names of the layer and the weight: "dense/kernel".
    path : str
        The same including enclosing layers, "block/dense_1/kernel", which is unique in the model
        that was built with it.
    shape : tuple of int
    dtype : {"float32", "float64", "int32", "bool"}
    trainable : bool
    array : ndarray
        The live values.

    Examples
    --------
    >>> import lamina
    >>> w = lamina.Variable([1.0, 2.0])
    >>> w.assign(w + 1)
    array([2., 3.], dtype=float32)
    >>> w[0] = 1
    >>> w.numpy()
    array([1., 3.], dtype=float32)
    """

    _kind: str | None  # "int32" or "bool" for values that are not floats
    _owner: weakref.ref[Any] | None
    _model: weakref.ref[Any] | None  # the last one built with it

    @checking_keywords
    def __init__(
        self,
        initializer: Any,
        shape: Shape | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        kind = discrete(dtype)
        shape = None if shape is None else _check.shape("Variable", "shape", shape, 0)
        own = _check.dtype("Variable", "float32" if kind else dtype or "float32")
        if isinstance(initializer, str):
            from lamina import initializers

            initializer = initializers.get(initializer)
        if callable(initializer):
            if shape is None:
                raise ValueError("Variable: an initializer needs a shape; got None")
            initializer = initializer(shape, dtype=own)
        array = as_stored("Variable", initializer, own, kind)
        if shape is not None and shape != array.shape:
            raise ValueError(f"Variable: value must have shape {shape}; got {array.shape}")
        self._begin(name or "variable", array.shape, own, trainable, kind)
        _core.allocate([self])
        self.array[...] = array

    def _begin(
        self, name: str, shape: Shape, dtype: str, trainable: bool, kind: str | None = None
    ) -> None:
        super().__init__(name, shape, dtype, trainable and kind is None)
        self._kind = kind
        self._owner = None
        self._model = None

    @classmethod
    def _unfilled(
        cls, name: str, shape: Shape, dtype: str, trainable: bool = True, kind: str | None = None
    ) -> Variable:
        """Return one whose owner gives it memory and initial values when they are needed."""
        made = cls.__new__(cls)
        made._begin(name, shape, dtype, trainable, kind)
        return made

    def _owned_by(self, layer: Any) -> None:
        """Note its owner: the layer gives it memory and initial values when they are needed."""
        self._owner = weakref.ref(layer)

    def _is_owned_by(self, layer: Any) -> bool:
        """Return whether the layer made it, and holds it or has dropped it."""
        return self._owner is not None and self._owner() is layer

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        """Return the parts of a copy; the values of a layer's weights are saved by the layer."""
        if self._owner is None and self.allocated:
            array = np.array(self.array)
            return Variable, (array, None, self.dtype, self.trainable, self.name)
        shape = tuple(self.shape)
        return Variable._unfilled, (self.name, shape, stored(self), self.trainable, self._kind)

    @property
    def dtype(self) -> str:
        """The type of the values."""
        return self._kind or stored(self)

    @dtype.setter
    def dtype(self, value: str) -> None:
        _core.Parameter.dtype.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def live(self) -> Array:
        """The live values, made now if there are none yet; a copy if they are not floats."""
        array = self._numbers()
        return array if self._kind is None else array.astype(self._kind)

    def _numbers(self) -> Array:
        owner = None if self._owner is None else self._owner()
        if owner is not None:
            owner._settle()
        return self.array

    # --- values

    def numpy(self) -> Array:
        """Return a copy of the values."""
        return np.array(self.live)

    @property
    def value(self) -> Array:
        """The live values."""
        return self.live

    @property
    def path(self) -> str:
        """Its path in the model that was last built with it; otherwise the name."""
        model = None if self._model is None else self._model()
        return self.name if model is None else str(model.path_of(self))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def assign(self, value: Any) -> Any:
        """Replace the values by others of the same shape, and return these."""
        now = Recording.current()
        if now is not None:
            now.assign(self, value)
            return given(self)
        array = as_stored(self.name, value, stored(self), self._kind)
        if array.shape != tuple(self.shape):
            raise ValueError(
                f"{self.name}: assign needs shape {tuple(self.shape)}; got {array.shape}"
            )
        self._numbers()[...] = array
        return self.numpy()

    def assign_add(self, value: Any) -> Any:
        """Add to the values, and return the new ones."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Any:
        """Subtract from the values, and return the new ones."""
        return self.assign(self - value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return the live values; an error while a graph is recorded, as there are none."""
        now = Recording.current()
        if now is not None:
            raise TypeError(
                f"{self.name}: has no value while a graph is recorded, and cannot become an array; "
                f"use the functions of lamina.ops on it"
            )
        array = self.live if dtype is None else self.live.astype(dtype, copy=False)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Let NumPy's functions see the live values."""
        plain = [np.asarray(v) if isinstance(v, Variable) else v for v in inputs]
        if "out" in options:
            options["out"] = tuple(
                np.asarray(v) if isinstance(v, Variable) else v for v in options["out"]
            )
        return getattr(ufunc, method)(*plain, **options)

    def __getitem__(self, key: Any) -> Any:
        """Return a part of the live values, a view if NumPy returns one."""
        if Recording.current() is not None:
            return super().__getitem__(key)
        return self.live[key]

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the array of live values."""
        if name.startswith("_") or Recording.current() is not None:
            raise AttributeError(missing(self, name), name=name)
        return getattr(self.live, name)

    def __iadd__(self, other: Any) -> Any:
        """Add to the live values."""
        return self._changed(self.assign_add, other)

    def __isub__(self, other: Any) -> Any:
        """Subtract from the live values."""
        return self._changed(self.assign_sub, other)

    def __imul__(self, other: Any) -> Any:
        """Multiply the live values."""
        return self._changed(lambda v: self.assign(self * v), other)

    def __itruediv__(self, other: Any) -> Any:
        """Divide the live values."""
        return self._changed(lambda v: self.assign(self / v), other)

    def _changed(self, change: Callable[[Any], Any], value: Any) -> Any:
        change(value)
        return self

    def __len__(self) -> int:
        """Return the size of the first axis."""
        if not self.shape:
            raise TypeError(f"{self.name}: has no axes, and so no len()")
        return int(self.shape[0])

    def __iter__(self) -> Any:
        """Yield the parts along the first axis."""
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        """Return whether the single value is not 0."""
        return bool(np.asarray(self))

    def __float__(self) -> float:
        """Return the single value."""
        return float(np.asarray(self))

    def __int__(self) -> int:
        """Return the single value as an integer."""
        return int(np.asarray(self))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Change part of the live values."""
        if self._kind is not None:
            value = as_stored(self.name, value, stored(self), self._kind)
        self._numbers()[key] = value

    def __repr__(self) -> str:
        """Return name, shape and type."""
        return f"<Variable {self.name} of shape {tuple(self.shape)}, {self.dtype}>"


def stored(parameter: _core.Parameter) -> str:
    """Return the type of the numbers in memory, which is floats for integers and booleans too."""
    return str(_core.Parameter.dtype.__get__(parameter))  # type: ignore[attr-defined]


def kind_of(parameter: _core.Parameter) -> str | None:
    """Return "int32" or "bool" if the values represent that, None for floats."""
    return parameter._kind if isinstance(parameter, Variable) else None


def discrete(dtype: Any) -> str | None:
    """Return "int32" for an integer type, "bool" for booleans, None for others."""
    try:
        kind = "f" if dtype is None else np.dtype(_check.numpys(dtype)).kind
    except TypeError:
        return None
    return {"i": "int32", "u": "int32", "b": "bool"}.get(kind)


def as_stored(who: str, value: Any, dtype: str, kind: str | None) -> Array:
    """Return values as the floats that represent them; values that do not fit are rejected."""
    if kind == "bool":
        return _check.cast(_check.truths(who, "value", value), dtype)
    exact = _check.floats(who, "value", value, dtype if kind is None else "float64", finite=False)
    if kind is None:
        return exact
    power = EXACT[dtype]
    # In float64 the cast to int32 sets the limit, which is 2^31 - 1.
    high = 2.0**power - (power == 31)
    outside = ~((exact >= -(2.0**power)) & (exact <= high))
    if outside.any():
        got = exact[outside].flat[0]
        raise ValueError(f"{who}: integers must be within 2^{power}; got {got:.0f}")
    broken = exact != np.trunc(exact)
    if broken.any():
        raise ValueError(f"{who}: integers must be whole numbers; got {exact[broken].flat[0]}")
    return _check.cast(exact, dtype)
