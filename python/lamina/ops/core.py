"""Shape and type of tensors, and conversions from and to arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import _check, _core
from lamina._calls import answering_calls
from lamina._check import numpys
from lamina._tensors import dataflow
from lamina._tensors.dispatch import operation
from lamina._tensors.given import array_of, fits_int32, given, record
from lamina._tensors.recording import Rows
from lamina._tensors.tensor import Tensor
from lamina.ops._arguments import known_array
from lamina.ops._elements import converted
from lamina.ops._types import array_type, kind_named

__all__ = [
    "array",
    "cast",
    "convert_to_numpy",
    "convert_to_tensor",
    "copy",
    "dtype",
    "is_tensor",
    "ndim",
    "saturate_cast",
    "shape",
    "size",
    "stop_gradient",
]


@answering_calls
def shape(x: Any) -> tuple[Any, ...]:
    """Return the shape as a tuple.

    If the number of rows of a tensor is not known while it is recorded, the first entry is a
    placeholder, which ``reshape`` and similar functions accept.  If it is used as a number, the
    model is recorded separately for each number of rows.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.shape([[1.0, 2.0]])
    (1, 2)
    """
    return shape_of("shape", x)


def shape_of(who: str, x: Any) -> tuple[Any, ...]:
    """Return the shape of x as ``shape`` does; an error names another function."""
    if isinstance(x, Tensor):
        return tuple(Rows if size is None else size for size in x.shape)
    if dataflow.is_node(x):
        return dataflow.shape(x)
    return tuple(x.shape) if hasattr(x, "shape") else array_of(who, x).shape


@answering_calls
def ndim(x: Any) -> int:
    """Return the number of axes, including that of the rows.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ndim([[1.0, 2.0]]), ops.ndim(3.0)
    (2, 0)
    """
    return len(shape_of("ndim", x))


@answering_calls
def size(x: Any) -> Any:
    """Return the number of elements; for a symbolic tensor a tensor, if it is not known yet.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.size([[1, 2, 3], [4, 5, 6]])
    6
    """
    count, lengths = 1, shape_of("size", x)
    if None in lengths:
        from lamina import ops

        return ops.cast(ops.sum(ops.ones_like(x)), "int32")
    for length in lengths:
        count = length * count
    return count


@answering_calls
def dtype(x: Any) -> str:
    """Return the name of the type: "float32", "float64", "int32" or "bool"; "string" of strings.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.dtype([1.0, 2.0]), ops.dtype(np.arange(3) > 1)
    ('float32', 'bool')
    """
    if hasattr(x, "dtype"):
        if isinstance(x.dtype, str):
            return x.dtype
        found = np.dtype(numpys(x.dtype))
        return "string" if found.kind in "SU" else found.name
    found = array_of("dtype", x).dtype
    return "float32" if found.name == "float64" else array_type("dtype", found)


@answering_calls
def is_tensor(x: Any) -> bool:
    """Return whether x is a tensor: recorded, symbolic, a weight, or an array.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.is_tensor(np.zeros(2)), ops.is_tensor([0.0, 0.0])
    (True, False)
    """
    return isinstance(x, (Tensor, _core.Parameter, np.ndarray)) or _is_symbolic(x)


def _is_symbolic(x: Any) -> bool:
    return getattr(type(x), "symbolic", False) or dataflow.is_node(x)


@operation
def cast(x: Any, dtype: Any) -> Any:
    """Return the values in another type.

    Parameters
    ----------
    x : tensor or array_like
    dtype : str
        "bool", an integer type (tensors hold int32), or a float type, which in a graph is the
        graph's own.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cast([0.0, 1.7], "int32")
    array([0, 1], dtype=int32)
    """
    return converted(x, kind_named("cast", dtype))


@operation
def saturate_cast(x: Any, dtype: Any) -> Any:
    """Return the values in another type, with those outside its range clipped.

    Parameters
    ----------
    x : tensor or array_like
    dtype : str
        As in ``cast``; the range is that of the named type, also where tensors hold int32.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.saturate_cast([-5.0, 3.7, 400.0], "uint8")
    array([  0,   3, 255], dtype=int32)
    """
    from lamina.ops.bounds import clip

    dtype = numpys(dtype)
    tensor, kind = given(x), kind_named("saturate_cast", dtype)
    if kind == "int32" and np.dtype(dtype).kind in "iu" and np.dtype(dtype).itemsize < 4:
        limits = np.iinfo(dtype)
        tensor = clip(tensor, int(limits.min), int(limits.max))
    elif kind == "int32" and tensor.dtype.startswith("float"):
        # The largest float below 2^31.
        tensor = clip(tensor, -(2.0**31), 2147483520.0)
    return converted(tensor, kind)


@answering_calls
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """Return x in a form that operations accept: tensors unchanged, anything else as an array.

    Parameters
    ----------
    x : tensor or array_like
    dtype : str, optional
        "float32", "float64", "int32" or "bool"; by default float32 for Python floats, otherwise the
        type of x.
    sparse, ragged : bool, optional
        Must be False or None: all tensors are dense.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.convert_to_tensor([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    for name, value in (("sparse", sparse), ("ragged", ragged)):
        if value is not None:
            _check.boolean("convert_to_tensor", name, value, numbers=True)
    if sparse or ragged:
        raise ValueError("convert_to_tensor: sparse and ragged must be False: tensors are dense")
    if isinstance(x, (Tensor, _core.Parameter)) or _is_symbolic(x):
        return x if dtype is None else cast(x, dtype)
    if dataflow.among(x):
        return dataflow.node(convert_to_tensor, (x, dtype), {})
    if isinstance(x, (list, tuple)) and any(isinstance(v, Tensor) or _is_symbolic(v) for v in x):
        from lamina.ops.joining import stack

        return stack(x) if dtype is None else cast(stack(x), dtype)
    values = known_array("convert_to_tensor", "x", x)
    if dtype is not None:
        kind = array_type("convert_to_tensor", dtype)
    elif isinstance(x, np.ndarray):
        return values
    else:
        kind = {"f": "float32", "b": "bool"}.get(values.dtype.kind, "int32")
    if kind == "int32":
        fits_int32("convert_to_tensor", values)
    return values.astype(kind)


array = convert_to_tensor


@operation
def copy(x: Any) -> Any:
    """Return the values as a new tensor.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> x = np.array([1.0, 2.0], "float32")
    >>> y = ops.copy(x)
    >>> x[0] = 5.0
    >>> y
    array([1., 2.], dtype=float32)
    """
    return given(x)


@answering_calls
def convert_to_numpy(x: Any) -> Any:
    """Return an array, or the live values of a weight, as a NumPy array.

    A recorded tensor has no values yet, and is rejected.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.convert_to_numpy([1, 2])
    array([1, 2])
    """
    if getattr(type(x), "symbolic", False):
        raise TypeError(f"convert_to_numpy: {x!r} has no values: it stands for a model's tensor")
    return array_of("convert_to_numpy", x)


@operation
def stop_gradient(variable: Any) -> Any:
    """Return the same values, to which no gradient flows.

    Examples
    --------
    >>> import lamina
    >>> from lamina import ops
    >>> x = lamina.Input((2,))
    >>> model = lamina.Model(x, ops.sum(x * ops.stop_gradient(x), axis=1, keepdims=True))
    >>> model.input_gradients([[3.0, 5.0]])  # with the second factor constant; 2 x without
    array([[3., 5.]], dtype=float32)
    """
    return record("stop_gradient", given(variable))
