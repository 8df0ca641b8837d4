"""Keras's ``backend``, for programs that use it; there is one backend and no session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import numpys
from lamina._names import reset_names, unknown

__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "image_data_format", "is_float_dtype",
    "is_int_dtype", "is_keras_tensor", "set_image_data_format", "standardize_dtype",
]  # fmt: skip

BEYOND_NUMPY = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "string")


def backend() -> str:
    """Return the name of the backend, "lamina".

    Examples
    --------
    >>> from lamina import backend
    >>> backend.backend()
    'lamina'
    """
    return "lamina"


@answering_calls
def clear_session(free_memory: bool = True) -> None:  # noqa: ARG001
    """Restart the numbering of names of layers and models.

    There is no other global state: models are freed with their last reference.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Dense(1).name, lamina.layers.Dense(1).name
    ('dense', 'dense_1')
    >>> lamina.utils.clear_session()
    >>> lamina.layers.Dense(1).name
    'dense'
    """
    reset_names()


def epsilon() -> float:
    """Return 1e-7, which Keras's functions add so as not to divide by 0.

    Examples
    --------
    >>> from lamina import backend
    >>> backend.epsilon()
    1e-07
    """
    return 1e-7


def floatx() -> str:
    """Return the default precision of models, "float32".

    Examples
    --------
    >>> from lamina import backend
    >>> backend.floatx()
    'float32'
    """
    return "float32"


def image_data_format() -> str:
    """Return how images lie, "channels_last".

    Examples
    --------
    >>> from lamina import backend
    >>> backend.image_data_format()
    'channels_last'
    """
    return "channels_last"


@answering_calls
def set_image_data_format(data_format: str) -> None:
    """Accept "channels_last", in which images lie by default in any case.

    Parameters
    ----------
    data_format : {"channels_last"}

    Raises
    ------
    ValueError
        If it is anything else: layers have an argument for that.

    Examples
    --------
    >>> from lamina import backend
    >>> backend.set_image_data_format("channels_last")
    """
    if data_format != "channels_last":
        raise ValueError(
            f"set_image_data_format: images are channels-last by default; for others give layers "
            f"data_format='channels_first'; got {data_format!r}"
        )


@answering_calls
def standardize_dtype(dtype: Any) -> str:
    """Return the name of a type.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.utils import standardize_dtype
    >>> standardize_dtype(np.float32), standardize_dtype(int), standardize_dtype(None)
    ('float32', 'int64', 'float32')
    """
    return _name("standardize_dtype", dtype)


def _name(who: str, dtype: Any) -> str:
    if dtype is None:
        return "float32"
    if dtype is str:
        return "string"
    given = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
    if given in BEYOND_NUMPY:
        return given
    try:
        found = np.dtype(numpys(dtype))
        return "string" if found.kind in "SU" else str(found)
    except TypeError:
        known = ("float16", "float32", "float64", "int32", "int64", "uint8", "bool", *BEYOND_NUMPY)
        raise ValueError(f"{who}: {unknown('dtype', given, known)}") from None


@answering_calls
def is_float_dtype(dtype: Any) -> bool:
    """Return whether a type is one of floating-point numbers.

    Examples
    --------
    >>> from lamina import backend
    >>> backend.is_float_dtype("bfloat16"), backend.is_float_dtype("int32")
    (True, False)
    """
    return _name("is_float_dtype", dtype).startswith(("float", "bfloat"))


@answering_calls
def is_int_dtype(dtype: Any) -> bool:
    """Return whether a type is one of integers.

    Examples
    --------
    >>> from lamina import backend
    >>> backend.is_int_dtype("uint8"), backend.is_int_dtype("bool")
    (True, False)
    """
    return _name("is_int_dtype", dtype).startswith(("int", "uint"))


@answering_calls
def is_keras_tensor(x: Any) -> bool:
    """Return whether a value is a symbolic tensor, as ``Input`` returns.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> lamina.utils.is_keras_tensor(lamina.Input((3,))), lamina.utils.is_keras_tensor(np.ones(3))
    (True, False)
    """
    from lamina.layers import SymbolicTensor

    return bool(isinstance(x, SymbolicTensor))


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
